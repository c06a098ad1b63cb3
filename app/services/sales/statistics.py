"""Sums of a store's downloads and refusals, by day, downloadable or outcome.

Downloads are summed in the transactions that count and end them. Refusals are noted in
memory and written every second: who is refused must not wait for a writer, and the sum
is not worth a write for each of many wrong requests.
"""

import threading
from collections import Counter
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    CompoundSelect,
    Select,
    Table,
    bindparam,
    cast,
    func,
    select,
    union_all,
)
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from app.database import Database, Snapshot, Statement, Transaction
from app.engines import SQLITE
from app.models import (
    DOWNLOAD_DAYS,
    DOWNLOAD_MONTHS,
    DOWNLOADABLES,
    DOWNLOADS,
    REFUSAL_DAYS,
    STORE_DAYS,
    STORES,
    VERSIONS,
)
from schemas.values.dates import day_text

SUMS = ("downloads", "purchases", "completed", "redirected", "bytes_sent")
MOST_GROUPS = 1000
"""Groups of one answer: days, or downloadables."""

MONTH = len("2026-11")
NO_MONTH = "9999-13"
DAY = timedelta(days=1)
LAST_DAY = date(9999, 11, 30)
"""Python has no month after December 9999; no download is of these days."""

_D, _M = DOWNLOAD_DAYS.c, DOWNLOAD_MONTHS.c
_R, _W = REFUSAL_DAYS.c, DOWNLOADS.c


class Period(NamedTuple):
    """The first and the last day of a statistic, as texts: 2026-11-30."""

    start: str
    end: str


# -- counting -----------------------------------------------------------------


def add_download(
    tx: Transaction,
    record: Mapping[str, Any],
    moment: int,
    *,
    is_first: bool,
    is_redirected: bool,
) -> None:
    """Add a download that begins to the sums of its day and month."""
    _add_sums(
        tx,
        record,
        day_text(moment, record["timezone"]),
        downloads=1,
        purchases=int(is_first),
        redirected=int(is_redirected),
    )


def add_bytes(
    tx: Transaction, download: Mapping[str, Any], sent: int, *, is_completed: bool
) -> None:
    """Add what was sent to the sums of the day and month when a download began."""
    # Where the store's time zone was changed meanwhile, that may be another day. The
    # sums of a longer period are right even so.
    day = day_text(download["date_created"], download["timezone"])
    _add_sums(tx, download, day, completed=int(is_completed), bytes_sent=sent)


def _add_sums(
    tx: Transaction, record: Mapping[str, Any], day: str, **more: int
) -> None:
    sums = {**dict.fromkeys(SUMS, 0), **more}
    store = {"store_id": record["store_id"]}
    item = {"downloadable_id": record["downloadable_id"]}
    _add(tx, DOWNLOAD_DAYS, {**store, "day": day, **item}, sums)
    _add(tx, STORE_DAYS, {**store, "day": day}, sums)
    _add(tx, DOWNLOAD_MONTHS, {**store, "month": day[:MONTH], **item}, sums)


def _add(
    tx: Transaction, table: Table, key: Mapping[str, Any], sums: Mapping[str, int]
) -> None:
    insert = sqlite_insert if tx.dialect.name == SQLITE else postgresql_insert
    row = insert(table).values(**key, **sums)
    more = {name: table.c[name] + number for name, number in sums.items()}
    tx.execute(row.on_conflict_do_update(index_elements=list(key), set_=more))


