"""Lists as other systems' APIs return them: SureCart's, WP EasyCart's and Zid's.

Each system has a module of its own beside this one. A list names files but does not
contain them: files with these names in its folder are uploaded.
"""

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

from app.cli.transfer.items import ImportItem
from app.cli.transfer.sources import easycart, surecart, zid
from app.errors import ConfigurationError
from schemas.values.normalization import nfc


def read(path: Path, price: str | None) -> Iterator[ImportItem]:
    """Yield the items of a list. Raise `ConfigurationError` for an unknown format."""
    try:
        text = nfc(path.read_text(encoding="utf-8-sig"))
        document = json.loads(text, parse_float=Decimal)
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise ConfigurationError(f"{path} is no JSON in UTF-8: {error}") from error
    entries, kind = _entries(document)
    if kind is None or not all(isinstance(entry, dict) for entry in entries):
        raise ConfigurationError(
            f"{path} is not a known list: SureCart's (products or downloads), "
            "WP EasyCart's (downloads) or Zid's (products), as their APIs answer it"
        )
    for number, entry in enumerate(entries, 1):
        where = f"entry {number}"
        try:
            yield kind(path.parent, where, entry, price)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            text = f"it lacks what it should have: {error}"
            yield ImportItem(where, {}, problems=(text,))


def _entries(document: Any) -> tuple[list[Any], Any]:
    """Return the entries of a list, and the function that reads one."""
    found = document
    if isinstance(document, dict):
        found = document.get("data", document.get("results", [document]))
    if not isinstance(found, list) or not found or not isinstance(found[0], dict):
        return [], None
    first = found[0]
    if "download_id" in first:
        return found, easycart.item_of_download
    if "product_class" in first:
        return found, zid.item_of_product
    kinds = {"product": surecart.item_of_product, "download": surecart.item_of_download}
    return found, kinds.get(str(first.get("object")))
