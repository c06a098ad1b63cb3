"""Downloads: each time that a customer fetched a file, kept and counted.

A download is a session: the first request that is answered with bytes, and all that
come within some minutes of it, so that a broken one can be resumed. What opens it is
one statement that counts it, so that no two can be the last.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    BigInteger,
    and_,
    bindparam,
    case,
    cast,
    func,
    or_,
    select,
    update,
)

from app.database import Database, Snapshot, Statement, Transaction
from app.errors import (
    DownloadsUsedUp,
    DownloadWindowOver,
    FileNotThere,
    NotFound,
    PurchaseExpired,
    PurchaseRevoked,
    RequestError,
    Unavailable,
)
from app.models import (
    DOWNLOADABLE_PURCHASES,
    DOWNLOADABLES,
    DOWNLOADS,
    STORES,
    VERSIONS,
)
from app.services import downloadables, listing, webhooks
from app.services.access import Principal
from app.services.clock import now

COLLECTION = "downloads"
PURCHASES = "downloadable_purchases"
"""The kept collection that a download changes, too."""

TOLD = ("id", "downloadable_id", "order_id", "customer_id", "number_of_downloads")
"""What webhooks are told of a purchase."""

HOUR = 3600
CLOSED = "900"
"""Seconds after which a customer of a closed store may try again."""

_P, _D, _V, _S = (
    DOWNLOADABLE_PURCHASES.c,
    DOWNLOADABLES.c,
    VERSIONS.c,
    DOWNLOADS.c,
)
SOURCE = listing.source(
    name="download",
    table=DOWNLOADS,
    columns=tuple(
        column
        for column in listing.shown_columns(DOWNLOADS)
        if column.name not in {"file_key", "open_until"}
    ),
    joined=DOWNLOADS,
    searched=None,
)
_BY_ID = Statement(
    SOURCE.rows()
    .add_columns(STORES.c.date_modified.label("store_modified"), _S.revision)
    .where(_S.id == bindparam("id"))
)
# What a customer gets is the version that the purchase names, else the current one.
WITH_FILE = DOWNLOADABLE_PURCHASES.join(
    DOWNLOADABLES, _D.id == _P.downloadable_id
).outerjoin(
    VERSIONS,
    _V.id == case((_P.version_id.is_(None), _D.version_id), else_=_P.version_id),
)
# Unless it is kept elsewhere, for this purchase or for all.
ELSEWHERE = func.coalesce(_P.url, case((_P.version_id.is_(None), _D.url)))
_WANTED = Statement(
    select(
        _P.id,
        _P.order_id,
        _P.customer_id,
        _P.store_id,
        _P.downloadable_id,
        _P.is_active,
        _P.expires_at,
        _P.quantity,
        _P.max_downloads,
        _P.download_window_hours,
        _P.number_of_downloads,
        _P.download_passcode,
        _P.date_created,
        STORES.c.is_maintenance_mode,
        ELSEWHERE.label("url"),
        _V.id.label("version_id"),
        _V.number.label("version"),
        _V.blob_key,
        _V.file_name,
        _V.file_size,
        _V.file_type,
        _V.file_sha256,
        _V.upload_date,
    )
    .select_from(WITH_FILE.join(STORES, STORES.c.id == _P.store_id))
    .where(
        or_(
            _P.download_passcode == bindparam("passcode"),
            _P.id == bindparam("purchase_id"),
        )
    )
)
_OPEN = Statement(
    select(_S.id).where(
        _S.downloadable_purchase_id == bindparam("purchase_id"),
        _S.file_key == bindparam("file_key"),
        _S.open_until > bindparam("moment"),
    )
)

IN_STORE = listing.Listing(
    SOURCE, owner="store_id", kept=COLLECTION, usual=listing.Selection()
)
OF_DOWNLOADABLE = listing.Listing(SOURCE, owner="downloadable_id")
OF_PURCHASE = listing.Listing(SOURCE, owner="downloadable_purchase_id")


@dataclass(frozen=True, slots=True)
class Customer:
    """Who downloads, as far as it is kept."""

    address: str
    user_agent: str


def find(db: Snapshot, principal: Principal, download_id: int) -> dict[str, Any]:
    """Give a download of a store that the token sees. Raises `NotFound`."""
    record = db.record(_BY_ID, id=download_id)
    if record is None or not principal.sees(record["store_id"]):
        raise NotFound
    return record


def version(db: Snapshot, store_id: int) -> int:
    """Give the version of a store's downloads."""
    return listing.version(db, store_id, COLLECTION)


def wanted(
    db: Snapshot, *, passcode: str = "", purchase_id: int = 0
) -> dict[str, Any] | None:
    """Give what a link leads to: a purchase and its file; None if it leads nowhere."""
    # No purchase has an empty passcode, or the id 0.
    return db.record(_WANTED, passcode=passcode, purchase_id=purchase_id)


def ensure_granted(record: Mapping[str, Any], moment: int) -> None:
    """Refuse what no download may pass, under way or not. Raises `RequestError`."""
    if record["is_maintenance_mode"]:
        raise Unavailable(
            "the store is closed for a while; your download waits for you",
            headers={"Retry-After": CLOSED},
        )
    if not record["is_active"]:
        raise PurchaseRevoked("the store has withdrawn this purchase")
    expires = record["expires_at"]
    if expires is not None and expires <= moment:
        raise PurchaseExpired("the time to download this purchase is over")
    if record["url"] is None and record["version_id"] is None:
        raise FileNotThere(
            "the store has not put the file there yet; try again later",
            headers={"Retry-After": CLOSED},
        )


def ensure_left(record: Mapping[str, Any], moment: int) -> None:
    """Refuse a new download outside of the limits. Raises `RequestError`."""
    refusal = _refusal(record, moment)
    if refusal:
        raise refusal


