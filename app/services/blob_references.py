"""Reference counting for blobs: the keys that rows still refer to.

Tested in `tests/services/test_blob_removal.py`.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import bindparam, select

from app.database import Snapshot, Statement
from app.models import DOWNLOADABLES, UPLOAD_SLOTS, VERSIONS
from app.storage import Stored

_V, _U, _D = VERSIONS.c, UPLOAD_SLOTS.c, DOWNLOADABLES.c
_OF_VERSION = Statement(select(_V.id).where(_V.blob_key == bindparam("key")).limit(1))
_OF_SLOT = Statement(select(_U.id).where(_U.partial_key == bindparam("key")).limit(1))
_PARTIALS = Statement(select(_U.partial_key).where(_U.partial_key.is_not(None)))
_FILES = Statement(
    select(
        _V.blob_key,
        _V.file_size,
        _V.file_sha256,
        _V.file_name,
        _V.number,
        _D.id,
        _D.code,
        _V.store_id,
    )
    .select_from(VERSIONS.outerjoin(DOWNLOADABLES, _D.id == _V.downloadable_id))
    .order_by(_V.id)
)


@dataclass(frozen=True, slots=True)
class File:
    """A file of a version or a library, as its row has it: where, what, and whose."""

    key: str
    size: int
    sha256: str
    name: str
    version: int | None
    downloadable_id: int | None
    code: str | None
    store_id: int

    def __str__(self) -> str:
        """Return a description for people."""
        if self.downloadable_id is None:
            return f"{self.name!r} in the library of store {self.store_id}"
        return (
            f"{self.name!r}, version {self.version} of downloadable "
            f"{self.downloadable_id} (code {self.code}) of store {self.store_id}"
        )


def is_of_version(db: Snapshot, key: str) -> bool:
    """Return whether a blob is the file of a version."""
    return db.value(_OF_VERSION, key=key) is not None


def is_of_upload(db: Snapshot, key: str) -> bool:
    """Return whether an upload under way has a blob, or a part of it."""
    return db.value(_OF_SLOT, key=key) is not None


def is_referenced(db: Snapshot, key: str) -> bool:
    """Return whether a version or an upload under way has a blob."""
    return is_of_version(db, key) or is_of_upload(db, key)


def unreferenced(db: Snapshot, keys: Iterable[str]) -> list[str]:
    """Return the keys that no version and no library file refers to."""
    return [key for key in dict.fromkeys(keys) if not is_of_version(db, key)]


def referenced_files(db: Snapshot) -> list[File]:
    """List the files of all versions and libraries, each once."""
    by_key: dict[str, File] = {}
    for row in db.rows(_FILES):
        # A restored version and a library file may share the bytes of another row.
        by_key.setdefault(str(row[0]), File(*row))
    return list(by_key.values())


@dataclass(frozen=True, slots=True)
class ReferencedKeys:
    """The keys that rows name: of versions' files, and of uploads under way."""

    files: frozenset[str]
    under_way: frozenset[str]

    def has(self, stored: Stored) -> bool:
        """Return whether a row refers to the blob.

        An upload that all came of is a blob before it is a version's file; a partial
        blob is an upload's alone.
        """
        if stored.key in self.under_way:
            return True
        return not stored.is_partial and stored.key in self.files


def referenced_keys(db: Snapshot) -> ReferencedKeys:
    """Return the keys that rows refer to."""
    return ReferencedKeys(
        frozenset(file.key for file in referenced_files(db)),
        frozenset(str(row[0]) for row in db.rows(_PARTIALS)),
    )