class Refusals:
    """The refusals that are to be written down, by store, day, item and reason."""

    def __init__(self) -> None:
        self._noted: Counter[tuple[int, str, int, str]] = Counter()
        self._lock = threading.Lock()

    def record(self, record: Mapping[str, Any], reason: str, moment: int) -> None:
        """Note that a download was refused."""
        day = day_text(moment, record["timezone"])
        with self._lock:
            self._noted[record["store_id"], day, record["downloadable_id"], reason] += 1

    def write(self, database: Database) -> None:
        """Write the noted refusals in one transaction."""
        with self._lock:
            noted, self._noted = self._noted, Counter()
        if not noted:
            return
        try:
            self._write(database, noted)
        except BaseException:
            # They are written the next time.
            with self._lock:
                self._noted.update(noted)
            raise

    def _write(
        self, database: Database, noted: Mapping[tuple[int, str, int, str], int]
    ) -> None:
        with database.writing() as tx:
            for (store_id, day, item_id, reason), number in noted.items():
                if tx.value(_STORE, id=store_id) is None:
                    # It was deleted since, with all of its sums.
                    continue
                key = {
                    "store_id": store_id,
                    "day": day,
                    "downloadable_id": item_id,
                    "reason": reason,
                }
                _add(tx, REFUSAL_DAYS, key, {"refusals": number})


# -- reading ------------------------------------------------------------------


# The days of a store, or of a downloadable: some hundred rows a year in both cases.
_DAYS = {"store_id": STORE_DAYS, "downloadable_id": DOWNLOAD_DAYS}


def _sums_of(columns: Any) -> tuple[Any, ...]:
    return tuple(
        # PostgreSQL sums a bigint to a numeric.
        cast(func.coalesce(func.sum(columns[name]), 0), BigInteger).label(name)
        for name in SUMS
    )


def _of_period(owner: str) -> tuple[Any, ...]:
    days = _DAYS[owner].c
    return (
        days[owner] == bindparam("owner_id"),
        days.day >= bindparam("start"),
        days.day <= bindparam("end"),
    )


_TOTALS = {
    owner: Statement(select(*_sums_of(table.c)).where(*_of_period(owner)))
    for owner, table in _DAYS.items()
}
_BY_DAY = {
    owner: Statement(
        select(table.c.day, *_sums_of(table.c))
        .where(*_of_period(owner))
        .group_by(table.c.day)
        .order_by(table.c.day.desc())
        .limit(MOST_GROUPS)
    )
    for owner, table in _DAYS.items()
}


_DAY_SUMS = select(_D.downloadable_id, *(_D[name] for name in SUMS))
_MONTH_SUMS = select(_M.downloadable_id, *(_M[name] for name in SUMS))
_OF_STORE = _D.store_id == bindparam("owner_id")
_WHOLE_MONTHS = union_all(
    _DAY_SUMS.where(
        _OF_STORE, _D.day >= bindparam("start"), _D.day < bindparam("whole_start")
    ),
    _MONTH_SUMS.where(
        _M.store_id == bindparam("owner_id"),
        _M.month >= bindparam("first_month"),
        _M.month <= bindparam("last_month"),
    ),
    _DAY_SUMS.where(
        _OF_STORE, _D.day > bindparam("whole_end"), _D.day <= bindparam("end")
    ),
)
"""The sums of a store's downloadables: of whole months, and of the days around."""


def _by_item(sums: Select[Any] | CompoundSelect[Any]) -> Statement:
    """Return the totals of sums for each downloadable."""
    parts = sums.subquery()
    return Statement(
        select(
            parts.c.downloadable_id,
            func.coalesce(DOWNLOADABLES.c.name, "").label("name"),
            *_sums_of(parts.c),
        )
        .select_from(
            parts.outerjoin(
                DOWNLOADABLES, DOWNLOADABLES.c.id == parts.c.downloadable_id
            )
        )
        .group_by(parts.c.downloadable_id, DOWNLOADABLES.c.name)
        .order_by(func.sum(parts.c.downloads).desc(), parts.c.downloadable_id)
        .limit(bindparam("most"))
    )


