"""Purchases: what a customer bought, and how often they may download it.

Tested in `tests/resources/test_purchases.py`.
"""

import secrets
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import BigInteger, bindparam, delete, func, select

from app.database import RowStatement, Snapshot, Statement, Transaction
from app.errors import Conflict
from app.models import (
    DOWNLOADABLE_PURCHASES,
    DOWNLOADABLES,
    DOWNLOADS,
    FILE_COUNTS,
    ITEM_CATEGORIES,
    STORES,
    VERSIONS,
    Collection,
)
from app.services.principal import Principal
from app.services.rows import listing
from app.services.rows.changes import bump_collection, insert_row, update_row
from app.services.rows.row_types import (
    PurchaseColumns,
    PurchaseRow,
    PurchaseWithFileRow,
)
from app.services.rows.tenancy import find_scoped
from app.services.sales import downloads
from schemas.base.errors import FieldError
from schemas.purchase import PurchaseSchema

PASSCODE_BYTES = 18
LIMITS = ("max_downloads", "download_window_hours")

_P = DOWNLOADABLE_PURCHASES.c
SOURCE = listing.register_source(
    name="downloadable_purchase",
    table=DOWNLOADABLE_PURCHASES,
    columns=listing.shown_columns(DOWNLOADABLE_PURCHASES),
    joined=DOWNLOADABLE_PURCHASES,
)
WITH_FILE = listing.register_source(
    name="purchase_with_file",
    table=DOWNLOADABLE_PURCHASES,
    columns=(
        *listing.shown_columns(DOWNLOADABLE_PURCHASES),
        VERSIONS.c.file_name,
        VERSIONS.c.blob_key,
        downloads.EXTERNAL_URL.label("file_url"),
    ),
    joined=downloads.WITH_FILE,
)
_WITH_FILE_BY_ID = RowStatement(
    PurchaseWithFileRow,
    WITH_FILE.rows().add_columns(_P.revision).where(_P.id == bindparam("id")),
)
_BY_ID = RowStatement(
    PurchaseRow,
    # What only one is asked for comes last: the columns of a page come first.
    SOURCE.rows()
    .add_columns(
        STORES.c.date_modified.label("store_modified"), _P.revision, _P.date_counted
    )
    .where(_P.id == bindparam("id")),
)
_OF_ORDER = Statement(
    select(_P.id).where(
        _P.store_id == bindparam("store_id"),
        _P.order_id == bindparam("order_id"),
        _P.downloadable_id == bindparam("downloadable_id"),
    )
)
_D, _C = DOWNLOADABLES.c, ITEM_CATEGORIES.c
_OFFER = Statement(
    select(
        func.coalesce(
            _D.max_downloads_per_customer, _C.max_downloads_per_customer, 0
        ).label("max_downloads"),
        func.coalesce(
            _D.max_downloads_time_period, _C.max_downloads_time_period, 0
        ).label("download_window_hours"),
    )
    .select_from(DOWNLOADABLES.join(ITEM_CATEGORIES, _C.id == _D.item_category_id))
    .where(_D.id == bindparam("id"), _D.store_id == bindparam("store_id"))
)
_VERSION = Statement(
    select(VERSIONS.c.downloadable_id).where(VERSIONS.c.id == bindparam("id"))
)

IN_STORE = listing.Listing(
    SOURCE,
    owner="store_id",
    counter=Collection.PURCHASES,
    default_filter=listing.Selection(),
)
IN_STORE_WITH_FILE = listing.Listing(
    WITH_FILE,
    owner="store_id",
    counter=Collection.PURCHASES,
    default_filter=listing.Selection(),
)
OF_DOWNLOADABLE = listing.Listing(SOURCE, owner="downloadable_id")


def find_purchase(db: Snapshot, principal: Principal, purchase_id: int) -> PurchaseRow:
    """Return a purchase of a store that the token may access. Raise `NotFound`."""
    return find_scoped(db, _BY_ID, principal, purchase_id)


def find_with_file(
    db: Snapshot, principal: Principal, purchase_id: int
) -> PurchaseWithFileRow:
    """Return a purchase with what the customer gets for it. Raise `NotFound`."""
    return find_scoped(db, _WITH_FILE_BY_ID, principal, purchase_id)


def purchase_counts(db: Snapshot, ids: Sequence[int]) -> dict[int, int]:
    """Return the number of purchases of each downloadable that has some."""
    if not ids:
        return {}
    rows = db.rows(
        _sold_statement(len(ids)), **{f"id{n}": i for n, i in enumerate(ids)}
    )
    # Downloadables that were never sold have no row.
    return {int(row[0]): int(row[1]) for row in rows}


@lru_cache(maxsize=64)
def _sold_statement(size: int) -> Statement:
    ids = [bindparam(f"id{number}", type_=BigInteger) for number in range(size)]
    return Statement(
        select(_P.downloadable_id, func.sum(_P.quantity).label("total"))
        .where(_P.downloadable_id.in_(ids))
        .group_by(_P.downloadable_id)
    )


def purchases_version(db: Snapshot, store_id: int) -> int:
    """Return the version of a store's purchases, their counts included."""
    return listing.collection_version(db, store_id, Collection.PURCHASES)


