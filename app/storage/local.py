"""Blobs on the local disk: hashed while they arrive, synced before they count."""

import errno
import fcntl
import hashlib
import os
import re
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from app.errors import Locked
from app.os_errors import explained
from app.private_files import (
    FILE,
    FOLDER,
    GROUP_FILE,
    GROUP_FOLDER,
    make_folder,
    open_file,
    sync_folder,
)
from app.reserve import size_on
from app.storage.incoming import (
    give_name,
    is_held,
    open_incoming,
    removed_if_abandoned,
)
from app.storage.port import CHUNK, Blob, Stored, new_key

KEY = re.compile("[0-9a-f]{32}")


class LocalStorage:
    """A folder with ``blobs/ab/<key>``, and ``incoming`` for what is on its way.

    Both lie in one file system, so that a blob appears whole, by a link. The name in
    ``incoming`` goes when the blob is settled; until then the writer holds a lock on
    the file, which goes with the process.
    """

    def __init__(self, folder: Path, *, is_shared: bool = False) -> None:
        self.folder = folder
        # One that was shared stays so for a command that lacks the server's settings.
        is_shared = is_shared or _is_shared(folder / "blobs")
        self.folder_mode = GROUP_FOLDER if is_shared else FOLDER
        self.file_mode = GROUP_FILE if is_shared else FILE
        self.blobs = folder / "blobs"
        self.incoming = folder / "incoming"
        self.partials = folder / "partial"
        for path in (folder, self.blobs):
            make_folder(path, self.folder_mode)
        for path in (self.incoming, self.partials):
            make_folder(path)
        # The database needs this much to delete rows on a full disk; see
        # app/reserve.py.
        self._left_free = size_on(folder)

    def new_key(self) -> str:
        """Create a key that no blob has."""
        return new_key()

    def writer(self, key: str | None = None) -> "LocalWriter":
        """Start a new blob."""
        if key:
            # A copy that broke off may have left it.
            self.settle(key)
        return LocalWriter(self, key or self.new_key())

    def open(self, key: str) -> BinaryIO:
        """Open a blob for reading."""
        return self.path(key).open("rb")

    def delete(self, key: str) -> None:
        """Delete a blob, whether it is complete or not."""
        with explained(), suppress(FileNotFoundError):
            self.path(key).unlink()
        self.drop_partial(key)
        self.settle(key)

    def path(self, key: str) -> Path:
        """Return the path of a blob; a key has 32 hexadecimal digits."""
        # 256 folders, because listing one with a million entries is slow on many file
        # systems.
        return self.blobs / key[:2] / key

    def ensure_room(self) -> None:
        """Raise `OSError` if the disk has no room besides that of the database."""
        disk = os.statvfs(self.incoming)
        # Checked before each chunk: a single upload could fill the disk for all stores.
        if disk.f_bavail * disk.f_frsize < self._left_free:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def make_parent(self, target: Path) -> None:
        """Create the folder of a blob."""
        make_folder(target.parent, self.folder_mode)

    def begin_partial(self, key: str) -> None:
        """Create the file of a blob that arrives in pieces."""
        with explained(needs_folder=True):
            # "x" fails on an existing file, so that two uploads never share a key.
            open_file(self.partials / key, "xb").close()
            # Otherwise a power cut could remove a file that a row already refers to.
            sync_folder(self.partials)

    def partial(self, key: str) -> "LocalPartial":
        """Open a partial blob, or what it was made."""
        return LocalPartial(self, key)

    def drop_partial(self, key: str) -> None:
        """Remove a partial blob."""
        with explained(), suppress(FileNotFoundError):
            (self.partials / key).unlink()

    def stored(self) -> Iterator[Stored]:
        """List what there is."""
        for folder in sorted(self.blobs.iterdir()):
            if folder.is_dir():
                found = _stored(folder)
                # What somebody else has put there is not ours to judge.
                yield from (one for one in found if one.key[:2] == folder.name)
        for one in _stored(self.partials):
            # Resumable uploads in progress count as stored, so that `sweep` sees the
            # forgotten ones.
            yield replace(one, is_partial=True)

    def address(
        self,
        key: str,  # noqa: ARG002 - the port's
        *,
        seconds: int,  # noqa: ARG002
        headers: Mapping[str, str],  # noqa: ARG002
    ) -> str | None:
        """Return None: a folder has no URLs."""
        return None

    def left_by(self, store_id: int, name: str) -> BinaryIO:  # noqa: ARG002
        """Raise `FileNotFoundError`: a path is never made from a client's text."""
        raise FileNotFoundError

    def object_name(self, key: str) -> str | None:  # noqa: ARG002 - the port's
        """Return None: a file of a folder is no object."""
        return None

    def path_below(self, key: str) -> str | None:
        """Return the path of a blob below the folder."""
        return str(self.path(key).relative_to(self.folder))

    def check(self) -> None:
        """Check that files can be created. Raise `OSError`."""
        # Reading works on a read-only disk, too, so readiness has to try a write.
        with tempfile.TemporaryFile(dir=self.incoming):
            pass

    def close(self) -> None:
        """Do nothing: files are closed by who opened them."""

    def clear_unfinished(self) -> int:
        """Remove files that were not put into place and that no process writes to."""
        # No clock is involved: a file is abandoned if its process has released the
        # lock.
        return sum(map(removed_if_abandoned, self._names()))

    def settle(self, key: str) -> None:
        """Remove the name of a blob in ``incoming``."""
        with suppress(FileNotFoundError):
            (self.incoming / key).unlink()

    def unsettled(self) -> list[str]:
        """List what a stopped process put into place and did not settle."""
        return [
            path.name
            for path in self._names()
            # Linked into place, but the process ended before its row was committed or
            # settled.
            if not is_held(path) and self.path(path.name).exists()
        ]

    def abandoned(self, keys: Iterable[str]) -> list[str]:
        """Return the blobs that no writer has open."""
        return [key for key in keys if not is_held(self.path(key))]

    def _names(self) -> Iterator[Path]:
        return (path for path in self.incoming.iterdir() if KEY.fullmatch(path.name))


