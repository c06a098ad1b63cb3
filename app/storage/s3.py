"""Blobs in any S3: parts are uploaded as they arrive, without the local disk.

Under the prefix there are `inbox/<store>/…`, which others write, `blobs/<key>`, and
for uploads in several requests `partial/<key>`, which holds the name of the multipart
upload, and `partial/<key>.<n>`, the bytes up to offset n that do not fill a part yet.
`alive/<process>` tells that a process goes on with its uploads.

An S3 has no locks, and its clock is not ours. So whether a blob still waits for its row
is found out by waiting: from the request that makes the blob visible, a row comes
within `ROW_SECONDS`, or it is refused.
"""

import hashlib
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import BinaryIO, Self, cast

from app.errors import Unavailable
from app.storage.heartbeat import ALIVE, ID_LENGTH, Heartbeat, ended_processes
from app.storage.port import CHUNK, Blob, Stored, new_key
from app.storage.s3_bucket import Bucket, ObjectFile, opened
from app.storage.s3_multipart import PART, Multipart

BLOBS, PARTIALS, INBOX = "blobs/", "partial/", "inbox/"

ROW_SECONDS = 60.0
"""Seconds in which a blob is sent for the last time, and its row is committed."""

ROW_PAUSE = ROW_SECONDS + 10.0
"""Seconds that others wait for it; the margin is for the commit itself."""


class S3Storage:
    """A prefix of a bucket, where blobs appear whole, once their upload is complete."""

    def __init__(self, url: str) -> None:
        self.bucket = opened(url)
        self.heartbeat = Heartbeat(self.bucket)

    def new_key(self) -> str:
        """Create a key that no blob has; it begins with the name of this process."""
        # So that others can see from the key alone which process to look for.
        return self.heartbeat.process + new_key()[ID_LENGTH:]

    def writer(self, key: str | None = None) -> "S3Writer":
        """Start a new blob."""
        return S3Writer(self.bucket, self.heartbeat, key or self.new_key())

    def open(self, key: str) -> BinaryIO:
        """Open a blob for reading."""
        size = self.bucket.size(BLOBS + key)
        return cast("BinaryIO", ObjectFile(self.bucket, BLOBS + key, size))

    def delete(self, key: str) -> None:
        """Delete a blob, whether it is complete or not."""
        self.bucket.delete(BLOBS + key)
        self.drop_partial(key)

    def begin_partial(self, key: str) -> None:
        """Begin the multipart upload of a blob that arrives in pieces."""
        with self.heartbeat.upload():
            upload = Multipart.begin(self.bucket, BLOBS + key)
            # S3 cannot look an upload up by key, so its id has to be stored.
            self.bucket.put(PARTIALS + key, upload.id.encode())

    def partial(self, key: str) -> "S3Partial":
        """Open a partial blob, or what it was made."""
        return S3Partial(self.bucket, key)

    def drop_partial(self, key: str) -> None:
        """Remove a partial blob."""
        with suppress(FileNotFoundError):
            upload_id = self.bucket.get(PARTIALS + key).decode()
            Multipart(self.bucket, BLOBS + key, upload_id).abort()
        _clear(self.bucket, key)

    def stored(self) -> Iterator[Stored]:
        """List what there is."""
        for name, size in self.bucket.objects(BLOBS):
            yield Stored(name.removeprefix(BLOBS), size)
        last = ""
        for name, size in self.bucket.objects(PARTIALS):
            # Its tail may be all that a crash has left of it.
            key = name.removeprefix(PARTIALS).partition(".")[0]
            if key != last:
                yield Stored(key, size, is_partial=True)
            last = key

    def clear_unfinished(self) -> int:
        """Abort the uploads of processes that have ended. This may take a while."""
        begun: dict[str, list[Multipart]] = {}
        for name, upload_id in self.bucket.uploads(BLOBS):
            key = name.removeprefix(BLOBS)
            # A resumable upload outlives its process; its slot decides when it ends.
            if not self.bucket.has(PARTIALS + key):
                upload = Multipart(self.bucket, name, upload_id)
                begun.setdefault(key[:ID_LENGTH], []).append(upload)
        beating = [name.removeprefix(ALIVE) for name, _ in self.bucket.objects(ALIVE)]
        removed = 0
        for process in ended_processes(self.bucket, {*begun, *beating}):
            for upload in begun.get(process, ()):
                upload.abort()
                removed += 1
        return removed

    def settle(self, key: str) -> None:
        """Do nothing: unfinished uploads are found by their missing heartbeat."""

    def unsettled(self) -> list[str]:
        """Return nothing: see `abandoned`."""
        return []

    def abandoned(self, keys: Iterable[str]) -> list[str]:
        """Wait until the rows of these blobs are there that are to come."""
        found = list(keys)
        if found:
            # Longer than any writer may take to commit; see the module's docstring.
            time.sleep(ROW_PAUSE)
        return found

    def address(
        self, key: str, *, seconds: int, headers: Mapping[str, str]
    ) -> str | None:
        """Return an address at which a blob can be fetched for a while."""
        return self.bucket.address(BLOBS + key, seconds, headers)

    def object_name(self, key: str) -> str | None:
        """Return the name of a blob's object."""
        return self.bucket.prefix + BLOBS + key

    def left_by(self, store_id: int, name: str) -> BinaryIO:
        """Open an object that a store's merchant put into the inbox of the store."""
        # One folder per store, so that no merchant can register another one's files.
        own = f"{INBOX}{store_id}/"
        below = name.removeprefix(self.bucket.prefix)
        # What is not written as it is kept might lead elsewhere.
        is_plain = not {"", ".", ".."} & set(below.split("/"))
        if not (name.startswith(self.bucket.prefix + own) and is_plain):
            raise FileNotFoundError
        size = self.bucket.size(below)
        return cast("BinaryIO", ObjectFile(self.bucket, below, size))

    def path_below(self, key: str) -> str | None:  # noqa: ARG002 - the port's
        """Return None: an object is in no folder."""
        return None

    def check(self) -> None:
        """Check that the bucket responds."""
        self.bucket.check()

    def close(self) -> None:
        """Close all connections."""
        self.bucket.close()


