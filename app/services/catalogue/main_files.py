"""The main file of a downloadable: its versions, and its place among its files.

What a downloadable says of its file (its current version, or its url) is kept there
alone. Among all its files that one has a row, too, which is there while there is a
file; this module keeps it so, and is below what changes either.
"""

import time
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from sqlalchemy import bindparam, delete, func, select, update

from app.database import Snapshot, Statement, Transaction
from app.errors import Unavailable
from app.models import (
    DOWNLOADABLE_PURCHASES,
    DOWNLOADABLES,
    DOWNLOADS,
    FILE_COUNTS,
    FILES,
    VERSIONS,
    Collection,
)
from app.services.clock import now
from app.services.rows.changes import bump_collection, update_rows
from app.storage import Blob, NewFile

_F, _P, _N = FILES.c, DOWNLOADABLE_PURCHASES.c, FILE_COUNTS.c
_MAIN = Statement(
    select(_F.id).where(_F.downloadable_id == bindparam("id"), _F.is_main)
)
_NEXT = Statement(
    select(_F.id, _F.version_id, _F.url)
    .where(_F.downloadable_id == bindparam("id"), ~_F.is_main, ~_F.is_archived)
    .order_by(_F.id)
    .limit(1)
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
_STORED = Statement(select(VERSIONS).where(VERSIONS.c.id == bindparam("id")))


def new_file_of_version(db: Snapshot, version_id: int) -> NewFile:
    """Return the file of a version, or of the library, to be used once more."""
    row = db.record(_STORED, id=version_id) or {}
    blob = Blob(row["blob_key"], row["file_size"], row["file_sha256"])
    return NewFile(row["file_name"], row["file_type"], blob)


def _ensure_in_time(blob: Blob) -> None:
    """Raise an error for a blob that others may take for one without a row by now.

    Raise `Unavailable`.
    """
    if blob.row_by is not None and time.monotonic() > blob.row_by:
        raise Unavailable(
            "the database took too long; please try again",
            headers={"Retry-After": "2"},
        )


def add_version(
    tx: Transaction, record: Mapping[str, Any], number: int, file: NewFile
) -> int:
    """Add a version to a downloadable, and return its id."""
    return tx.insert(
        VERSIONS,
        {
            **version_values(record["store_id"], file),
            "downloadable_id": record["id"],
            "number": number,
            "release_notes": record["release_notes"],
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
    there = tx.value(_NEWEST, id=downloadable_id) or 0
    return int(max(there, tx.value(_NEWEST_SENT, id=downloadable_id) or 0)) + 1


def touch_versions(tx: Transaction, *ids: int | None) -> None:
    """Change versions along that are current now, or no more."""
    update_rows(tx, VERSIONS, VERSIONS.c.id.in_([i for i in ids if i is not None]), {})


def sync_main_file(
    tx: Transaction, record: Mapping[str, Any], *, is_another: bool
) -> None:
    """Create, promote or delete the row of the main file, so that it matches.

    Where it has none any more, the first of its other files becomes it. `is_another`
    tells whether it is another file than before.
    """
    main = tx.value(_MAIN, id=record["id"])
    if record["version_id"] is not None or record["url"] is not None:
        if main is None:
            tx.insert(FILES, file_row(record, is_main=True))
        elif is_another:
            update_file_row(tx, main)
        return
    if main is not None:
        tx.execute(delete(FILES).where(_F.id == main))
    following = tx.record(_NEXT, id=record["id"])
    if following is not None:
        _promote(tx, record, following)


def update_file_row(tx: Transaction, file_id: int, **values: Any) -> None:
    """Change the row of a file."""
    update_rows(tx, FILES, _F.id == file_id, values)


def file_row(record: Mapping[str, Any], *, is_main: bool) -> dict[str, Any]:
    """Return what is the same for all new files of a downloadable."""
    moment = now()
    return {
        "store_id": record["store_id"],
        "downloadable_id": record["id"],
        "uuid": str(uuid4()),
        "revision": 1,
        "is_main": is_main,
        "name": "",
        "title": "",
        "alt": "",
        "is_archived": False,
        "date_created": moment,
        "date_modified": moment,
    }


def _promote(
    tx: Transaction, record: Mapping[str, Any], file: Mapping[str, Any]
) -> None:
    values: dict[str, Any] = {"url": file["url"]}
    if file["version_id"] is not None:
        number = next_version_number(tx, record["id"])
        again = new_file_of_version(tx, file["version_id"])
        values["version_id"] = add_version(tx, record, number, again)
    tx.execute(
        update(DOWNLOADABLES).where(DOWNLOADABLES.c.id == record["id"]).values(**values)
    )
    update_file_row(tx, file["id"], is_main=True, version_id=None, url=None)
    _count_on(tx, record, file["id"], values.get("version_id", 0))


def _count_on(
    tx: Transaction, record: Mapping[str, Any], file_id: int, file_key: int
) -> None:
    """Move the download counts of a file that becomes the main one to purchases.

    Those that have a file of their own are not concerned. What is under way goes on.
    """
    tx.execute(
        update(DOWNLOADS)
        .where(DOWNLOADS.c.file_key == -file_id)
        .values(file_key=file_key)
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
