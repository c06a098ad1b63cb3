"""The storage port: immutable blobs under keys that the storage generates.

A key never comes from a client, and a blob is never written twice. An adapter
promises that a blob whose `Writer.commit` returned survives a power cut.

A blob is there before the row that names it. Until that row is committed its writer
stays open, so that other processes can tell a blob that waits for its row from one
that a crash has left, without looking at a clock.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import BinaryIO, Protocol, Self
from uuid import uuid4

CHUNK = 64 * 1024
"""Bytes that are read at a time."""


def new_key() -> str:
    """Create a key that no blob has: a random UUID, in hexadecimal."""
    return uuid4().hex


@dataclass(frozen=True, slots=True)
class Blob:
    """A stored file: where, how many bytes, and its SHA-256 in hexadecimal.

    `row_by` is when its row must be committed (`time.monotonic`), where the storage
    cannot tell otherwise that one is still to come.
    """

    key: str
    size: int
    sha256: str
    # Two descriptions of the same bytes are equal, whenever they were stored.
    row_by: float | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class NewFile:
    """A blob that is durable already, with the name and type it is shown under."""

    name: str
    type: str
    blob: Blob


@dataclass(frozen=True, slots=True)
class Stored:
    """A stored object: its key and its size in bytes."""

    key: str
    size: int
    is_partial: bool = False


class Writer(Protocol):
    """Receives a blob; leaving its context without `keep` leaves nothing behind.

    The context of one that is kept ends after the transaction that names it.
    """

    key: str
    size: int

    @property
    def sha256(self) -> str:
        """The digest of what has come in, in hexadecimal."""

    def write(self, chunk: bytes | memoryview) -> None:
        """Append bytes. Raise `InsufficientStorage` if the storage is full."""

    def commit(self) -> Blob:
        """Store the blob durably, and return its description."""

    def __enter__(self) -> Self:
        """Start receiving."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop receiving; what was received is removed, unless it was kept."""


class Partial(Protocol):
    """A blob that comes in over several requests; one at a time may add to it."""

    size: int
    """How many bytes there are."""

    def resume(self, size: int) -> None:
        """Go on after so many bytes; what is beyond them goes.

        Raise `FileNotFoundError` where there are fewer.
        """

    def write(self, chunk: bytes | memoryview) -> None:
        """Append bytes. Raise `InsufficientStorage` if the storage is full."""

    def sync(self) -> None:
        """Sync the bytes written so far."""

    def commit(self) -> Blob:
        """Hash what there is, make it a blob, and return its description."""

    def __enter__(self) -> Self:
        """Start adding."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the blob, so that others can append."""


class Storage(Protocol):
    """Keeps blobs."""

    def new_key(self) -> str:
        """Create a key that no blob has, of 32 hexadecimal digits."""

    def writer(self, key: str | None = None) -> Writer:
        """Start a new blob; a key is given where it comes from another storage."""

    def open(self, key: str) -> BinaryIO:
        """Open a blob for reading. Raise `FileNotFoundError`."""

    def delete(self, key: str) -> None:
        """Delete a blob, whether it is complete or not. A missing blob is no error."""

    def begin_partial(self, key: str) -> None:
        """Begin a blob that arrives in pieces; a row refers to its key already."""

    def partial(self, key: str) -> Partial:
        """Open a partial blob, or what it was made; nothing of it is changed yet.

        Raise `FileNotFoundError`, and may raise `Locked` while another request adds to
        it. A storage that has no locks takes the bytes of both: who notes how far it
        came has to look whether it came from where it began.
        """

    def drop_partial(self, key: str) -> None:
        """Remove a partial blob; one that is not there is no error."""

    def stored(self) -> Iterator[Stored]:
        """List all blobs and partial blobs; of one that comes of the other, each."""

    def clear_unfinished(self) -> int:
        """Delete the unfinished files of stopped processes; return their number."""

    def settle(self, key: str) -> None:
        """Record that a row refers to a kept blob, or that it was deleted."""

    def unsettled(self) -> list[str]:
        """List kept blobs that are not settled and that no process works for."""

    def abandoned(self, keys: Iterable[str]) -> list[str]:
        """Return the complete blobs whose writers have ended.

        A row that names one of them is committed by now. This may take a while.
        """

    def address(
        self, key: str, *, seconds: int, headers: Mapping[str, str]
    ) -> str | None:
        """Return an address at which anybody can fetch a blob for a while.

        It answers with the headers; None where there is no such thing.
        """

    def object_name(self, key: str) -> str | None:
        """Return the name of a blob's object in an S3, None elsewhere."""

    def left_by(self, store_id: int, name: str) -> BinaryIO:
        """Open an object of an S3 that a store's merchant put where it is for them.

        That is below ``inbox/<store>/``, so that no store can name another's, nor a
        blob. Raise `FileNotFoundError`.
        """

    def path_below(self, key: str) -> str | None:
        """Return the path of a blob below the folder, None if there is no folder."""

    def check(self) -> None:
        """Check that the storage works. Raise `OSError` or `Unavailable`."""

    def close(self) -> None:
        """Close all connections."""