class LocalWriter:
    """Writes one blob to a file under a lock; 64 KiB chunks are the right size."""

    def __init__(self, storage: LocalStorage, key: str) -> None:
        self.storage = storage
        self.size = 0
        self.key = key
        self._digest = hashlib.sha256()
        self._is_kept = False
        self._incoming = storage.incoming / key
        with explained(needs_folder=True):
            self._file = open_incoming(self._incoming)

    @property
    def sha256(self) -> str:
        """The digest of what has come in."""
        return self._digest.hexdigest()

    def write(self, chunk: bytes | memoryview) -> None:
        """Append bytes and hash them."""
        view = memoryview(chunk)
        with explained():
            self.storage.ensure_room()
            while view:
                view = view[self._file.write(view) :]
        # Hashed on the way, so that the file is never read a second time.
        self._digest.update(chunk)
        self.size += len(chunk)

    def commit(self) -> Blob:
        """Sync, link into place, sync the folder: only then is it durable."""
        target = self.storage.path(self.key)
        with explained(needs_folder=True):
            os.fchmod(self._file.fileno(), self.storage.file_mode)
            os.fsync(self._file.fileno())
            try:
                self._put_into_place(target)
            except OSError:
                target.unlink(missing_ok=True)
                raise
        self._is_kept = True
        return Blob(self.key, self.size, self._digest.hexdigest())

    def _put_into_place(self, target: Path) -> None:
        self.storage.make_parent(target)
        # First the name by which it is found again if its row does not come.
        give_name(self._file, self._incoming)
        # What is there is what a copy that broke off, or a damaged disk, has left.
        target.unlink(missing_ok=True)
        target.hardlink_to(self._incoming)
        sync_folder(target.parent)
        # Also where another thread made the folder: it may not have synced it yet.
        sync_folder(target.parent.parent)

    def __enter__(self) -> Self:
        """Start receiving."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the file; delete it unless it was kept."""
        # A file without a name disappears on close; one with a name has to be removed.
        if not self._is_kept:
            self.storage.settle(self.key)
        self._file.close()


class LocalPartial:
    """Adds to a partial blob under a lock that goes with the process."""

    def __init__(self, storage: LocalStorage, key: str) -> None:
        self.storage = storage
        self.size = 0
        self._key = key
        self._path = storage.partials / key
        try:
            self._file = self._path.open("r+b", buffering=0)
        except FileNotFoundError:
            # It was made a blob; who asked for it may have been stopped then.
            self._path = storage.path(key)
            self._file = self._path.open("r+b", buffering=0)
        try:
            # Non-blocking: waiting would hold a thread for as long as another upload
            # takes.
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self._file.close()
            if not isinstance(error, BlockingIOError):
                raise
            raise Locked(
                "another request is adding to this upload; try again in a moment",
                retry_after=1,
            ) from None

    def resume(self, size: int) -> None:
        """Go on after so many bytes."""
        # The row promises more bytes than there are, so the file was lost or replaced.
        if os.fstat(self._file.fileno()).st_size < size:
            raise FileNotFoundError(self._path)
        # Bytes behind the committed offset were never acknowledged, and may be torn.
        self._file.truncate(size)
        self._file.seek(size)
        self.size = size

    def write(self, chunk: bytes | memoryview) -> None:
        """Append bytes."""
        view = memoryview(chunk)
        with explained():
            self.storage.ensure_room()
            while view:
                written = self._file.write(view)
                self.size += written
                view = view[written:]

    def sync(self) -> None:
        """Sync the bytes written so far."""
        with explained():
            os.fsync(self._file.fileno())

    def commit(self) -> Blob:
        """Hash what there is, and rename it into place."""
        digest = hashlib.sha256()
        self._file.seek(0)
        # Pieces arrive in several requests and processes, so the digest is computed at
        # the end.
        while chunk := self._file.read(CHUNK):
            digest.update(chunk)
        target = self.storage.path(self._key)
        with explained():
            os.fchmod(self._file.fileno(), self.storage.file_mode)
            os.fsync(self._file.fileno())
            self.storage.make_parent(target)
            # Put where it is already, it stays.
            self._path.rename(target)
            self._path = target
            sync_folder(target.parent)
            sync_folder(target.parent.parent)
        return Blob(self._key, self.size, digest.hexdigest())

    def __enter__(self) -> Self:
        """Start adding."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the blob, so that others can append."""
        self._file.close()


def _is_shared(folder: Path) -> bool:
    return folder.is_dir() and folder.stat().st_mode & 0o777 == GROUP_FOLDER


def _stored(folder: Path) -> Iterator[Stored]:
    for path in sorted(folder.iterdir()):
        if not KEY.fullmatch(path.name):
            continue
        with suppress(FileNotFoundError):
            yield Stored(path.name, path.stat().st_size)
