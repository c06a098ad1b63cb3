"""Blobs on the local disk: hashed while they come in, synced before they count."""

import errno
import fcntl
import hashlib
import os
import re
import secrets
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from app.errors import InsufficientStorage, Locked
from app.private_files import (
    FILE,
    FOLDER,
    GROUP_FILE,
    GROUP_FOLDER,
    make_folder,
    open_file,
)
from app.storage.port import CHUNK, Blob, Stored, new_key

KEY = re.compile("[0-9a-f]{32}")
FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class LocalStorage:
    """A folder with ``blobs/ab/<key>``, and ``incoming`` for what is on its way.

    Both lie in one file system, so that a blob appears whole, by a rename.
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

    def writer(self, key: str | None = None) -> "LocalWriter":
        """Start a new blob."""
        return LocalWriter(self, key or new_key())

    def open(self, key: str) -> BinaryIO:
        """Open a blob for reading."""
        return self.path(key).open("rb")

    def delete(self, key: str) -> None:
        """Remove a blob, or what has come of it."""
        with suppress(FileNotFoundError):
            self.path(key).unlink()
        self.drop_partial(key)

    def path(self, key: str) -> Path:
        """Tell where a blob is; a key is ours, 32 hexadecimal digits."""
        return self.blobs / key[:2] / key

    def put_into_place(self, source: Path, target: Path) -> None:
        """Rename what is synced, durably."""
        make_folder(target.parent, self.folder_mode)
        source.rename(target)
        sync_folder(target.parent)
        # Also where another thread made the folder: it may not have synced it yet.
        sync_folder(target.parent.parent)

    def begin_partial(self) -> str:
        """Make room for a blob that comes in pieces, and give its key."""
        key = new_key()
        with _full_disk_explained():
            open_file(self.partials / key, "xb").close()
            sync_folder(self.partials)
        return key

    def partial(self, key: str) -> "LocalPartial":
        """Open a partial blob, or what it was made."""
        return LocalPartial(self, key)

    def drop_partial(self, key: str) -> None:
        """Remove a partial blob."""
        with suppress(FileNotFoundError):
            (self.partials / key).unlink()

    def stored(self) -> Iterator[Stored]:
        """List what there is."""
        for folder in sorted(self.blobs.iterdir()):
            if folder.is_dir():
                found = _stored(folder)
                # What somebody else has put there is not ours to judge.
                yield from (one for one in found if one.key[:2] == folder.name)
        for one in _stored(self.partials):
            yield replace(one, is_partial=True)

    def address(
        self,
        key: str,  # noqa: ARG002 - the port's
        *,
        seconds: int,  # noqa: ARG002
        headers: Mapping[str, str],  # noqa: ARG002
    ) -> str | None:
        """Tell that a folder has no addresses."""
        return None

    def left_by(self, store_id: int, name: str) -> BinaryIO:  # noqa: ARG002
        """Refuse: a path is never made from what a client sends."""
        raise FileNotFoundError

    def object_name(self, key: str) -> str | None:  # noqa: ARG002 - the port's
        """Tell that it is none."""
        return None

    def path_below(self, key: str) -> str | None:
        """Tell where a blob is below the folder."""
        return str(self.path(key).relative_to(self.folder))

    def check(self) -> None:
        """See that files can be made."""
        with tempfile.TemporaryFile(dir=self.incoming):
            pass

    def close(self) -> None:
        """Do nothing: files are closed by who opened them."""

    def clear_unfinished(self, older_than: float) -> int:
        """Remove temporary files that nobody has written to for a while."""
        removed = 0
        for path in self.incoming.iterdir():
            with suppress(FileNotFoundError):
                if time.time() - path.stat().st_mtime > older_than:
                    path.unlink()
                    removed += 1
        return removed


class LocalWriter:
    """Writes one blob to a temporary file; 64 KiB chunks are the right size."""

    def __init__(self, storage: LocalStorage, key: str) -> None:
        self.storage = storage
        self.size = 0
        self._key = key
        self._digest = hashlib.sha256()
        self._temporary = storage.incoming / secrets.token_hex(16)
        with _full_disk_explained():
            self._file = open_file(self._temporary, "xb", buffering=0)

    @property
    def sha256(self) -> str:
        """The digest of what has come in."""
        return self._digest.hexdigest()

    def write(self, chunk: bytes | memoryview) -> None:
        """Append bytes and hash them."""
        view = memoryview(chunk)
        with _full_disk_explained():
            while view:
                view = view[self._file.write(view) :]
        self._digest.update(chunk)
        self.size += len(chunk)

    def keep(self) -> Blob:
        """Sync, rename into place, sync the folder: only then is it durable."""
        target = self.storage.path(self._key)
        with _full_disk_explained():
            os.fchmod(self._file.fileno(), self.storage.file_mode)
            os.fsync(self._file.fileno())
            self._file.close()
            try:
                self.storage.put_into_place(self._temporary, target)
            except OSError:
                target.unlink(missing_ok=True)
                raise
        return Blob(self._key, self.size, self._digest.hexdigest())

    def __enter__(self) -> Self:
        """Start receiving."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Remove the temporary file, if it is still one."""
        self._file.close()
        with suppress(FileNotFoundError):
            self._temporary.unlink()


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
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._file.close()
            raise Locked(
                "another request is adding to this upload; try again in a moment",
                headers={"Retry-After": "1"},
            ) from None

    def resume(self, size: int) -> None:
        """Go on after so many bytes."""
        if os.fstat(self._file.fileno()).st_size < size:
            raise FileNotFoundError(self._path)
        self._file.truncate(size)
        self._file.seek(size)
        self.size = size

    def write(self, chunk: bytes | memoryview) -> None:
        """Append bytes."""
        view = memoryview(chunk)
        with _full_disk_explained():
            while view:
                written = self._file.write(view)
                self.size += written
                view = view[written:]

    def sync(self) -> None:
        """Make what there is durable."""
        with _full_disk_explained():
            os.fsync(self._file.fileno())

    def keep(self) -> Blob:
        """Hash what there is, and rename it into place."""
        digest = hashlib.sha256()
        self._file.seek(0)
        while chunk := self._file.read(CHUNK):
            digest.update(chunk)
        target = self.storage.path(self._key)
        with _full_disk_explained():
            os.fchmod(self._file.fileno(), self.storage.file_mode)
            os.fsync(self._file.fileno())
            # Put where it is already, it stays.
            self.storage.put_into_place(self._path, target)
            self._path = target
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
        """Let others add."""
        self._file.close()


def _is_shared(folder: Path) -> bool:
    return folder.is_dir() and folder.stat().st_mode & 0o777 == GROUP_FOLDER


def _stored(folder: Path) -> Iterator[Stored]:
    for path in sorted(folder.iterdir()):
        if not KEY.fullmatch(path.name):
            continue
        with suppress(FileNotFoundError):
            status = path.stat()
            yield Stored(path.name, status.st_size, status.st_mtime)


def sync_folder(path: Path) -> None:
    """Make what was created and renamed in a folder durable."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _full_disk_explained() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in FULL:
            raise InsufficientStorage(
                "the server has no room for this file; nothing was stored"
            ) from error
        raise
