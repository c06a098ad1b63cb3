"""The order of a downloadable's files: the main file, and the versions of it.

The files have positions. The one at `MAIN` is the main file; while there is none, the
downloadable has no content, though files that are archived may wait to become it.
"""

import time
from collections.abc import Mapping
from typing import Any, TypedDict
from uuid import uuid4

from sqlalchemy import and_, bindparam, delete, func, select, update

from app.database import RowStatement, Snapshot, Statement, Transaction
from app.errors import Unavailable
from app.models import (
    DOWNLOADABLE_PURCHASES,
    DOWNLOADABLES,
    DOWNLOADS,
    FILE_COUNTS,
    FILES,
    MAIN,
    VERSIONS,
    Collection,
)
from app.services.clock import now
from app.services.rows.changes import bump_collection, insert_row, update_rows
from app.services.rows.row_types import (
    DownloadableRow,
    NextFileRow,
    OfStore,
    StoredFileRow,
)
from app.storage import Blob, NewFile


class Content(TypedDict, total=False):
    """The columns of a file that say where its bytes are; the others describe it."""

    version_id: int | None
    url: str | None


NOTHING = Content(version_id=None, url=None)
"""The content of a downloadable without a main file."""

_F, _P, _N = FILES.c, DOWNLOADABLE_PURCHASES.c, FILE_COUNTS.c
IS_MAIN = _F.position == MAIN
WITH_MAIN_FILE = DOWNLOADABLES.outerjoin(
    FILES, and_(_F.downloadable_id == DOWNLOADABLES.c.id, IS_MAIN)
).outerjoin(VERSIONS, VERSIONS.c.id == _F.version_id)
"""Downloadables with their main file, and its current version, if there are any."""

_MAIN = Statement(select(_F.id).where(_F.downloadable_id == bindparam("id"), IS_MAIN))
_NEXT = RowStatement(
    NextFileRow,
    select(_F.id, _F.version_id, _F.url)
    .where(_F.downloadable_id == bindparam("id"), ~IS_MAIN, ~_F.is_archived)
    .order_by(_F.position)
    .limit(1),
)
_LAST = Statement(
    select(func.max(_F.position).label("position")).where(
        _F.downloadable_id == bindparam("id")
    )
)
_NEWEST = Statement(
    select(func.max(VERSIONS.c.number).label("number")).where(
        VERSIONS.c.downloadable_id == bindparam("id")
    )
)
_NEWEST_SENT = Statement(
    select(func.max(DOWNLOADS.c.version).label("number")).where(
        DOWNLOADS.c.downloadable_id == bindparam("id")
    )
)
_STORED = RowStatement(
    StoredFileRow,
    select(
        VERSIONS.c.blob_key,
        VERSIONS.c.file_name,
        VERSIONS.c.file_size,
        VERSIONS.c.file_type,
        VERSIONS.c.file_sha256,
    ).where(VERSIONS.c.id == bindparam("id")),
)


def new_file_of_version(db: Snapshot, version_id: int) -> NewFile:
    """Return the file of a version, or of the library, to be used once more.

    Raise `LookupError` if it is gone.
    """
    row = db.typed_record(_STORED, id=version_id)
    if row is None:
        raise LookupError(f"version {version_id} is gone")
    blob = Blob(row["blob_key"], row["file_size"], row["file_sha256"])
    return NewFile(row["file_name"], row["file_type"], blob)


def _ensure_in_time(blob: Blob) -> None:
    """Raise an error for a blob that others may take for one without a row by now.

    Raise `Unavailable`.
    """
    if blob.row_by is not None and time.monotonic() > blob.row_by:
        raise Unavailable(
            "the database took too long; please try again",
            retry_after=2,
        )


def add_version(
    tx: Transaction, record: OfStore, number: int, file: NewFile, notes: str = ""
) -> int:
    """Add a version to a downloadable, with its release notes, and return its id."""
    return tx.insert(
        VERSIONS,
        {
            **version_values(record["store_id"], file),
            "downloadable_id": record["id"],
            "number": number,
            "release_notes": notes,
        },
    )


def version_values(store_id: int, file: NewFile) -> dict[str, Any]:
    """Return the columns of a file that a store has. Raise `Unavailable`."""
    _ensure_in_time(file.blob)
    moment = now()
    return {
        "store_id": store_id,
        "blob_key": file.blob.key,
        "file_name": file.name,
        "file_size": file.blob.size,
        "file_type": file.type,
        "file_sha256": file.blob.sha256,
        "upload_date": moment,
        "date_modified": moment,
    }


