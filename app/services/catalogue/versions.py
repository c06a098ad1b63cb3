"""Versions: every file that was ever a downloadable's main file.

Tested in `tests/resources/test_versions.py`.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import and_, bindparam, case, delete, func, select

from app.database import RowStatement, Snapshot, Statement, Transaction
from app.errors import Conflict
from app.models import DOWNLOADABLE_PURCHASES, DOWNLOADABLES, FILES, STORES, VERSIONS
from app.services import blob_references
from app.services.catalogue import downloadables, main_files
from app.services.principal import Principal
from app.services.rows import listing
from app.services.rows.changes import update_row
from app.services.rows.row_types import OfStore, VersionRow
from app.services.rows.tenancy import find_scoped
from app.storage import NewFile

_NOT_SHOWN = {"blob_key", "title", "alt"}
_IS_CURRENT = case((FILES.c.version_id == VERSIONS.c.id, True), else_=False)
_MAIN_FILE = and_(
    FILES.c.downloadable_id == VERSIONS.c.downloadable_id, main_files.IS_MAIN
)
SOURCE = listing.register_source(
    name="version",
    table=VERSIONS,
    columns=(
        *(c for c in listing.shown_columns(VERSIONS) if c.name not in _NOT_SHOWN),
        _IS_CURRENT.label("is_current"),
    ),
    joined=VERSIONS.join(
        DOWNLOADABLES, DOWNLOADABLES.c.id == VERSIONS.c.downloadable_id
    ).outerjoin(FILES, _MAIN_FILE),
    searched=None,
)
_BY_ID = RowStatement(
    VersionRow,
    # What only one is asked for comes last: the columns of a page come first.
    SOURCE.rows()
    .add_columns(
        STORES.c.date_modified.label("store_modified"),
        VERSIONS.c.revision,
        VERSIONS.c.blob_key,
    )
    .where(VERSIONS.c.id == bindparam("id")),
)
_BY_NAME = Statement(
    select(func.max(VERSIONS.c.id).label("id")).where(
        VERSIONS.c.downloadable_id == bindparam("downloadable_id"),
        VERSIONS.c.file_name == bindparam("file_name"),
    )
)
_PINNED = Statement(
    select(func.count().label("total"))
    .select_from(DOWNLOADABLE_PURCHASES)
    .where(DOWNLOADABLE_PURCHASES.c.version_id == bindparam("id"))
)
OF_DOWNLOADABLE = listing.Listing(SOURCE, owner="downloadable_id")


def find_version(db: Snapshot, principal: Principal, version_id: int) -> VersionRow:
    """Return a version of a store that the token may access. Raise `NotFound`."""
    return find_scoped(db, _BY_ID, principal, version_id)


def find_id_by_file_name(
    db: Snapshot, downloadable_id: int, file_name: str
) -> int | None:
    """Return the newest version of a downloadable whose file has a name."""
    found = db.value(_BY_NAME, downloadable_id=downloadable_id, file_name=file_name)
    return None if found is None else int(found)


def add_version(tx: Transaction, downloadable: OfStore, file: NewFile) -> int:
    """Add a version that is not the current one, and return its id."""
    number = main_files.next_version_number(tx, downloadable["id"])
    added = main_files.add_version(tx, downloadable, number, file)
    downloadables.parts_changed(tx, downloadable)
    return added


def update_version(
    tx: Transaction, record: VersionRow, values: Mapping[str, Any]
) -> None:
    """Change what is said about a version."""
    update_row(tx, VERSIONS, record, values)
    # What is said of the current version is said of the downloadable.
    changes = values if record["is_current"] else {}
    downloadables.update_with_version(
        tx, record["store_id"], record["downloadable_id"], changes
    )


def restore_version(tx: Transaction, record: VersionRow) -> None:
    """Restore a version as the current one."""
    downloadables.restore_version(tx, record)


def is_removable(db: Snapshot, record: VersionRow) -> bool:
    """Return whether a version is neither current nor promised to a customer."""
    return not record["is_current"] and not db.value(_PINNED, id=record["id"])


def delete_version(tx: Transaction, record: VersionRow) -> list[str]:
    """Remove a version; return the key of its blob. Raise `Conflict`."""
    if record["is_current"]:
        raise Conflict(
            f"version {record['number']} is the current one; restore another first"
        )
    pinned = tx.value(_PINNED, id=record["id"])
    if pinned:
        noun = "purchase" if pinned == 1 else "purchases"
        raise Conflict(
            f"version {record['number']} is what {pinned} {noun} of it will get; "
            "change their version_uri first"
        )
    tx.execute(delete(VERSIONS).where(VERSIONS.c.id == record["id"]))
    downloadables.update_with_version(
        tx, record["store_id"], record["downloadable_id"], {}
    )
    return blob_references.unreferenced(tx, [str(record["blob_key"])])
