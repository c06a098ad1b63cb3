"""Reserved disk space for requests that must work on a full disk.

Deleting a row needs some space before any is freed. So there is a file beside the
database that is deleted in this case, and uploads always leave some space free.

Tested in `tests/torture/faults/test_full_disk.py`.
"""

import os
import shutil
from contextlib import suppress
from pathlib import Path

from app.private_files import open_file

LARGEST = 4 * 2**20
"""Bytes of the reserve; on a small disk it has less."""

SHARE = 32
"""The reserve is this part of the disk at most."""


def size_on(folder: Path) -> int:
    """Return the size in bytes of the reserve on the disk of a folder."""
    return min(LARGEST, shutil.disk_usage(folder).total // SHARE)


class Reserve:
    """A file that holds room."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._path = folder / "reserve"

    def create(self) -> None:
        """Create the reserve if the disk has room for it."""
        wanted = size_on(self._folder)
        if self._path.exists() or shutil.disk_usage(self._folder).free < 4 * wanted:
            return
        new = self._path.with_suffix(".new")
        try:
            with open_file(new, "wb") as file:
                os.posix_fallocate(file.fileno(), 0, wanted)
        except OSError:
            new.unlink(missing_ok=True)
            raise
        new.rename(self._path)

    def release(self) -> None:
        """Delete the reserve, so that its room can be used."""
        for path in (self._path, self._path.with_suffix(".new")):
            with suppress(OSError):
                path.unlink()
