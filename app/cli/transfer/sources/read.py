"""Read a source of an import, after detecting its kind."""

from pathlib import Path

from app.cli.transfer.items import ImportItem
from app.cli.transfer.sources.folder import (
    item_of_file,
    items_of_folder,
    required_price,
)
from app.errors import ConfigurationError

SPREADSHEETS = frozenset({".xlsx", ".xls", ".ods", ".numbers"})


def read_source(source: Path, price: str | None) -> list[ImportItem]:
    """Read a folder, a CSV, or another system's list. Raise `ConfigurationError`."""
    from app.cli.transfer.sources import table

    if source.is_dir():
        items = list(items_of_folder(source, price))
    elif source.is_file() and source.suffix.lower() == ".json":
        from app.cli.transfer.sources import api_list

        items = list(api_list.read(source, price))
    elif source.is_file() and table.is_table(source):
        items = list(table.read(source, price))
    elif source.suffix.lower() in SPREADSHEETS:
        raise ConfigurationError(
            f"{source} is a spreadsheet: save it as CSV UTF-8; to sell it, put it into "
            "a folder"
        )
    elif source.is_file():
        items = [
            item_of_file(source, source.parent, required_price(price), source.stem)
        ]
    else:
        raise ConfigurationError(f"{source} is neither a folder nor a file")
    if not items:
        raise ConfigurationError(f"there is nothing to import in {source}")
    return items
