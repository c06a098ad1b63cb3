"""The library of a store: files that any downloadable may use.

Tested in `tests/resources/test_files.py`.
"""

from collections.abc import Mapping
from typing import Any, get_type_hints

from sqlalchemy import and_, bindparam, delete, func, or_, select

from app.database import RowStatement, Snapshot, Statement, Transaction
from app.errors import Conflict, NotFound
from app.models import FILES, STORES, VERSIONS, Collection
from app.services import blob_references
from app.services.catalogue import main_files, versions
from app.services.principal import Principal, StorePrincipal
from app.services.rows import listing
from app.services.rows.changes import bump_collection, update_row
from app.services.rows.row_types import BlobRow, LibraryFileRow
from app.services.rows.tenancy import find_in_store, find_scoped
from app.storage import NewFile

_V = VERSIONS.c
_OF_NONE = (
    select(VERSIONS)
    .where(_V.downloadable_id.is_(None))
    .subquery(Collection.LIBRARY_FILES)
)
# Of the rows that share a blob the first one stands for it.
_EARLIER = VERSIONS.alias("earlier")
_FIRST = (
    select(VERSIONS)
    .where(
        ~select(_EARLIER.c.id)
        .where(
            _EARLIER.c.blob_key == _V.blob_key,
            _EARLIER.c.store_id == _V.store_id,
            # The library's own comes first: it is there for its own sake.
            or_(
                and_(
                    _EARLIER.c.downloadable_id.is_(None),
                    _V.downloadable_id.is_not(None),
                ),
                and_(
                    _EARLIER.c.downloadable_id.is_(None)
                    == _V.downloadable_id.is_(None),
                    _EARLIER.c.id < _V.id,
                ),
            ),
        )
        .exists()
    )
    .subquery("media")
)
_NOT_SHOWN = {"blob_key", "downloadable_id", "number", "release_notes"}
SOURCE = listing.register_source(
    name="library_file",
    table=_OF_NONE,
    columns=tuple(
        c for c in listing.shown_columns(_OF_NONE) if c.name not in _NOT_SHOWN
    ),
    joined=_OF_NONE,
    searched=None,
)
IDENTIFIED = listing.register_source(
    name="identified_library_file",
    table=_OF_NONE,
    columns=(*SOURCE.columns, _OF_NONE.c.blob_key),
    joined=_OF_NONE,
    searched=None,
)
"""With what clients of other systems know a file by."""

_BY_ID = RowStatement(
    LibraryFileRow,
    # What only one is asked for comes last: the columns of a page come first.
    SOURCE.rows()
    .add_columns(
        STORES.c.date_modified.label("store_modified"),
        _OF_NONE.c.revision,
        _OF_NONE.c.blob_key,
    )
    .where(_OF_NONE.c.id == bindparam("id")),
)
_USED = Statement(
    select(func.count().label("total"))
    .select_from(FILES)
    .where(FILES.c.version_id == bindparam("id"))
)
IN_STORE = listing.Listing(
    SOURCE,
    owner="store_id",
    counter=Collection.LIBRARY_FILES,
    default_filter=listing.Selection(),
)

IDENTIFIED_IN_STORE = listing.Listing(IDENTIFIED, owner="store_id")
MEDIA = listing.register_source(
    name="media",
    table=_FIRST,
    columns=listing.shown_columns(_FIRST),
    joined=_FIRST,
    searched=None,
)
"""Every file that a store has, of the library and of versions: each blob once."""

MEDIA_IN_STORE = listing.Listing(MEDIA, owner="store_id")
_WITH_BLOB = RowStatement(
    BlobRow,
    select(*(_V[name] for name in get_type_hints(BlobRow)))
    .where(_V.store_id == bindparam("store_id"), _V.blob_key == bindparam("key"))
    .order_by(_V.downloadable_id.is_not(None), _V.id),
)


def find_library_file(
    db: Snapshot, principal: Principal, file_id: int
) -> LibraryFileRow:
    """Return a library file that the token may access. Raise `NotFound`."""
    return find_scoped(db, _BY_ID, principal, file_id)


def get_unscoped(db: Snapshot, file_id: int) -> LibraryFileRow | None:
    """Return a library file by id, without a tenancy check, or None."""
    return db.typed_record(_BY_ID, id=file_id)


def find_by_blob(db: Snapshot, store_id: int, key: str) -> list[BlobRow]:
    """Return all rows that a store has of a blob: the library file first."""
    return db.typed_records(_WITH_BLOB, store_id=store_id, key=key)


def has_library_file(db: Snapshot, store_id: int, file_id: int) -> bool:
    """Return whether a file is in the library of a store."""
    return find_in_store(db, _BY_ID, store_id, file_id) is not None


def library_version(db: Snapshot, store_id: int) -> int:
    """Return the version of a store's library."""
    return listing.collection_version(db, store_id, Collection.LIBRARY_FILES)


def create_library_file(
    tx: Transaction, store_id: int, file: NewFile, values: Mapping[str, Any]
) -> int:
    """Add a file to the library, and return its id."""
    row = {**main_files.version_values(store_id, file), **values}
    file_id = tx.insert(VERSIONS, row)
    bump_collection(tx, store_id, Collection.LIBRARY_FILES, added=1)
    return file_id


def update_library_file(
    tx: Transaction, record: LibraryFileRow, values: Mapping[str, Any]
) -> None:
    """Change what is said about a file of the library."""
    update_row(tx, VERSIONS, record, values, collection=Collection.LIBRARY_FILES)


def adopt_blob(tx: Transaction, store_id: int, key: str) -> int | None:
    """Return the library file of a blob that a store has; create it if needed.

    A version's is put there: what is used again must not go with a downloadable.
    """
    rows = find_by_blob(tx, store_id, key)
    if not rows:
        return None
    first = rows[0]
    # Library files come first in that list.
    if first["downloadable_id"] is None:
        return int(first["id"])
    return create_library_file(
        tx, store_id, main_files.new_file_of_version(tx, first["id"]), {}
    )


def remove_blob(tx: Transaction, principal: StorePrincipal, key: str) -> list[str]:
    """Remove a file wherever a store has it; return the key of its blob.

    Raise `NotFound`, or `Conflict` while a downloadable or a purchase needs it.
    """
    rows = find_by_blob(tx, principal.store_id, key)
    if not rows:
        raise NotFound
    for row in rows:
        if row["downloadable_id"] is None:
            delete_library_file(tx, find_library_file(tx, principal, row["id"]))
        else:
            versions.delete_version(tx, versions.find_version(tx, principal, row["id"]))
    # The bytes go only with the last row that names them.
    return blob_references.unreferenced(tx, [key])


def is_removable(db: Snapshot, record: LibraryFileRow) -> bool:
    """Return whether no downloadable has a file of the library."""
    return not db.value(_USED, id=record["id"])


def delete_library_file(tx: Transaction, record: LibraryFileRow) -> list[str]:
    """Remove a file from the library; return the key of its blob. Raise `Conflict`."""
    used = tx.value(_USED, id=record["id"])
    if used:
        noun = "file" if used == 1 else "files"
        raise Conflict(
            f"library_file {record['id']} is in use by {used} {noun} of downloadables; "
            "delete those first, or change them"
        )
    tx.execute(delete(VERSIONS).where(_V.id == record["id"]))
    bump_collection(tx, record["store_id"], Collection.LIBRARY_FILES, added=-1)
    return blob_references.unreferenced(tx, [str(record["blob_key"])])
