"""Pages of rows, their totals, and related rows.

A page costs two queries at most, and what is embedded in it one for each relation.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, get_type_hints

from sqlalchemy import (
    BigInteger,
    FromClause,
    Join,
    String,
    bindparam,
    func,
    select,
)
from sqlalchemy.sql import ColumnElement, Select

from app.caching import cache_short_keys
from app.database import R, Row, Snapshot, Statement
from app.models import COLLECTION_STATES, STORES, Collection
from app.services.rows.filters import (
    EVERYTHING,
    All,
    Columns,
    Compare,
    Condition,
    Exists,
    condition_size,
    parameter_name,
    parameterize,
    sql_expression,
)

CACHED_STATEMENTS = 128
LARGEST_CACHED = 16
"""Nodes of a condition whose statement is cached: one costs about 3 KB."""

ZONE, REVISION, SEARCHED = "timezone", "revision", "search_text"
COUNTED = "date_counted"

_STATES = COLLECTION_STATES.c
_STATE = Statement(
    select(_STATES.total, _STATES.version).where(
        _STATES.store_id == bindparam("store_id"),
        _STATES.collection == bindparam("collection"),
    )
)
_VERSIONS = Statement(
    select(func.coalesce(func.sum(_STATES.version), 0).label("version")).where(
        _STATES.store_id == bindparam("store_id")
    )
)
_ALL_VERSIONS = Statement(
    select(func.coalesce(func.sum(_STATES.version), 0).label("version"))
)


def collection_version(db: Snapshot, store_id: int, collection: Collection) -> int:
    """Return a number that is higher after each change of a store's collection."""
    return int(_state(db, store_id, collection)[1])


def collection_total(db: Snapshot, store_id: int, collection: Collection) -> int:
    """Return the kept total of a store's collection."""
    return int(_state(db, store_id, collection)[0])


def version_of_all(db: Snapshot, store_id: int | None) -> int:
    """Return a number that is higher after each change of anything a store has.

    Without a store, of anything that any store has.
    """
    if store_id is None:
        return int(db.value(_ALL_VERSIONS))
    return int(db.value(_VERSIONS, store_id=store_id))


def _state(db: Snapshot, store_id: int | None, collection: Collection) -> Row:
    """Return a collection's total and version; a snapshot is asked once."""
    key = store_id, collection
    # A page needs the version for its ETag and the total for its links.
    found = db.seen.get(key)
    if found is None:
        found = db.row(_STATE, store_id=store_id, collection=collection) or (0, 0)
        if db.is_constant:
            db.seen[key] = found
    return found


@dataclass(frozen=True, slots=True)
class Order:
    """A column to sort by; nulls come before everything."""

    column: str
    is_descending: bool = False


@dataclass(frozen=True, slots=True)
class Selection:
    """A condition on rows, and their order; ties are broken by the id."""

    condition: Condition = EVERYTHING
    order: tuple[Order, ...] = ()
    shape: Condition = field(init=False, compare=False)
    parameters: Mapping[str, Any] = field(init=False, compare=False)
    """The values of the condition by their names in a statement."""

    def __post_init__(self) -> None:
        """Split the condition once; a selection is used more often than it is made."""
        shape, values = parameterize(self.condition)
        names = [parameter_name(number) for number in range(len(values))]
        object.__setattr__(self, "shape", shape)
        object.__setattr__(self, "parameters", dict(zip(names, values, strict=True)))

    def also(self, column: str, value: int | bool | str) -> "Selection":  # noqa: FBT001 - a value
        """Narrow it to the rows whose column has a value."""
        return Selection(All((Compare(column, "=", value), self.condition)), self.order)


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows of a collection, and how many there are in all."""

    rows: list[Row]
    total: int


@dataclass(frozen=True, eq=False, kw_only=True)
class Source:
    """The source of rows of one resource type: its columns and joins.

    `columns` make a row, with the store's time zone as the last; `joined` is the
    table with all that they need. `searched` is the folded text of a search.
    """

    name: str
    table: FromClause
    columns: Sequence[ColumnElement[Any]]
    joined: FromClause
    searched: str | None = SEARCHED

    @property
    def names(self) -> tuple[str, ...]:
        """The names of a row's values, in their order."""
        names = [str(column.key) for column in self.columns]
        return tuple(names if self.is_store else [*names, ZONE])

    @property
    def is_store(self) -> bool:
        """Whether the rows are stores, which have their time zone themselves."""
        return self.table is STORES

    @property
    def by_name(self) -> dict[str, ColumnElement[Any]]:
        """The columns that a condition can be about."""
        found = {str(column.key): column for column in self.columns}
        if self.searched:
            found[self.searched] = self.table.c[self.searched]
        return found

    def rows_of_one_store(self) -> Select[Any]:
        """Select rows whose time zone, their store's, is a parameter."""
        if self.is_store:
            return select(*self.columns).select_from(self.joined)
        zone = bindparam(ZONE, type_=String).label(ZONE)
        return select(*self.columns, zone).select_from(self.joined)

    def rows(self) -> Select[Any]:
        """Select rows of any store."""
        if self.is_store:
            return select(*self.columns).select_from(self.joined)
        joined = self.joined.join(STORES, STORES.c.id == self.table.c.store_id)
        zone = STORES.c.timezone.label(ZONE)
        return select(*self.columns, zone).select_from(joined)