def next_version_number(tx: Snapshot, downloadable_id: int) -> int:
    """Return a version number that was never used, not even in a download."""
    # A deleted version's number stays taken, because customers may remember it.
    there = tx.value(_NEWEST, id=downloadable_id) or 0
    return int(max(there, tx.value(_NEWEST_SENT, id=downloadable_id) or 0)) + 1


def touch_versions(tx: Transaction, *ids: int | None) -> None:
    """Give versions a new revision that have become current, or have ceased to be."""
    update_rows(tx, VERSIONS, VERSIONS.c.id.in_([i for i in ids if i is not None]), {})


def find_main_file(db: Snapshot, downloadable_id: int) -> int | None:
    """Return the id of the main file of a downloadable, or None."""
    found = db.value(_MAIN, id=downloadable_id)
    return None if found is None else int(found)


def content_of(record: DownloadableRow) -> Content:
    """Return the content of a downloadable's main file."""
    return Content(version_id=record["version_id"], url=record["url"])


def set_content(
    tx: Transaction, record: OfStore, before: Content, content: Content, notes: str
) -> None:
    """Set the version or the url of a downloadable's main file, as the two are named.

    `before` is its content as it is. The main file is created with its first content.
    If none is left it is deleted, and the next file becomes it, with release `notes`.
    """
    after: Content = {**before, **content}
    if after == before:
        return
    if after == NOTHING:
        delete_main_file(tx, record, notes)
    elif before == NOTHING:
        add_file(tx, record, MAIN, after)
    else:
        which = and_(_F.downloadable_id == record["id"], IS_MAIN)
        update_rows(tx, FILES, which, after)


def delete_main_file(tx: Transaction, record: OfStore, notes: str) -> None:
    """Delete the main file of a downloadable, if there is one; promote the next."""
    # The unique index on positions needs the old main file gone before the next one
    # moves up.
    tx.execute(delete(FILES).where(_F.downloadable_id == record["id"], IS_MAIN))
    promote_next_file(tx, record, notes)


def promote_next_file(tx: Transaction, record: OfStore, notes: str) -> None:
    """Promote the next file to the main file of a downloadable that has none.

    A file of the library becomes a version of the downloadable, with its `notes`.
    """
    file = tx.typed_record(_NEXT, id=record["id"])
    if file is None:
        return
    version_id = None
    if file["version_id"] is not None:
        number = next_version_number(tx, record["id"])
        # The same blob under a new row: no bytes are copied.
        again = new_file_of_version(tx, file["version_id"])
        version_id = add_version(tx, record, number, again, notes)
    update_file_row(tx, file["id"], position=MAIN, version_id=version_id)
    _count_on(tx, record, file["id"], version_id)


def next_position(tx: Snapshot, downloadable_id: int) -> int:
    """Return the position behind all files of a downloadable."""
    last = tx.value(_LAST, id=downloadable_id)
    return MAIN if last is None else int(last) + 1


def add_file(
    tx: Transaction,
    record: OfStore,
    position: int,
    values: Mapping[str, Any],
) -> int:
    """Add a file to a downloadable, and return its id."""
    row = {
        "store_id": record["store_id"],
        "downloadable_id": record["id"],
        "uuid": str(uuid4()),
        "position": position,
        "name": "",
        "title": "",
        "alt": "",
        "is_archived": False,
        **values,
    }
    return insert_row(tx, FILES, row)


def update_file_row(tx: Transaction, file_id: int, **values: Any) -> None:
    """Change the row of a file."""
    update_rows(tx, FILES, _F.id == file_id, values)


def _count_on(
    tx: Transaction, record: OfStore, file_id: int, version_id: int | None
) -> None:
    """Move the download counts of a file that becomes the main one to purchases.

    Those that have a file of their own are not concerned. What is under way goes on.
    """
    tx.execute(
        update(DOWNLOADS)
        .where(DOWNLOADS.c.file_id == file_id)
        .values(file_id=None, version_id=version_id)
    )
    counted = (
        select(_N.number_of_downloads)
        .where(_N.file_id == file_id, _N.downloadable_purchase_id == _P.id)
        .scalar_subquery()
    )
    tx.execute(
        update(DOWNLOADABLE_PURCHASES)
        .where(
            _P.downloadable_id == record["id"],
            _P.version_id.is_(None),
            _P.url.is_(None),
        )
        .values(number_of_downloads=func.coalesce(counted, 0), date_counted=now())
    )
    tx.execute(delete(FILE_COUNTS).where(_N.file_id == file_id))
    bump_collection(tx, record["store_id"], Collection.PURCHASES)