def _refusal(record: Mapping[str, Any], moment: int) -> RequestError | None:
    hours = record["download_window_hours"]
    if hours and record["date_created"] + hours * HOUR <= moment:
        unit = "hour" if hours == 1 else "hours"
        return DownloadWindowOver(
            f"this purchase could be downloaded for {hours} {unit}, which are over"
        )
    most = record["max_downloads"] * record["quantity"]
    if most and record["number_of_downloads"] >= most:
        times = "once" if most == 1 else f"{most} times"
        return DownloadsUsedUp(
            f"this purchase was downloaded {times}, as often as paid"
        )
    return None


def file_key(record: Mapping[str, Any]) -> int:
    """Tell which file it is: the version's id, 0 for one that is kept elsewhere."""
    return 0 if record["url"] is not None else int(record["version_id"])


def under_way(db: Snapshot, record: Mapping[str, Any], moment: int) -> int | None:
    """Give the id of the download that this request would go on with."""
    found = db.value(
        _OPEN, purchase_id=record["id"], file_key=file_key(record), moment=moment
    )
    return None if found is None else int(found)


def begin(
    database: Database,
    record: Mapping[str, Any],
    customer: Customer,
    *,
    minutes: int,
    outcome: str = "started",
) -> int:
    """Go on with a download, or open one and count it; give its id.

    Raises `RequestError` where there is none left.
    """
    with database.writing() as tx:
        moment = now()
        found = under_way(tx, record, moment)
        if found is not None:
            return found
        _count(tx, record, moment)
        download_id = tx.insert(
            DOWNLOADS,
            {
                "store_id": record["store_id"],
                "downloadable_purchase_id": record["id"],
                "downloadable_id": record["downloadable_id"],
                "file_key": file_key(record),
                "version": None if record["url"] else record["version"],
                "file_name": None if record["url"] else record["file_name"],
                "file_size": None if record["url"] else record["file_size"],
                "revision": 1,
                # Another request may have begun a second before: 0 is never open.
                "open_until": moment + minutes * 60 if minutes else 0,
                "bytes_sent": 0,
                "outcome": outcome,
                "address": customer.address,
                "user_agent": customer.user_agent,
                "date_created": moment,
                "date_modified": moment,
            },
        )
        listing.note_change(tx, record["store_id"], COLLECTION, added=1)
        _tell(tx, record)
    return download_id


def _tell(tx: Transaction, record: Mapping[str, Any]) -> None:
    """Let the store's webhook know, also if that was the last one."""
    if not webhooks.is_on(tx, record["store_id"]):
        return
    now_is = wanted(tx, purchase_id=record["id"]) or record
    events = ["downloaded"]
    if _refusal(now_is, now()) is not None:
        events.append("limit_reached")
    for event in events:
        tell(tx, event, now_is)


def tell(tx: Transaction, what: str, purchase: Mapping[str, Any]) -> None:
    """Let the store's webhook know what happened to a purchase; not its secrets."""
    webhooks.note(
        tx,
        f"downloadable_purchase.{what}",
        purchase["store_id"],
        lambda: webhooks.shown(tx, "/downloadable_purchases/{id}", purchase, TOLD),
    )


def _count(tx: Transaction, record: Mapping[str, Any], moment: int) -> None:
    """Count a download in the one statement that decides whether there is one left."""
    # Their product may be more than either can be.
    most = cast(_P.max_downloads, BigInteger) * _P.quantity
    window = cast(_P.download_window_hours, BigInteger) * HOUR
    counted = tx.execute(
        update(DOWNLOADABLE_PURCHASES)
        .where(
            _P.id == record["id"],
            _P.is_active,
            or_(_P.expires_at.is_(None), _P.expires_at > moment),
            or_(
                _P.download_window_hours == 0,
                _P.date_created + window > moment,
            ),
            or_(most == 0, _P.number_of_downloads < most),
        )
        .values(
            number_of_downloads=_P.number_of_downloads + 1,
            first_download_time=case(
                (_P.first_download_time.is_(None), moment), else_=_P.first_download_time
            ),
            date_counted=moment,
        )
    )
    if not counted:
        # It has changed since it was looked up.
        now_is = wanted(tx, purchase_id=record["id"]) or {**record, "is_active": False}
        ensure_granted(now_is, moment)
        raise _refusal(now_is, moment) or DownloadsUsedUp("nothing is left of it")
    tx.execute(
        update(DOWNLOADABLES)
        .where(_D.id == record["downloadable_id"])
        .values(number_of_downloads=_D.number_of_downloads + 1, date_counted=moment)
    )
    listing.note_change(tx, record["store_id"], PURCHASES)
    listing.note_change(tx, record["store_id"], downloadables.COLLECTION)


def end(database: Database, store_id: int, download_id: int, sent: int) -> None:
    """Note what was sent in one request of a download; it is whole once all was."""
    is_whole = _S.bytes_sent + sent >= _S.file_size
    with database.writing() as tx:
        tx.execute(
            update(DOWNLOADS)
            .where(_S.id == download_id)
            .values(
                bytes_sent=_S.bytes_sent + sent,
                # How far it came is not known of what another server sends.
                outcome=case(
                    (is_whole, "completed"),
                    (_S.outcome == "redirected", "redirected"),
                    else_="broken",
                ),
                revision=_S.revision + 1,
                date_modified=now(),
            )
        )
        listing.note_change(tx, store_id, COLLECTION)


def close_all(tx: Transaction, purchase_id: int) -> None:
    """Let no request go on with a download of a purchase."""
    tx.execute(
        update(DOWNLOADS)
        .where(and_(_S.downloadable_purchase_id == purchase_id, _S.open_until > now()))
        .values(open_until=0)
    )