class S3Writer:
    """Sends one blob up while it comes in; a part of it is all that is in memory."""

    def __init__(self, bucket: Bucket, heartbeat: Heartbeat, key: str) -> None:
        self.size = 0
        self._bucket = bucket
        self._heartbeat = heartbeat
        self.key = key
        self._digest = hashlib.sha256()
        self._buffer = bytearray()
        self._upload: Multipart | None = None

    @property
    def sha256(self) -> str:
        """The digest of what has come in."""
        return self._digest.hexdigest()

    def write(self, chunk: bytes | memoryview) -> None:
        """Append bytes and hash them."""
        view = memoryview(chunk)
        self._digest.update(view)
        self.size += len(view)
        while view:
            room = PART - len(self._buffer)
            self._buffer += view[:room]
            view = view[room:]
            if len(self._buffer) == PART:
                self._send()

    def _send(self) -> None:
        with _taken_for_ended():
            self._send_part()

    def _send_part(self) -> None:
        if self._upload is None:
            # Only now: a small file is one PUT, which needs no heartbeat.
            self._heartbeat.begin()
            try:
                self._upload = Multipart.begin(self._bucket, BLOBS + self.key)
            except BaseException:
                self._heartbeat.end()
                raise
        self._upload.add(self._buffer)
        self._buffer = bytearray()

    def commit(self) -> Blob:
        """Send the rest; the store answers once it is durable."""
        if self._upload is not None and self._buffer:
            self._send()
        # Others may see it as soon as the store has it, long before we are answered.
        row_by = time.monotonic() + ROW_SECONDS
        if self._upload is None:
            # Smaller than a part: a plain PUT is one request instead of three.
            self._bucket.put(BLOBS + self.key, self._buffer)
        else:
            with _taken_for_ended():
                self._upload.complete()
            self._end()
        return Blob(self.key, self.size, self.sha256, row_by)

    def __enter__(self) -> Self:
        """Start receiving."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Abort what was not kept."""
        if self._upload is None:
            return
        try:
            self._upload.abort()
        finally:
            self._end()

    def _end(self) -> None:
        self._upload = None
        self._heartbeat.end()