def purchase_problems(
    db: Snapshot,
    store_id: int,
    values: Mapping[str, Any],
    record: PurchaseRow | None = None,
) -> Iterator[FieldError]:
    """Yield an error if the downloadable is not in this store, or is another one."""
    downloadable = values.get("downloadable_id")
    if downloadable is not None:
        if db.row(_OFFER, id=downloadable, store_id=store_id) is None:
            yield FieldError(
                "downloadable_uri",
                "not_found",
                "downloadable_uri must be a downloadable of the same store",
            )
            # Another store's downloadable is not described any further.
            return
        if record is not None and downloadable != record["downloadable_id"]:
            yield FieldError(
                "downloadable_uri",
                "fixed",
                "downloadable_uri can't be changed: grant another purchase instead",
            )
    pinned = values.get("version_id")
    if pinned is not None and values.get("url") is not None:
        yield FieldError(
            "url", "exclusive", "url can't be set together with version_uri"
        )
    if pinned is not None:
        of = downloadable
        if of is None and record is not None:
            of = record["downloadable_id"]
        if db.value(_VERSION, id=pinned) != of:
            yield FieldError(
                "version_uri",
                "not_found",
                "version_uri must be a version of the same downloadable",
            )


def create_purchase(
    tx: Transaction, store_id: int, values: Mapping[str, Any]
) -> tuple[int, bool]:
    """Grant a downloadable; return the id, and whether it is new.

    What an order has already is given again as it is.
    """
    if values["order_id"] is not None:
        known = find_by_order(
            tx, store_id, values["order_id"], values["downloadable_id"]
        )
        if known is not None:
            return known, False
    row = {
        **values,
        **_limits(tx, store_id, values["downloadable_id"], values),
        "store_id": store_id,
        "number_of_downloads": 0,
        # The passcode is the only secret of a link, so it must not be guessable.
        "download_passcode": secrets.token_urlsafe(PASSCODE_BYTES),
    }
    purchase_id = insert_row(
        tx,
        DOWNLOADABLE_PURCHASES,
        row,
        collection=Collection.PURCHASES,
        searchable=PurchaseSchema.searchable,
    )
    downloads.emit_event(
        tx, "downloadable_purchase.created", {**row, "id": purchase_id}
    )
    return purchase_id, True


def update_purchase(
    tx: Transaction, record: PurchaseRow, values: Mapping[str, Any]
) -> None:
    """Change a purchase. Raise `Conflict`."""
    order_id = values.get("order_id")
    if order_id is not None and order_id != record["order_id"]:
        known = find_by_order(
            tx, record["store_id"], order_id, record["downloadable_id"]
        )
        if known is not None:
            raise Conflict.about(
                "order_id",
                f"order_id {order_id} has downloadable {record['downloadable_id']} "
                f"already, by downloadable_purchase {known}",
            )
    # A limit that is set to null is taken from the downloadable again.
    limits = _limits(tx, record["store_id"], record["downloadable_id"], values)
    _update(tx, record, {**values, **limits})
    is_revoked = record["is_active"] and not values.get("is_active", True)
    event = "downloadable_purchase.updated"
    if is_revoked:
        event = "downloadable_purchase.revoked"
    downloads.emit_event(tx, event, {**record, **values})


def reset_usage(tx: Transaction, record: PurchaseRow) -> None:
    """Count from zero again; a download that is under way is not counted any more."""
    set_usage(tx, record, 0)


def set_usage(tx: Transaction, record: PurchaseColumns, count: int) -> None:
    """Count the main file from a number on; from zero, its other files, too."""
    # A session that goes on would send a download of before the change without counting
    # it.
    downloads.close_sessions(tx, record["id"])
    if not count:
        tx.execute(
            delete(FILE_COUNTS).where(
                FILE_COUNTS.c.downloadable_purchase_id == record["id"]
            )
        )
    values: dict[str, Any] = {"number_of_downloads": count}
    if not count:
        # The hours for downloading begin anew with the first download.
        values["first_download_time"] = None
    _update(tx, record, values)


def delete_purchase(tx: Transaction, record: PurchaseRow) -> None:
    """Remove a purchase and the record of its downloads."""
    gone = tx.execute(
        delete(DOWNLOADS).where(DOWNLOADS.c.downloadable_purchase_id == record["id"])
    )
    tx.execute(delete(DOWNLOADABLE_PURCHASES).where(_P.id == record["id"]))
    bump_collection(tx, record["store_id"], Collection.PURCHASES, added=-1)
    # Downloads are a collection of the store as well, with its own total.
    bump_collection(tx, record["store_id"], Collection.DOWNLOADS, added=-gone)


def find_by_order(
    tx: Snapshot, store_id: int, order_id: str, downloadable_id: int
) -> int | None:
    """Return the purchase by which an order has a downloadable, if there is one."""
    found = tx.value(
        _OF_ORDER,
        store_id=store_id,
        order_id=order_id,
        downloadable_id=downloadable_id,
    )
    return None if found is None else int(found)


def _limits(
    tx: Snapshot, store_id: int, downloadable_id: int, values: Mapping[str, Any]
) -> dict[str, int]:
    """Return the limits that were not given, from the downloadable's category."""
    missing = [name for name in LIMITS if values.get(name, 0) is None]
    if not missing:
        return {}
    offer = tx.record(_OFFER, id=downloadable_id, store_id=store_id)
    if offer is None:
        raise LookupError(f"downloadable {downloadable_id} is gone")
    return {name: int(offer[name]) for name in missing}


def _update(
    tx: Transaction, record: PurchaseColumns, values: Mapping[str, Any]
) -> None:
    update_row(
        tx,
        DOWNLOADABLE_PURCHASES,
        record,
        values,
        collection=Collection.PURCHASES,
        searchable=PurchaseSchema.searchable,
    )
