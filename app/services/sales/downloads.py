"""Downloads: grant, count and record them.

A download is a session: the first request that gets bytes, and all requests that follow
while bytes are sent or within some minutes after, so that an interrupted download can
be resumed. A session is opened and counted in one SQL statement, so that two
simultaneous requests never share the last download.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Integer,
    and_,
    bindparam,
    case,
    cast,
    false,
    func,
    literal,
    null,
    or_,
    select,
    true,
    type_coerce,
    update,
)
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from app.database import Database, RowStatement, Snapshot, Statement, Transaction
from app.engines import SQLITE
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
    FILE_COUNTS,
    FILES,
    STORES,
    VERSIONS,
    Collection,
)
from app.services.catalogue.main_files import IS_MAIN
from app.services.clock import now
from app.services.principal import Principal
from app.services.rows import listing
from app.services.rows.changes import bump_collection, insert_row, update_rows
from app.services.rows.row_types import (
    DownloadRow,
    ListedFileRow,
    MainFileTextsRow,
    PurchaseDetailsRow,
    PurchasedFileRow,
)
from app.services.rows.tenancy import find_scoped
from app.services.sales import statistics
from app.services.webhooks import outbox
from schemas.values.dates import LATEST

EVENT_PROPERTIES = (
    "id",
    "downloadable_id",
    "order_id",
    "customer_id",
    "number_of_downloads",
)
"""What webhooks are told of a purchase."""

COMPLETED, REDIRECTED = "completed", "redirected"
HOUR, DAY = 3600, 86_400
SLOWEST = 10_000
"""Bytes a second at which a file is sent at least; a day more may pass between."""

MOST_SENT = 2
"""How often the bytes of a file may be sent in a session that slides."""

CLOSED = 900
"""Seconds after which a customer of a closed store may try again."""

_P, _D, _V, _S, _F, _N = (
    DOWNLOADABLE_PURCHASES.c,
    DOWNLOADABLES.c,
    VERSIONS.c,
    DOWNLOADS.c,
    FILES.c,
    FILE_COUNTS.c,
)
SOURCE = listing.register_source(
    name="download",
    table=DOWNLOADS,
    columns=tuple(
        column
        for column in listing.shown_columns(DOWNLOADS)
        if column.name not in {"version_id", "file_id", "open_until"}
    ),
    joined=DOWNLOADS,
    searched=None,
)
_BY_ID = RowStatement(
    DownloadRow,
    SOURCE.rows()
    .add_columns(STORES.c.date_modified.label("store_modified"), _S.revision)
    .where(_S.id == bindparam("id")),
)
# What a customer gets is the version that the purchase names, else the current one.
WITH_FILE = (
    DOWNLOADABLE_PURCHASES.join(DOWNLOADABLES, _D.id == _P.downloadable_id)
    .outerjoin(FILES, and_(_F.downloadable_id == _P.downloadable_id, IS_MAIN))
    .outerjoin(VERSIONS, _V.id == func.coalesce(_P.version_id, _F.version_id))
)
# Unless there is an external URL, for this purchase or for all.
EXTERNAL_URL = func.coalesce(_P.url, case((_P.version_id.is_(None), _F.url)))
_GRANTED = (
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
    _P.download_passcode,
    _P.date_created,
    STORES.c.is_maintenance_mode,
    STORES.c.timezone,
    _D.name,
)
_BLOB = (
    _V.id.label("version_id"),
    _V.blob_key,
    _V.file_name,
    _V.file_size,
    _V.file_type,
    _V.file_sha256,
    _V.upload_date,
)
_MAIN_FILE = select(
    *_GRANTED,
    *_BLOB,
    EXTERNAL_URL.label("url"),
    _V.number.label("version"),
    _P.number_of_downloads,
    _F.id.label("file_id"),
    true().label("is_main"),
).select_from(WITH_FILE.join(STORES, STORES.c.id == _P.store_id))
_COUNTED = and_(_N.downloadable_purchase_id == _P.id, _N.file_id == _F.id)
_OTHER_FILES = select(
    *_GRANTED,
    *_BLOB,
    _F.url,
    type_coerce(null(), Integer).label("version"),
    func.coalesce(_N.number_of_downloads, 0).label("number_of_downloads"),
    _F.id.label("file_id"),
    false().label("is_main"),
    _F.name.label("shown_name"),
    _F.title,
    _F.alt,
).select_from(
    DOWNLOADABLE_PURCHASES.join(STORES, STORES.c.id == _P.store_id)
    .join(DOWNLOADABLES, _D.id == _P.downloadable_id)
    .join(FILES, and_(_F.downloadable_id == _P.downloadable_id, ~IS_MAIN))
    .outerjoin(VERSIONS, _V.id == _F.version_id)
    .outerjoin(FILE_COUNTS, _COUNTED)
)
_OF_PURCHASE = _P.id == bindparam("purchase_id")
_OF_PASSCODE = _P.download_passcode == bindparam("passcode")
_IS_FILE = _F.id == bindparam("file_id")
_MAIN_BY_ID = RowStatement(PurchasedFileRow, _MAIN_FILE.where(_OF_PURCHASE))
_MAIN_BY_PASSCODE = RowStatement(PurchasedFileRow, _MAIN_FILE.where(_OF_PASSCODE))
_OTHER_BY_ID = RowStatement(ListedFileRow, _OTHER_FILES.where(_OF_PURCHASE, _IS_FILE))
_OTHER_BY_PASSCODE = RowStatement(
    ListedFileRow, _OTHER_FILES.where(_OF_PASSCODE, _IS_FILE)
)
_OTHERS = RowStatement(
    ListedFileRow,
    _OTHER_FILES.where(_OF_PURCHASE, ~_F.is_archived).order_by(_F.position),
)
_OF_CUSTOMER = Statement(
    select(_P.id, _F.id.label("file_id"))
    .select_from(
        DOWNLOADABLE_PURCHASES.join(
            FILES, _F.downloadable_id == _P.downloadable_id
        ).join(DOWNLOADABLES, _D.id == _P.downloadable_id)
    )
    .join(
        VERSIONS,
        _V.id
        == case(
            (IS_MAIN, func.coalesce(_P.version_id, _F.version_id)),
            else_=_F.version_id,
        ),
    )
    .where(
        _P.store_id == bindparam("store_id"),
        _P.customer_id == bindparam("customer_id"),
        _V.blob_key == bindparam("key"),
    )
    .order_by(_P.id.desc(), _F.id)
)
_MAIN_DETAILS = RowStatement(
    MainFileTextsRow,
    select(_F.name.label("shown_name"), _F.title, _F.alt, _F.is_archived).where(
        _F.id == bindparam("file_id")
    ),
)
_ABOUT = RowStatement(
    PurchaseDetailsRow,
    select(
        _D.id,
        _D.store_id,
        _D.name,
        _D.description,
        _D.language,
        _D.translation_count,
        STORES.c.store_name,
        STORES.c.timezone,
    )
    .select_from(DOWNLOADABLES.join(STORES, STORES.c.id == _D.store_id))
    .where(_D.id == bindparam("id")),
)
_OPEN_FILES = Statement(
    select(_S.version_id, _S.file_id).where(
        _S.downloadable_purchase_id == bindparam("purchase_id"),
        _S.open_until > bindparam("moment"),
    )
)
_FIRST_TIME = Statement(select(_P.first_download_time).where(_P.id == bindparam("id")))
_OPEN = Statement(
    select(_S.id).where(
        _S.downloadable_purchase_id == bindparam("purchase_id"),
        _S.version_id.is_not_distinct_from(bindparam("version_id")),
        _S.file_id.is_not_distinct_from(bindparam("file_id")),
        _S.open_until > bindparam("moment"),
    )
)

IN_STORE = listing.Listing(
    SOURCE,
    owner="store_id",
    counter=Collection.DOWNLOADS,
    default_filter=listing.Selection(),
)
OF_DOWNLOADABLE = listing.Listing(SOURCE, owner="downloadable_id")
OF_PURCHASE = listing.Listing(SOURCE, owner="downloadable_purchase_id")


@dataclass(frozen=True, slots=True)
class Customer:
    """The client of a download, as far as it is recorded."""

    address: str
    user_agent: str


def find_download(db: Snapshot, principal: Principal, download_id: int) -> DownloadRow:
    """Return a download of a store that the token may access. Raise `NotFound`."""
    return find_scoped(db, _BY_ID, principal, download_id)


def downloads_version(db: Snapshot, store_id: int) -> int:
    """Return the version of a store's downloads."""
    return listing.collection_version(db, store_id, Collection.DOWNLOADS)


