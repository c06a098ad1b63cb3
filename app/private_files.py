"""Create files and folders that only their owner may read, whatever the umask."""

import os
import stat
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import IO, Any

from app.os_errors import READ_ONLY

FOLDER, FILE = 0o700, 0o600
GROUP_FOLDER, GROUP_FILE = 0o750, 0o640
"""For files that a server in front sends: its user is in our group."""

GROUP_PASSAGE = 0o710
"""For the folder around them: it can be passed, and not be listed."""


def make_folder(path: Path, mode: int = FOLDER, most: int | None = None) -> None:
    """Create a folder and its parents, or set the mode of one that is there.

    A folder that is there may keep a wider mode than `mode`, up to `most`. One that
    belongs to somebody else, as a mounted volume may, is theirs to protect. Raise
    `OSError`.
    """
    for parent in reversed(path.parents):
        if not parent.exists():
            parent.mkdir(exist_ok=True)
            parent.chmod(FOLDER)
    path.mkdir(mode=mode, exist_ok=True)
    found = stat.S_IMODE(path.stat().st_mode)
    special, shared = found & ~0o777, found & 0o777
    wanted = special | (mode if shared & ~(most or mode) else shared | mode)
    if found != wanted:
        try:
            path.chmod(wanted)
        except OSError as error:
            if error.errno not in READ_ONLY:
                raise


def open_file(path: Path, how: str, mode: int = FILE, **options: Any) -> IO[Any]:
    """Open a file to be written; it has its mode before it has anything in it."""
    opened: IO[Any] = open(path, how, opener=partial(_open, mode=mode), **options)  # noqa: SIM115 - a path has no opener
    return opened


def make_private(path: Path) -> None:
    """Create an empty file, or set the mode of one that is there.

    One that is there is not opened: to close a file drops every lock that the process
    has on it (https://sqlite.org/howtocorrupt.html, section 2.2).
    """
    # One that belongs to somebody else is theirs to protect.
    with suppress(PermissionError):
        try:
            path.chmod(FILE)
        except FileNotFoundError:
            with suppress(FileExistsError):
                os.close(_open(str(path), os.O_WRONLY | os.O_EXCL | os.O_CREAT, FILE))


def write_whole(path: Path, text: str) -> None:
    """Write a file atomically: after a power cut it is complete or absent."""
    temporary = path.with_suffix(".new")
    temporary.unlink(missing_ok=True)
    with open_file(temporary, "w", encoding="ascii") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    temporary.rename(path)
    sync_folder(path.parent)


def sync_folder(path: Path) -> None:
    """Sync a folder, so that files created and renamed in it are durable."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def restrict(path: Path) -> None:
    """Set the mode of a file, if it is there."""
    with suppress(FileNotFoundError, PermissionError):
        path.chmod(FILE)


def _open(path: str, flags: int, mode: int) -> int:
    descriptor = os.open(path, flags | os.O_CLOEXEC, mode)
    if flags & (os.O_WRONLY | os.O_RDWR):
        os.fchmod(descriptor, mode)
    return descriptor