class S3Partial:
    """Adds to a partial blob.

    There is no lock: parts are of one size, so that two who add the same bytes write
    the same parts, and who comes second finds the offset changed.
    """

    def __init__(self, bucket: Bucket, key: str) -> None:
        self.size = 0
        self._bucket = bucket
        self._key = key
        self._buffer = bytearray()
        self._tails: list[str] = []
        # Of what came in this request, where it began at the first byte.
        self._digest = hashlib.sha256()
        self._digested = 0
        self._upload: Multipart | None = None
        try:
            upload_id = bucket.get(PARTIALS + key).decode()
            self._upload = Multipart(bucket, BLOBS + key, upload_id)
            self._sizes = self._upload.sizes()
        except FileNotFoundError:
            # It was made a blob; who asked for it may have been stopped then.
            self._upload = None
            self._whole = bucket.size(BLOBS + key)

    def resume(self, size: int) -> None:
        """Go on after so many bytes."""
        if self._upload is None:
            if size != self._whole:
                raise FileNotFoundError(self._key)
        else:
            count, rest = divmod(size, PART)
            # A missing part means that the upload was aborted and begun again.
            if self._sizes[:count] != [PART] * count:
                raise FileNotFoundError(self._key)
            self._upload.go_on_after(count)
            if rest:
                self._buffer = bytearray(self._bucket.get(self._tail(size)))
                self._tails = [self._tail(size)]
        self.size = size

    def _tail(self, size: int) -> str:
        return f"{PARTIALS}{self._key}.{size}"

    def write(self, chunk: bytes | memoryview) -> None:
        """Append bytes."""
        if self._upload is None:
            raise FileNotFoundError(self._key)
        view = memoryview(chunk)
        if self._digested == self.size:
            self._digest.update(view)
            self._digested += len(view)
        while view:
            room = PART - len(self._buffer)
            self._buffer += view[:room]
            self.size += len(view[:room])
            view = view[room:]
            if len(self._buffer) == PART:
                self._upload.add(self._buffer)
                self._buffer = bytearray()

    def sync(self) -> None:
        """Store the bytes that do not fill a part yet."""
        name = self._tail(self.size)
        if self._upload is None or name in self._tails or not self._buffer:
            return
        self._bucket.put(name, self._buffer)
        self._tails.append(name)
        # The one before the last may be what is noted still.
        while len(self._tails) > 2:  # noqa: PLR2004
            self._bucket.delete(self._tails.pop(0))

    def commit(self) -> Blob:
        """Complete the upload, and hash it; what came at once was hashed on the way."""
        if self._upload is not None:
            # An empty file still needs one part, of zero bytes.
            if self._buffer or not self._upload.count:
                self._upload.add(self._buffer)
                self._buffer = bytearray()
            self._upload.complete()
            self._upload = None
        _clear(self._bucket, self._key)
        if self._digested == self.size:
            return Blob(self._key, self.size, self._digest.hexdigest())
        name = BLOBS + self._key
        digest = hashlib.sha256()
        with ObjectFile(self._bucket, name, self._bucket.size(name)) as file:
            while chunk := file.read(CHUNK):
                digest.update(chunk)
            return Blob(self._key, file.size, digest.hexdigest())

    def __enter__(self) -> Self:
        """Start adding."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Keep the parts for a client that resumes."""


@contextmanager
def _taken_for_ended() -> Iterator[None]:
    """Return the error for a process that was stopped for longer than `SILENCE`."""
    try:
        yield
    except FileNotFoundError as error:
        raise Unavailable(
            "the upload was given up, since the server stood still; send it again",
            retry_after=1,
        ) from error


def _clear(bucket: Bucket, key: str) -> None:
    """Delete the marker objects of an upload that is complete or was given up.

    The first name, by which the others are found again, goes last.
    """
    names = [name for name, _size in bucket.objects(PARTIALS + key)]
    for name in sorted(names, reverse=True):
        bucket.delete(name)