def find_by_passcode(
    db: Snapshot, passcode: str, file_id: int | None = None
) -> PurchasedFileRow | None:
    """Return the purchase of a link with one of its files, or None.

    Without a `file_id` it is the main file.
    """
    statements = _MAIN_BY_PASSCODE, _OTHER_BY_PASSCODE
    return _find_with_file(db, statements, file_id, passcode=passcode)


def get_unscoped(
    db: Snapshot, purchase_id: int, file_id: int | None = None
) -> PurchasedFileRow | None:
    """Return a purchase with one of its files, without a tenancy check, or None.

    Without a `file_id` it is the main file.
    """
    statements = _MAIN_BY_ID, _OTHER_BY_ID
    return _find_with_file(db, statements, file_id, purchase_id=purchase_id)


def _find_with_file(
    db: Snapshot,
    statements: tuple[RowStatement[PurchasedFileRow], RowStatement[ListedFileRow]],
    file_id: int | None,
    **key: Any,
) -> PurchasedFileRow | None:
    of_main, of_other = statements
    if file_id is not None:
        other = db.typed_record(of_other, **key, file_id=file_id)
        if other is not None:
            return other
    main = db.typed_record(of_main, **key)
    if main is None or file_id is None or main["file_id"] == file_id:
        return main
    return None


