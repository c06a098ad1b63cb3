"""Pages and totals of a collection, in as many queries as it takes: at most two."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import Column, Table, bindparam, func, select, update
from sqlalchemy.sql import Select

from app.database import Row, Snapshot, Statement, Transaction
from app.models import COLLECTION_STATES

_STATE = Statement(
    select(COLLECTION_STATES.c.total, COLLECTION_STATES.c.version).where(
        COLLECTION_STATES.c.store_id == bindparam("store_id"),
        COLLECTION_STATES.c.collection == bindparam("collection"),
    )
)


def _state(db: Snapshot, store_id: int | None, collection: str) -> Row:
    return db.row(_STATE, store_id=store_id, collection=collection) or (0, 0)


def version(db: Snapshot, store_id: int, collection: str) -> int:
    """Give a number that is higher after each change of a store's collection."""
    return int(_state(db, store_id, collection)[1])


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows of a collection, and how many there are in all."""

    rows: list[Row]
    total: int


@dataclass(frozen=True, eq=False)
class Listing:
    """The rows of a select that belong to one owner, in the order of their ids."""

    select: Select[Any]
    table: Table
    owner: str | None
    kept: str | None = None
    """The name of the kept total that counts the rows under `kept_filters`."""
    kept_filters: tuple[tuple[str, Any], ...] = ()

    def page(
        self,
        db: Snapshot,
        owner_id: int | None,
        filters: Mapping[str, Any],
        *,
        limit: int,
        offset: int,
        **given: Any,
    ) -> Page:
        """Read a page; `filters` are columns and the values they must equal.

        What else is `given` are parameters of the select.
        """
        names = tuple(sorted(filters))
        values = {f"filter_{name}": filters[name] for name in names}
        if self.owner:
            values["owner_id"] = owner_id
        total = self._total(db, filters, names, values)
        rows = []
        if limit and offset < total:
            statement = _page_statement(self, names)
            rows = db.rows(statement, limit=limit, offset=offset, **values, **given)
        return Page(rows, total)

    def _total(
        self,
        db: Snapshot,
        filters: Mapping[str, Any],
        names: tuple[str, ...],
        values: dict[str, Any],
    ) -> int:
        if self.kept and tuple(sorted(filters.items())) == self.kept_filters:
            return int(_state(db, values["owner_id"], self.kept)[0])
        return int(db.value(_count_statement(self, names), **values))

    def conditions(self, names: tuple[str, ...]) -> list[Any]:
        """Give the conditions on the owner and on the filtered columns."""
        columns: list[tuple[str, Column[Any]]] = [
            (f"filter_{name}", self.table.c[name]) for name in names
        ]
        if self.owner:
            columns.insert(0, ("owner_id", self.table.c[self.owner]))
        return [column == bindparam(name) for name, column in columns]


@lru_cache(maxsize=512)
def _page_statement(listing: Listing, names: tuple[str, ...]) -> Statement:
    # The page's ids come from an index alone; only its rows are then joined.
    ids = (
        select(listing.table.c.id)
        .where(*listing.conditions(names))
        .order_by(listing.table.c.id)
        .limit(bindparam("limit"))
        .offset(bindparam("offset"))
        .subquery("page")
    )
    return Statement(
        listing.select.join(ids, ids.c.id == listing.table.c.id).order_by(
            listing.table.c.id
        )
    )


@lru_cache(maxsize=512)
def _count_statement(listing: Listing, names: tuple[str, ...]) -> Statement:
    return Statement(
        select(func.count().label("total"))
        .select_from(listing.table)
        .where(*listing.conditions(names))
    )


def start_counting(tx: Transaction, store_id: int, *collections: str) -> None:
    """Make the kept totals of a new store."""
    for name in collections:
        values = {"store_id": store_id, "collection": name, "total": 0, "version": 1}
        tx.insert(COLLECTION_STATES, values)


def note_change(
    tx: Transaction, store_id: int, collection: str | None = None, added: int = 0
) -> None:
    """Keep total and version of a store's collection, or the versions of all."""
    states = COLLECTION_STATES.c
    statement = (
        update(COLLECTION_STATES)
        .where(states.store_id == store_id)
        .values(total=states.total + added, version=states.version + 1)
    )
    if collection is not None:
        statement = statement.where(states.collection == collection)
    tx.execute(statement)
