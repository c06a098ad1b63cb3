"""Files in another system's list, and the downloadables that they belong to."""

import unicodedata
from pathlib import Path
from typing import Any

from app.cli.client.store import StoreClient


def file_beside(folder: Path, name: Any) -> Path | None:
    """Return the file with a name in a folder, or None; a path is not followed."""
    if not isinstance(name, str) or Path(name).name != name:
        return None
    # macOS stores names in NFD.
    for path in (folder / name, folder / unicodedata.normalize("NFD", name)):
        if path.is_file() and not path.is_symlink():
            return path
    return None


def missing_file(folder: Path, name: str) -> str:
    """Return the problem of an item whose file is not in the folder."""
    return f"its file {name} is not in {folder.resolve()}; put it there, and run again"


def find_by_uuid(shop: StoreClient, uuid: str) -> dict[str, Any] | None:
    """Return the downloadable with a UUID, or None."""
    found = (one for one in shop.downloadables.values() if one["uuid"] == uuid)
    return next(found, None)