def files_of_purchase(db: Snapshot, main: PurchasedFileRow) -> list[ListedFileRow]:
    """Return all files of the purchase that a link belongs to."""
    found = db.typed_records(_OTHERS, purchase_id=main["id"])
    if main["url"] is None and main["version_id"] is None:
        return found
    texts = db.typed_record(_MAIN_DETAILS, file_id=main["file_id"])
    if texts is None:
        # One that this customer alone has, of a downloadable without any.
        texts = {"shown_name": "", "title": "", "alt": "", "is_archived": False}
    if texts["is_archived"]:
        return found
    listed: ListedFileRow = {
        **main,
        "shown_name": texts["shown_name"],
        "title": texts["title"],
        "alt": texts["alt"],
    }
    return [listed, *found]


def find_purchase_of_blob(
    db: Snapshot, store_id: int, customer_id: str, key: str, moment: int
) -> PurchasedFileRow:
    """Return the purchase by which a customer may download a blob, with its file.

    Raise `NotFound` where there is none, and `RequestError` where nothing is left.
    """
    refusal: RequestError = NotFound("this customer has bought nothing with it")
    whose = {"store_id": store_id, "customer_id": customer_id}
    for purchase_id, file_id in db.rows(_OF_CUSTOMER, **whose, key=key):
        # The newest purchase comes first; an older one is used only if it still allows
        # a download.
        record = get_unscoped(db, purchase_id, file_id)
        if record is None:
            continue
        try:
            ensure_granted(record, moment)
            ensure_downloads_remain(record, moment)
        except RequestError as error:
            refusal = error
        else:
            return record
    raise refusal


def ensure_granted(record: PurchasedFileRow, moment: int) -> None:
    """Raise `RequestError` for what no download may pass, under way or not."""
    # Checked first: while a store is down, its customers should not read that a link
    # expired.
    if record["is_maintenance_mode"]:
        raise Unavailable(
            "this store is down for maintenance; please try again in a few minutes",
            retry_after=CLOSED,
        )
    if not record["is_active"]:
        raise PurchaseRevoked("the store has withdrawn this purchase")
    expires = record["expires_at"]
    if expires is not None and expires <= moment:
        raise PurchaseExpired("the download period of this purchase has ended")
    if record["url"] is None and record["version_id"] is None:
        raise FileNotThere(
            "the store has not put the file there yet; try again later",
            retry_after=CLOSED,
        )