_BY_ITEM = {
    "store_id": _by_item(_WHOLE_MONTHS),
    # One downloadable has a row a day, which an index finds.
    "downloadable_id": _by_item(_DAY_SUMS.where(*_of_period("downloadable_id"))),
}
_REFUSALS = {
    owner: Statement(
        select(_R.reason, cast(func.sum(_R.refusals), BigInteger).label("refusals"))
        .where(
            _R[owner] == bindparam("owner_id"),
            _R.day >= bindparam("start"),
            _R.day <= bindparam("end"),
        )
        .group_by(_R.reason)
        .order_by(func.sum(_R.refusals).desc(), _R.reason)
    )
    for owner in _DAYS
}
_STORE = Statement(select(STORES.c.id).where(STORES.c.id == bindparam("id")))
_STORED = Statement(
    select(
        cast(func.coalesce(func.sum(VERSIONS.c.file_size), 0), BigInteger).label("size")
    ).where(VERSIONS.c.store_id == bindparam("store_id"))
)
_STARTED = Statement(
    select(
        _W.store_id,
        _W.downloadable_id,
        _W.date_created,
        _W.outcome,
        _W.bytes_sent,
        _W.file_size,
        STORES.c.timezone,
    )
    .select_from(DOWNLOADS.join(STORES, STORES.c.id == _W.store_id))
    .where(_W.id == bindparam("id"))
)


def started_download(db: Snapshot, download_id: int) -> dict[str, Any] | None:
    """Return the columns of a download that the sums need, None if it was deleted."""
    return db.record(_STARTED, id=download_id)


def totals(db: Snapshot, owner: str, owner_id: int, period: Period) -> dict[str, int]:
    """Return the sums of a period; `owner` is store_id or downloadable_id."""
    found = db.record(_TOTALS[owner], owner_id=owner_id, **period._asdict()) or {}
    return {name: int(value) for name, value in found.items()}


def by_day(
    db: Snapshot, owner: str, owner_id: int, period: Period
) -> list[dict[str, Any]]:
    """Return the sums of each day that has some, the newest first."""
    return _records(db, _BY_DAY[owner], owner_id, period)


def by_downloadable(
    db: Snapshot, owner: str, owner_id: int, period: Period, most: int = MOST_GROUPS
) -> list[dict[str, Any]]:
    """Return the sums of each downloadable, the most downloaded first."""
    whole = _whole_months(period) if owner == "store_id" else {}
    return _records(db, _BY_ITEM[owner], owner_id, period, most=most, **whole)


def _whole_months(period: Period) -> dict[str, str]:
    """Return the whole months of a period, and the days in which they start and end.

    Without any, the days before `whole_start` are all days of the period.
    """
    start, end = (min(date.fromisoformat(day), LAST_DAY) for day in period)
    first = start if start.day == 1 else _next_month(start)
    after = _next_month(end) if (end + DAY).day == 1 else end.replace(day=1)
    if first >= after:
        first = after = end + DAY
    last = after - DAY
    return {
        "whole_start": first.isoformat(),
        "first_month": first.isoformat()[:MONTH] if first < after else NO_MONTH,
        "last_month": last.isoformat()[:MONTH] if first < after else "",
        "whole_end": last.isoformat(),
    }


def _next_month(day: date) -> date:
    """Return the first day of the month after that of a day."""
    return (day.replace(day=1) + timedelta(days=31)).replace(day=1)


def by_outcome(
    db: Snapshot, owner: str, owner_id: int, period: Period
) -> list[dict[str, Any]]:
    """Return how downloads ended, and how often customers were refused and why."""
    sums = totals(db, owner, owner_id, period)
    done = {name: sums[name] for name in ("completed", "redirected")}
    ended = {**done, "unfinished": sums["downloads"] - sum(done.values())}
    refused = _records(db, _REFUSALS[owner], owner_id, period)
    return [
        *({"outcome": name, "downloads": count} for name, count in ended.items()),
        *(
            {"outcome": row["reason"], "downloads": int(row["refusals"])}
            for row in refused
        ),
    ]


def _records(
    db: Snapshot, statement: Statement, owner_id: int, period: Period, **more: Any
) -> list[dict[str, Any]]:
    rows = db.rows(statement, owner_id=owner_id, **period._asdict(), **more)
    return [dict(zip(statement.columns, row, strict=True)) for row in rows]


def stored_bytes(db: Snapshot, store_id: int) -> int:
    """Return the size of all files of a store, old versions and the library too."""
    return int(db.value(_STORED, store_id=store_id))