def shown_columns(
    table: FromClause, *, hidden: Iterable[str] = ()
) -> tuple[ColumnElement[Any], ...]:
    """Return the columns of a table but those that only the server needs."""
    left_out = {REVISION, SEARCHED, COUNTED, *hidden}
    return tuple(c for c in table.c if c.name not in left_out)


SOURCES: dict[str, Source] = {}
"""Every kind by its name, so that a condition can reach from one to another."""


def register_source(**parts: Any) -> Source:
    """Create the source of a kind and let conditions on other kinds find it."""
    made = Source(**parts)
    SOURCES[made.name] = made
    return made


@dataclass(frozen=True, eq=False)
class Listing:
    """The rows of a source that belong to one owner."""

    source: Source
    owner: str | None
    counter: Collection | None = None
    """The name of the kept total that counts the rows selected by `default_filter`."""
    default_filter: Selection = Selection()

    def page(
        self,
        db: Snapshot,
        owner_id: int | None,
        selection: Selection,
        *,
        limit: int,
        offset: int,
        **given: Any,
    ) -> Page:
        """Read a page of rows and the total; `given` are further parameters."""
        values = dict(selection.parameters)
        if self.owner:
            values["owner_id"] = owner_id
        total = self._total(db, selection, values)
        rows = []
        # Beyond the end there is nothing to read; OFFSET would still scan to it.
        if limit and offset < total:
            statement = _page_statement(self, selection.shape, selection.order)
            rows = db.rows(statement, limit=limit, offset=offset, **values, **given)
        return Page(rows, total)

    def first_rows(
        self,
        db: Snapshot,
        owner_id: int,
        condition: Condition,
        *,
        limit: int,
        **given: Any,
    ) -> list[Row]:
        """Read the first rows in the order of their ids, without counting them."""
        selection = Selection(condition)
        statement = _page_statement(self, selection.shape, ())
        values = {**selection.parameters, "owner_id": owner_id, **given}
        return db.rows(statement, limit=limit, offset=0, **values)

    def _total(self, db: Snapshot, selection: Selection, values: dict[str, Any]) -> int:
        if self.counter and selection.condition == self.default_filter.condition:
            return int(_state(db, values["owner_id"], self.counter)[0])
        return int(db.value(_count_statement(self, selection.shape), **values))

    def conditions(self, condition: Condition) -> list[ColumnElement[bool]]:
        """Return the conditions on the owner and on the rest."""
        found: list[ColumnElement[bool]] = []
        if self.owner:
            found.append(self.source.table.c[self.owner] == bindparam("owner_id"))
        if condition != EVERYTHING:
            found.append(sql_expression(condition, self.source.by_name, _exists))
        return found