def ensure_downloads_remain(record: PurchasedFileRow, moment: int) -> None:
    """Raise `RequestError` for a new download outside of the limits."""
    refusal = _refusal(record, moment)
    if refusal:
        raise refusal


def _refusal(record: PurchasedFileRow, moment: int) -> RequestError | None:
    hours = record["download_window_hours"]
    if hours and record["date_created"] + hours * HOUR <= moment:
        unit = "hour" if hours == 1 else "hours"
        return DownloadWindowOver(
            f"this purchase could be downloaded for {hours} {unit}, which have passed"
        )
    most = record["max_downloads"] * record["quantity"]
    if most and record["number_of_downloads"] >= most:
        number = "one download" if most == 1 else f"{most} downloads"
        return DownloadsUsedUp(
            f"this purchase includes {number}, and all have been used"
        )
    return None


def remaining_downloads(record: PurchasedFileRow) -> int | None:
    """Return the number of downloads that remain of a file, None if unlimited."""
    most = record["max_downloads"] * record["quantity"]
    return max(0, most - record["number_of_downloads"]) if most else None


def expires_at(record: PurchasedFileRow) -> int | None:
    """Return the end of a purchase's download period in seconds UTC, or None."""
    hours = record["download_window_hours"]
    ends = [record["date_created"] + hours * HOUR] if hours else []
    if record["expires_at"] is not None:
        ends.append(record["expires_at"])
    # What is later than any calendar is as good as never.
    return min((end for end in ends if end <= LATEST), default=None)


def download_details(db: Snapshot, record: PurchasedFileRow) -> PurchaseDetailsRow:
    """Return the texts that the download page shows. Raise `NotFound`."""
    found = db.typed_record(_ABOUT, id=record["downloadable_id"])
    if found is None:
        raise NotFound
    return found


class DownloadedFile(NamedTuple):
    """The file of a download: a version of the main file, or another file.

    Both are None for a main file with an external URL.
    """

    version_id: int | None
    file_id: int | None


def downloaded_file(record: PurchasedFileRow) -> DownloadedFile:
    """Return the file of a purchase that a record belongs to."""
    if not record["is_main"]:
        return DownloadedFile(None, record["file_id"])
    has_url = record["url"] is not None
    return DownloadedFile(None if has_url else record["version_id"], None)


def open_files(
    db: Snapshot, purchase_id: int, moment: int
) -> frozenset[DownloadedFile]:
    """Return the files of a purchase whose downloads are open."""
    rows = db.rows(_OPEN_FILES, purchase_id=purchase_id, moment=moment)
    return frozenset(DownloadedFile(*row) for row in rows)


def open_download(db: Snapshot, record: PurchasedFileRow, moment: int) -> int | None:
    """Return the id of the open download that this request would resume, or None."""
    which = downloaded_file(record)._asdict()
    found = db.value(_OPEN, purchase_id=record["id"], moment=moment, **which)
    return None if found is None else int(found)


def begin_download(
    database: Database,
    record: PurchasedFileRow,
    customer: Customer,
    *,
    minutes: int,
    sending: int = 0,
    outcome: str = "started",
) -> int:
    """Resume a download, or open one and count it; return its id.

    Its session lasts `minutes`, and the seconds that `sending` it takes elsewhere.
    Raise `RequestError` where there is none left.
    """
    with database.writing() as tx:
        moment = now()
        # Looked up again inside the transaction: two requests may have started
        # together.
        found = open_download(tx, record, moment)
        if found is not None:
            return found
        is_first = tx.value(_FIRST_TIME, id=record["id"]) is None
        _count(tx, record, moment)
        statistics.add_download(
            tx,
            record,
            moment,
            is_first=is_first,
            is_redirected=outcome == REDIRECTED,
        )
        download_id = insert_row(
            tx,
            DOWNLOADS,
            {
                "store_id": record["store_id"],
                "downloadable_purchase_id": record["id"],
                "downloadable_id": record["downloadable_id"],
                **downloaded_file(record)._asdict(),
                "version": None if record["url"] else record["version"],
                "file_name": None if record["url"] else record["file_name"],
                "file_size": None if record["url"] else record["file_size"],
                # Another request may have begun a second before: 0 is never open.
                "open_until": moment + minutes * 60 + sending if minutes else 0,
                "bytes_sent": 0,
                "outcome": outcome,
                "address": customer.address,
                "user_agent": customer.user_agent,
            },
            collection=Collection.DOWNLOADS,
        )
        _emit(tx, record)
    return download_id


