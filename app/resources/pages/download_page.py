"""The page with all files that a customer has bought.

Tested in `tests/resources/test_downloads.py`.
"""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from app.resources.pages.static_files import asset_addresses
from app.services.rows.row_types import (
    ListedFileRow,
    PurchaseDetailsRow,
    PurchasedFileRow,
)
from app.services.sales import downloads
from representations import Viewer
from representations.html import render_page
from representations.html.values import size_text


class Purchase(NamedTuple):
    """What was bought: the row that decides, and its texts in the right language."""

    row: PurchasedFileRow
    texts: PurchaseDetailsRow


def render_download_page(
    purchase: Purchase,
    files: Sequence[ListedFileRow],
    links: Sequence[str],
    under_way: AbstractSet[downloads.DownloadedFile],
    moment: int,
    *,
    base: str,
) -> bytes:
    """Return the download page.

    A file with no downloads left has no button, unless its download is open
    (`under_way`).
    """
    ends = downloads.expires_at(purchase.row)
    is_over = ends is not None and ends <= moment
    shown = [
        {
            "name": name_of(file),
            "title": file["title"],
            "alt": file["alt"],
            "size": None
            if file["url"] is not None
            else size_text(file["file_size"] or 0),
            "left": _downloads_left_text(file, is_over=is_over),
            "href": link if _may_go_on(file, under_way, is_over=is_over) else None,
        }
        for file, link in zip(files, links, strict=True)
    ]
    # A customer sees the name of the store, and nothing of who keeps it.
    assets = {"css": asset_addresses(base)["css"]}
    return render_page(
        "files.html",
        Viewer(assets, store_name=purchase.texts["store_name"]),
        name=purchase.texts["name"],
        description=purchase.texts["description"],
        files=shown,
        until=None
        if ends is None or is_over
        else _date(ends, purchase.row["timezone"]),
    )


def _may_go_on(
    file: ListedFileRow,
    under_way: AbstractSet[downloads.DownloadedFile],
    *,
    is_over: bool,
) -> bool:
    if downloads.downloaded_file(file) in under_way:
        return True
    return not is_over and downloads.remaining_downloads(file) != 0


def name_of(file: ListedFileRow) -> str:
    """Return the name of a file that customers see."""
    return str(file["shown_name"] or file["file_name"] or file["name"])


def _downloads_left_text(file: ListedFileRow, *, is_over: bool) -> str:
    """Return the text that says how many downloads remain."""
    if is_over:
        return "the download period has ended"
    left = downloads.remaining_downloads(file)
    if left is None:
        return "unlimited downloads"
    if left == 0:
        return "no downloads left"
    return f"{left} download{'' if left == 1 else 's'} left"


def _date(seconds: int, timezone: str) -> str:
    moment = datetime.fromtimestamp(seconds, ZoneInfo(timezone))
    return f"{moment.day} {moment.strftime('%B %Y, %H:%M (%Z)')}"
