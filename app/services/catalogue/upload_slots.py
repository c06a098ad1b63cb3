"""Upload slots: URLs at which a file can be uploaded without a token, for a while.

The URL is a capability: an upload needs no token. It has 192 random bits, of which only
a digest is stored.

Tested in `tests/resources/test_upload_slots.py`.
"""

import secrets

from sqlalchemy import String, bindparam, case, cast, delete, func, select, update

from app.database import Database, RowStatement, Snapshot, Statement, Transaction
from app.errors import Conflict, LinkExpired, RequestError, UnknownLink
from app.models import STORES, UPLOAD_SLOTS
from app.services.auth import authentication
from app.services.auth.authentication import token_digest
from app.services.catalogue import downloadables, library
from app.services.clock import now
from app.services.principal import Principal
from app.services.rows import listing
from app.services.rows.row_types import (
    DownloadableRow,
    LibraryFileRow,
    OpenSlotRow,
    SlotRow,
)
from app.services.rows.tenancy import find_scoped
from app.storage import NewFile

HOUR = 3600
TOKEN_BYTES = 24
KEPT = 3600
"""Seconds for which a finished slot still says so, to who lost the answer."""

_U = UPLOAD_SLOTS.c
_OPEN = (
    select(
        _U.id,
        _U.store_id,
        _U.downloadable_id,
        _U.file_name,
        _U.file_type,
        _U.length.label("file_size"),
        # Not by the name of a column: a page has an offset, too.
        _U.offset.label("bytes_received"),
        _U.date_created,
        _U.date_expires,
    )
    .where(_U.date_finished.is_(None))
    .subquery("open_slots")
)
_O = _OPEN.c
SOURCE = listing.register_source(
    name="upload",
    table=_OPEN,
    columns=tuple(_O),
    joined=_OPEN,
    searched=None,
)
IN_STORE = listing.Listing(SOURCE, owner="store_id")
OF_DOWNLOADABLE = listing.Listing(SOURCE, owner="downloadable_id")
_OPEN_BY_ID = RowStatement(
    OpenSlotRow,
    SOURCE.rows()
    .add_columns(
        STORES.c.date_modified.label("store_modified"),
        # What arrives leaves no date; one that is to come is not told.
        _O.date_expires.label("date_modified"),
        (
            cast(func.coalesce(_O.file_size, -1), String)
            + "-"
            + cast(_O.bytes_received, String)
        ).label("revision"),
    )
    .where(_O.id == bindparam("id")),
)
_STATE = Statement(
    select(
        func.count().label("total"),
        func.coalesce(func.sum(_O.id), 0).label("ids"),
        func.coalesce(func.sum(_O.bytes_received), 0).label("progress"),
        func.coalesce(func.sum(_O.file_size), 0).label("sizes"),
        func.count(_O.file_size).label("begun"),
    ).where(_O.store_id == bindparam("store_id"))
)
_BY_DIGEST = RowStatement(
    SlotRow, select(UPLOAD_SLOTS).where(_U.digest == bindparam("digest"))
)
_PARTIAL = Statement(select(_U.partial_key).where(_U.id == bindparam("id")))
_EXPIRED = Statement(
    select(_U.id, _U.partial_key).where(_U.date_expires <= bindparam("moment"))
)


def create_slot(  # noqa: PLR0913 - each is a column
    tx: Transaction,
    principal: Principal,
    *,
    store_id: int,
    downloadable_id: int | None = None,
    hours: int,
    file_name: str | None,
    file_type: str | None,
    announced: tuple[int, str] | None = None,
) -> tuple[str, list[str]]:
    """Create a slot for a downloadable, or for the library of its store.

    It expires with the token that creates it. `announced` are the size of the file and
    its MD5 in Base64. Return the last part of its URL, and the keys of partial blobs of
    expired slots, which are deleted on the occasion: remove them after the commit.
    """
    expired = delete_expired_slots(tx)
    size, md5 = announced or (None, None)
    token = secrets.token_urlsafe(TOKEN_BYTES)
    expires = now() + hours * HOUR
    ends = authentication.personal_expiry(tx, principal)
    if ends is not None:
        expires = min(expires, ends)
    tx.insert(
        UPLOAD_SLOTS,
        {
            "digest": token_digest(token),
            "token_id": principal.token_id,
            "downloadable_id": downloadable_id,
            "store_id": store_id,
            "announced_size": size,
            "announced_md5": md5,
            "file_name": file_name,
            "file_type": file_type,
            "offset": 0,
            "date_created": now(),
            "date_expires": expires,
        },
    )
    return token, expired


def count_expired_slots(db: Snapshot) -> int:
    """Count the slots whose time is over."""
    return len(db.rows(_EXPIRED, moment=now()))


def delete_expired_slots(tx: Transaction) -> list[str]:
    """Remove slots whose time is over; return the keys of their partial blobs."""
    rows = tx.rows(_EXPIRED, moment=now())
    if rows:
        tx.execute(delete(UPLOAD_SLOTS).where(_U.id.in_([row[0] for row in rows])))
    return [str(row[1]) for row in rows if row[1] is not None]


def find_slot(db: Snapshot, token: str) -> SlotRow:
    """Return a slot. Raise `UnknownLink`, or `LinkExpired` once its time is over."""
    record = db.typed_record(_BY_DIGEST, digest=token_digest(token))
    if record is None:
        raise UnknownLink("there is no such upload slot; ask for a new upload_url")
    if record["date_expires"] <= now():
        raise LinkExpired("this upload slot has expired; create a new one")
    return record