def _emit(tx: Transaction, record: PurchasedFileRow) -> None:
    """Enqueue an event of a download, and another if none is left."""
    # Saves two queries for each download of a store without a webhook.
    if not outbox.is_on(tx, record["store_id"]):
        return
    now_is = get_unscoped(tx, record["id"]) or record
    events = ["downloadable_purchase.downloaded"]
    if _refusal(now_is, now()) is not None:
        events.append("downloadable_purchase.limit_reached")
    for event in events:
        emit_event(tx, event, now_is)


def emit_event(tx: Transaction, event: str, purchase: Mapping[str, Any]) -> None:
    """Enqueue an event of a purchase, without its secrets."""
    outbox.enqueue(
        tx,
        event,
        purchase["store_id"],
        lambda: outbox.event_data(
            tx, "/downloadable_purchases/{id}", purchase, EVENT_PROPERTIES
        ),
    )


def _count(tx: Transaction, record: PurchasedFileRow, moment: int) -> None:
    """Count a download in the one statement that decides whether there is one left."""
    counted = (_count_main if record["is_main"] else _count_other)(tx, record, moment)
    if not counted:
        # It has changed since it was looked up.
        now_is = get_unscoped(tx, record["id"], record["file_id"])
        if now_is is None:
            now_is = {**record, "is_active": False}
        ensure_granted(now_is, moment)
        raise _refusal(now_is, moment) or DownloadsUsedUp("nothing is left of it")
    tx.execute(
        update(DOWNLOADABLES)
        .where(_D.id == record["downloadable_id"])
        .values(number_of_downloads=_D.number_of_downloads + 1, date_counted=moment)
    )
    bump_collection(tx, record["store_id"], Collection.PURCHASES)
    bump_collection(tx, record["store_id"], Collection.DOWNLOADABLES)


def _most() -> ColumnElement[int]:
    """Return the download limit of a file; 0 is unlimited."""
    # Their product may be more than either can be.
    return cast(_P.max_downloads, BigInteger) * _P.quantity


def _is_open(purchase_id: int, moment: int) -> ColumnElement[bool]:
    """Return the condition that a purchase may be downloaded now, limits aside."""
    window = cast(_P.download_window_hours, BigInteger) * HOUR
    return and_(
        _P.id == purchase_id,
        _P.is_active,
        or_(_P.expires_at.is_(None), _P.expires_at > moment),
        or_(_P.download_window_hours == 0, _P.date_created + window > moment),
    )


def _count_main(tx: Transaction, record: PurchasedFileRow, moment: int) -> int:
    most = _most()
    return tx.execute(
        update(DOWNLOADABLE_PURCHASES)
        .where(
            _is_open(record["id"], moment),
            # The limit stands in the WHERE clause, so that check and count are one
            # step.
            or_(most == 0, _P.number_of_downloads < most),
        )
        .values(
            number_of_downloads=_P.number_of_downloads + 1,
            first_download_time=_first(moment),
            date_counted=moment,
        )
    )


def _first(moment: int) -> ColumnElement[int]:
    return case(
        (_P.first_download_time.is_(None), moment), else_=_P.first_download_time
    )


