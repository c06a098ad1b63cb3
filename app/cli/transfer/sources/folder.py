"""A folder of files, or a single one, as a source of an import."""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from app.cli.transfer.items import ImportItem
from app.errors import ConfigurationError
from schemas.base.fields import UNREPRESENTABLE
from schemas.downloadable import MAX_NAME

SYSTEM = {"desktop.ini", "thumbs.db", "icon\r"}


def items_of_folder(folder: Path, price: str | None) -> Iterator[ImportItem]:
    """Yield an item for each file, also for those that are skipped.

    Raise `ConfigurationError` without a price.
    """
    price = required_price(price)
    paths = sorted(path for path in folder.rglob("*") if not path.is_dir())
    titles = Counter(path.with_suffix("") for path in paths)
    for path in paths:
        inside = path.relative_to(folder)
        skipped = _skipped(path, inside, folder)
        if skipped:
            yield ImportItem(str(inside), {}, skipped=skipped)
            continue
        title = path.stem
        if titles[path.with_suffix("")] > 1:
            title = f"{title[: MAX_NAME - 12]} ({path.suffix[1:].upper()[:8]})"
        yield item_of_file(path, folder, price, title)


def required_price(price: str | None) -> str:
    """Return the price. Raise `ConfigurationError` if there is none."""
    if price is None:
        raise ConfigurationError(
            "files need a --price; for a price each, write a CSV with the columns "
            "code, name, price and path"
        )
    return price


def item_of_file(path: Path, folder: Path, price: str, title: str) -> ImportItem:
    """Return the item to import for a file; its code is set once the store is known."""
    name = re.sub(r"[_\s]+", " ", title).strip()[:MAX_NAME] or path.name
    inside = path.relative_to(folder)
    shown, problems = str(inside), []
    if not shown.isprintable() and UNREPRESENTABLE.search(shown):
        shown = UNREPRESENTABLE.sub("\ufffd", shown)
        problems = ["its name is not UTF-8; rename it"]
    values = {"name": name, "price": price}
    return ImportItem(shown, {}, values, path, problems=tuple(problems), inside=inside)


def _skipped(path: Path, inside: Path, folder: Path) -> str:
    """Return the reason to skip a file of a folder, or an empty string."""
    if any(part.startswith(".") for part in inside.parts):
        return "hidden"
    if path.name.startswith("~$") or path.name.lower() in SYSTEM:
        return "a file of the system or of an editor"
    if not path.is_file():
        return "no file"
    if not path.resolve().is_relative_to(folder.resolve()):
        return "a link to outside of the folder"
    return ""