def _exists(condition: Exists, columns: Columns) -> ColumnElement[bool]:
    target = SOURCES[condition.kind]
    # An alias of its own, so that a path may come back to where it began. It does not
    # depend on the outer row, so that each step is run once, not once a row.
    rows = select(*target.by_name.values()).select_from(target.joined).subquery()
    theirs = rows.c[condition.theirs]
    inner = sql_expression(condition.condition, dict(rows.c), _exists)
    found = select(theirs).where(theirs.is_not(None), inner)
    return columns[condition.ours].in_(found)


_cache_statements = cache_short_keys(
    lambda _listing, condition, _order=(): condition_size(condition),
    entries=CACHED_STATEMENTS,
    largest=LARGEST_CACHED,
)


@_cache_statements
def _page_statement(
    listing: Listing, condition: Condition, order: tuple[Order, ...]
) -> Statement:
    source = listing.source
    sorting = [*_sorting(source, order), source.table.c.id]
    conditions = listing.conditions(condition)
    # The page's ids come from an index alone; only its rows are then joined.
    ids = (
        select(source.table.c.id)
        .select_from(_needed_tables(source, [*conditions, *sorting]))
        .where(*conditions)
        .order_by(*sorting)
        .limit(bindparam("limit", type_=BigInteger))
        .offset(bindparam("offset", type_=BigInteger))
    )
    rows = source.rows_of_one_store()
    # Joining only the rows of the page keeps a large offset cheap.
    return Statement(rows.where(source.table.c.id.in_(ids)).order_by(*sorting))


def _sorting(source: Source, order: tuple[Order, ...]) -> list[Any]:
    columns = source.by_name
    return [
        # The databases differ in where they put nulls, so it is always stated.
        columns[o.column].desc().nulls_last()
        if o.is_descending
        else columns[o.column].asc().nulls_first()
        for o in order
    ]


@_cache_statements
def _count_statement(listing: Listing, condition: Condition) -> Statement:
    conditions = listing.conditions(condition)
    return Statement(
        select(func.count().label("total"))
        .select_from(_needed_tables(listing.source, conditions))
        .where(*conditions)
    )


def _needed_tables(source: Source, used: Sequence[ColumnElement[Any]]) -> FromClause:
    """Return the source's table alone where only its own columns are used.

    What is joined to it must neither leave out nor repeat a row.
    """
    left = source.joined
    while isinstance(left, Join) and left.isouter and not left.full:
        left = left.left
    is_optional = left is source.table
    # The skipped rows of an OFFSET, and those that are counted, would be joined too.
    is_enough = select(*used).get_final_froms() in ([], [source.table])
    return source.table if is_optional and is_enough else source.joined


@lru_cache(maxsize=64)
def _ensure_columns(source: Source, row_type: type) -> None:
    unknown = get_type_hints(row_type).keys() - set(source.names)
    if unknown:
        raise LookupError(f"{source.name} has no columns {sorted(unknown)}")


def records_of(source: Source, row_type: type[R], rows: Iterable[Row]) -> list[R]:
    """Return the rows of a page by column, as the type that they have.

    Raise `LookupError` for a type that is not of the source.
    """
    _ensure_columns(source, row_type)
    records: Any = [dict(zip(source.names, row, strict=True)) for row in rows]
    found: list[R] = records
    return found


def related_rows(
    db: Snapshot, kind: str, column: str, keys: Sequence[int], *, most: int
) -> list[dict[str, Any]]:
    """Return the rows of a kind whose column has one of the keys, at most so many."""
    source = SOURCES[kind]
    # A few sizes share a statement; the last key fills up, as often as it takes.
    length = 1 << (len(keys) - 1).bit_length()
    padded = [*keys, *([keys[-1]] * (length - len(keys)))]
    values = {parameter_name(i): key for i, key in enumerate(padded)}
    rows = db.rows(_related_statement(source, column, length), most=most, **values)
    return [dict(zip(source.names, row, strict=True)) for row in rows]


@lru_cache(maxsize=CACHED_STATEMENTS)
def _related_statement(source: Source, column: str, length: int) -> Statement:
    keys = [bindparam(parameter_name(i), type_=BigInteger) for i in range(length)]
    return Statement(
        source.rows()
        .where(source.table.c[column].in_(keys))
        .order_by(source.table.c.id)
        .limit(bindparam("most", type_=BigInteger))
    )