def _count_other(tx: Transaction, record: PurchasedFileRow, moment: int) -> int:
    """Count a file that is not the main one, which has a count of its own."""
    key = ("downloadable_purchase_id", "file_id")
    # Whoever comes first makes the row; then it is there for all.
    insert = sqlite_insert if tx.dialect.name == SQLITE else postgresql_insert
    both = select(_P.id, _F.id, literal(0)).where(
        _P.id == record["id"],
        _F.id == record["file_id"],
        _F.downloadable_id == _P.downloadable_id,
    )
    # Where either has gone meanwhile, there is none.
    row = insert(FILE_COUNTS).from_select([*key, "number_of_downloads"], both)
    tx.execute(row.on_conflict_do_nothing())
    most = select(_most()).where(_is_open(record["id"], moment)).scalar_subquery()
    counted = tx.execute(
        update(FILE_COUNTS)
        .where(
            _N.downloadable_purchase_id == record["id"],
            _N.file_id == record["file_id"],
            # No number is less than that of a purchase that is closed: null.
            or_(most == 0, _N.number_of_downloads < most),
        )
        .values(number_of_downloads=_N.number_of_downloads + 1)
    )
    if counted:
        tx.execute(
            update(DOWNLOADABLE_PURCHASES)
            .where(_P.id == record["id"])
            .values(first_download_time=_first(moment), date_counted=moment)
        )
    return counted


def extend_sessions(
    database: Database, download_ids: Sequence[int], minutes: int
) -> None:
    """Extend the sessions of downloads whose bytes flow.

    One that a reset has ended stays so.
    """
    with database.writing() as tx:
        tx.execute(
            update(DOWNLOADS)
            .where(_S.id.in_(download_ids), _may_extend(_S.bytes_sent))
            .values(open_until=_later(now() + minutes * 60))
        )


def _may_extend(sent: ColumnElement[int]) -> ColumnElement[bool]:
    """Return the condition that a session is extended after so many bytes.

    What breaks off may have to be sent again, though not for ever: a link that is
    passed on would never close.
    """
    is_unfinished = or_(_S.file_size.is_(None), sent < MOST_SENT * _S.file_size)
    return and_(_S.open_until > 0, is_unfinished)


def _later(moment: int) -> ColumnElement[int]:
    return case((_S.open_until < moment, moment), else_=_S.open_until)


def end_download(
    database: Database, store_id: int, download_id: int, sent: int, minutes: int
) -> None:
    """Record what was sent in one request of a download.

    It is whole once all was sent; until then its session lasts for some minutes more.
    """
    total = _S.bytes_sent + sent
    # A resumed download may send some bytes twice.
    is_whole = total >= _S.file_size
    moment = now()
    # Who asks for a byte an hour does not keep it open for ever.
    longest = DAY + _S.file_size / SLOWEST
    slides = and_(
        literal(sent > 0), _may_extend(total), _S.date_created + longest > moment
    )
    with database.writing() as tx:
        before = statistics.started_download(tx, download_id)
        changes = {
            "bytes_sent": total,
            "open_until": case(
                (slides, _later(moment + minutes * 60)), else_=_S.open_until
            ),
            # How far it came is not known of what another server sends.
            "outcome": case(
                (is_whole, COMPLETED),
                (_S.outcome == REDIRECTED, REDIRECTED),
                else_="broken",
            ),
        }
        is_changed = update_rows(tx, DOWNLOADS, _S.id == download_id, changes)
        if is_changed and before:
            statistics.add_bytes(
                tx, before, sent, is_completed=_is_completed(before, sent)
            )
            bump_collection(tx, store_id, Collection.DOWNLOADS)


def _is_completed(before: Mapping[str, Any], sent: int) -> bool:
    """Return whether the sent bytes complete the download just now."""
    size = before["file_size"]
    is_whole = size is not None and before["bytes_sent"] + sent >= size
    return is_whole and before["outcome"] != COMPLETED


def close_sessions(tx: Transaction, purchase_id: int) -> None:
    """Close all sessions of a purchase: no download of it can be resumed."""
    tx.execute(
        update(DOWNLOADS)
        .where(and_(_S.downloadable_purchase_id == purchase_id, _S.open_until > 0))
        .values(open_until=0)
    )
