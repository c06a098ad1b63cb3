"""`sirenhall export`: a store's downloadables and files, as `import` reads them."""

import csv
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from app.cli.command import (
    FAILED,
    explaining,
    print_result,
    progress,
)
from app.cli.transfer.import_command import shop_options
from app.errors import ConfigurationError
from app.private_files import make_folder, open_file

if TYPE_CHECKING:
    from app.cli.client.store import StoreClient

CSV, FILES = "downloadables.csv", "files"
MAX_NAME = 200


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--no-files", is_flag=True, help="Write the CSV only.")
@shop_options
@explaining
def export(
    folder: Path,
    no_files: bool,
    store_id: int | None,
    server: str | None,
    token: str | None,
    data_dir: Path | None,
    as_json: bool,
) -> None:
    """Write a store's downloadables into FOLDER: a CSV, and their current files.

    `sirenhall import FOLDER/downloadables.csv` reads it again, here or elsewhere. Run
    again, only the files that are new or different are fetched; each is compared with
    its SHA-256. Further files, translations and offers are not in it; `backup` has all.
    """
    from app.cli.client.api import api_at, store_at
    from app.cli.client.store import StoreClient
    from app.cli.client.transport import Refused, Unreachable

    if folder.is_dir() and any(folder.iterdir()) and not (folder / CSV).exists():
        raise ConfigurationError(
            f"{folder} is not empty, and no earlier export; name a new folder"
        )
    make_folder(folder)
    with api_at(server, token, data_dir, store_id) as api:
        shop = StoreClient(api, store_at(api, store_id))
        items = list(shop.downloadables.values())
        size = 0 if no_files else sum(item["file_size"] or 0 for item in items)
        paths: dict[str, str] = {}
        problems = []
        with progress("Exporting", size) as done:
            for item in items:
                if no_files or item["url"] or not item["file_name"]:
                    continue
                try:
                    paths[item["code"]] = _fetch(shop, item, folder, done)
                except (Refused, Unreachable, OSError) as error:
                    problems.append({"code": item["code"], "reason": str(error)})
        _write_table(shop, items, paths, folder / CSV)
    lines = [f"{problem['code']}: {problem['reason']}" for problem in problems]
    lines.append(f"{len(items):,} downloadables and {len(paths):,} files in {folder}.")
    result = {
        "downloadables": len(items),
        "files": len(paths),
        "folder": str(folder),
        "problems": problems,
    }
    print_result(result, "\n".join(lines), as_json=as_json)
    if problems:
        sys.exit(FAILED)


def _fetch(
    shop: "StoreClient", item: Mapping[str, Any], folder: Path, progress: Any
) -> str:
    """Fetch a file unless it is there; return its path from the CSV's folder."""
    from app.cli.client.store import sha256_of

    number = str(item["_links"]["self"]["href"]).rpartition("/")[2]
    target = folder / FILES / number / _safe(str(item["file_name"]))
    make_folder(folder / FILES)
    make_folder(target.parent)
    is_there = target.is_file() and target.stat().st_size == item["file_size"]
    if is_there and sha256_of(target) == item["file_sha256"]:
        progress(item["file_size"])
    else:
        shop.fetch(item, target, progress)
    return str(target.relative_to(folder))


def _safe(name: str) -> str:
    """Return a safe file name for any text."""
    last = name.replace("\\", "/").rpartition("/")[2].replace("\0", "").strip()
    # A folder counts a name's bytes; its end says what it is.
    return last.lstrip(".").encode()[-MAX_NAME:].decode(errors="ignore") or "file"


def _write_table(
    shop: "StoreClient",
    items: list[dict[str, Any]],
    paths: Mapping[str, str],
    target: Path,
) -> None:
    from app.cli.transfer.sources.table import CATEGORY, COLUMNS, PATH
    from representations.csv_table import protect

    codes = {address: code for code, address in shop.categories.items()}
    temporary = target.with_suffix(".new")
    with open_file(temporary, "w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, extrasaction="ignore")
        writer.writeheader()
        for item in items:
            row = {name: _text(value) for name, value in item.items()}
            row[CATEGORY] = codes.get(item["item_category_uri"], "")
            row[PATH] = paths.get(item["code"], "")
            writer.writerow({name: protect(text) for name, text in row.items()})
    temporary.rename(target)


def _text(value: Any) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)