def find_library_upload(db: Snapshot, store_id: int, token: str) -> SlotRow | None:
    """Return a slot of the library of a store, None for any other slot."""
    try:
        slot = find_slot(db, token)
    except RequestError:
        return None
    # A slot for one downloadable is not for the library.
    is_own = slot["store_id"] == store_id and slot["downloadable_id"] is None
    return slot if is_own else None


def ensure_open(slot: SlotRow) -> None:
    """Raise `LinkExpired` for a slot that has its file."""
    if slot["date_finished"] is not None:
        raise LinkExpired("this upload slot has its file; ask for a new one")


def start_upload(
    database: Database,
    slot: SlotRow,
    *,
    key: str,
    length: int,
    file_name: str | None,
    file_type: str | None,
) -> str | None:
    """Start a resumable upload; return the key of the one it replaces."""
    with database.writing() as tx:
        before: str | None = tx.value(_PARTIAL, id=slot["id"])
        begun = tx.execute(
            update(UPLOAD_SLOTS)
            .where(_U.id == slot["id"], _U.date_finished.is_(None))
            .values(
                partial_key=key,
                length=length,
                offset=0,
                file_name=file_name or slot["file_name"],
                # As long as the column; media types are shorter (RFC 6838, section
                # 4.2).
                file_type=(file_type or slot["file_type"] or "")[:127] or None,
            )
        )
    if not begun:
        raise LinkExpired("this upload slot has its file; ask for a new one")
    return before


def advance_offset(database: Database, slot: SlotRow, before: int, offset: int) -> None:
    """Store the new offset of an upload, whose bytes are durable.

    Raise `Conflict` if the offset has changed since: not all storages have locks, and
    the upload may have been restarted.
    """
    with database.writing() as tx:
        noted = tx.execute(
            update(UPLOAD_SLOTS)
            .where(
                _U.id == slot["id"],
                _U.partial_key == slot["partial_key"],
                _U.offset == before,
            )
            .values(offset=offset)
        )
    if not noted:
        raise Conflict(
            "another request has continued or finished this upload; ask for its offset"
        )


def finish_upload(
    tx: Transaction, slot: SlotRow, file: NewFile
) -> DownloadableRow | LibraryFileRow:
    """Attach the file to the downloadable or the library, and close the slot.

    Return the record that has the file now. Raise `UnknownLink` if the downloadable is
    gone, and `LinkExpired` if the slot is.
    """
    taken = tx.execute(
        update(UPLOAD_SLOTS)
        .where(
            _U.id == slot["id"],
            _U.date_finished.is_(None),
            # Not where it was begun anew meanwhile.
            _U.partial_key.is_not_distinct_from(slot["partial_key"]),
        )
        .values(
            date_finished=now(),
            # What came into the library is asked for by its slot for a while.
            date_expires=case(
                (_U.downloadable_id.is_not(None), now() + KEPT),
                else_=_U.date_expires,
            ),
            partial_key=None,
            offset=file.blob.size,
            length=file.blob.size,
        )
    )
    if not taken:
        # The slot itself is gone: another request deleted it as expired.
        if not tx.rows(_PARTIAL, id=slot["id"]):
            raise LinkExpired("this upload slot has expired; create a new one")
        raise LinkExpired("this upload slot has its file; ask for a new one")
    downloadable_id, store_id = slot["downloadable_id"], slot["store_id"]
    if downloadable_id is None and store_id is not None:
        return _into_library(tx, slot["id"], store_id, file)
    record = downloadables.get_unscoped(tx, downloadable_id or 0)
    if record is None:
        raise UnknownLink("the downloadable of this upload slot no longer exists")
    downloadables.update_downloadable(tx, record, {}, file)
    return downloadables.reload_downloadable(tx, record["store_id"], record["id"])


def _into_library(
    tx: Transaction, slot_id: int, store_id: int, file: NewFile
) -> LibraryFileRow:
    file_id = library.create_library_file(tx, store_id, file, {})
    tx.execute(update(UPLOAD_SLOTS).where(_U.id == slot_id).values(version_id=file_id))
    record = library.get_unscoped(tx, file_id)
    if record is None:
        raise LookupError(f"library file {file_id} is gone")
    return record


def delete_slot(tx: Transaction, slot_id: int) -> None:
    """Remove a slot."""
    tx.execute(delete(UPLOAD_SLOTS).where(_U.id == slot_id))


# -- as the merchant sees them ------------------------------------------------------


def find_open_slot(db: Snapshot, principal: Principal, slot_id: int) -> OpenSlotRow:
    """Return a slot of a store that the principal sees. Raise `NotFound`."""
    return find_scoped(db, _OPEN_BY_ID, principal, slot_id)


def slots_version(db: Snapshot, store_id: int) -> str:
    """Return a text that changes with each change of a store's slots."""
    return "-".join(map(str, db.row(_STATE, store_id=store_id) or ()))


def close_slot(tx: Transaction, slot_id: int) -> list[str]:
    """Remove a slot; return the key of what has arrived, if anything has."""
    key = tx.value(_PARTIAL, id=slot_id)
    delete_slot(tx, slot_id)
    return [] if key is None else [str(key)]
