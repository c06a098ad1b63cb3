"""Files being received; the operating system removes those of a killed process.

Where the file system supports it, these are files without a name (open(2), O_TMPFILE).
Elsewhere, as on NFS, they have a name, and a lock shows whether their process is alive.
"""

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import FileIO
from pathlib import Path

from app.os_errors import READ_ONLY
from app.private_files import FILE

_DESCRIPTORS = Path("/proc/self/fd")
_NAMELESS = getattr(os, "O_TMPFILE", 0) if _DESCRIPTORS.is_dir() else 0
_UNSUPPORTED = {errno.EOPNOTSUPP, errno.EISDIR, errno.EINVAL, errno.ENOENT}


def open_incoming(path: Path) -> FileIO:
    """Open an empty file under a lock; it may not have its name yet."""
    if _NAMELESS:
        try:
            descriptor = os.open(
                path.parent, _NAMELESS | os.O_RDWR | os.O_CLOEXEC, FILE
            )
        except OSError as error:
            if error.errno not in _UNSUPPORTED:
                raise
        else:
            return _locked(descriptor)
    while True:
        flags = os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC
        file = _locked(os.open(path, flags, FILE))
        # Before it was locked, it may have looked like one that was left.
        if os.fstat(file.fileno()).st_nlink:
            return file
        file.close()


def give_name(file: FileIO, path: Path) -> None:
    """Link the file under its name, if it has none."""
    if os.fstat(file.fileno()).st_nlink:
        return
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        # Only with a folder's descriptor does Python follow the link (linkat(2)).
        os.link(
            _DESCRIPTORS / str(file.fileno()),
            path.name,
            src_dir_fd=folder,
            dst_dir_fd=folder,
        )
    finally:
        os.close(folder)


def is_held(path: Path) -> bool:
    """Return whether a process writes to a file, or waits for its row."""
    try:
        with _free(path):
            return False
    except BlockingIOError:
        return True
    except OSError as error:
        # Nobody writes to what can only be read.
        if error.errno not in {*READ_ONLY, errno.ENOENT}:
            raise
    return False


def removed_if_abandoned(path: Path) -> bool:
    """Remove a file that has one name and that no process writes to."""
    with suppress(BlockingIOError, FileNotFoundError), _free(path) as file:
        # Under the lock, so that nobody takes it for its own meanwhile.
        if os.fstat(file.fileno()).st_nlink == 1:
            path.unlink()
            return True
    return False


@contextmanager
def _free(path: Path) -> Iterator[FileIO]:
    """Lock a file that nobody has locked. Raise `OSError`."""
    # Locks over NFS need a file that can be written to.
    with FileIO(path, "r+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield file


def _locked(descriptor: int) -> FileIO:
    file = FileIO(descriptor, "r+b")
    try:
        # Whatever the umask says.
        os.fchmod(descriptor, FILE)
        fcntl.flock(file, fcntl.LOCK_EX)
    except OSError:
        file.close()
        raise
    return file
