"""Insert and update rows, with everything that has to change along with them.

A row has a revision (of which its ETag is made), dates, and perhaps a search text. A
store's collection has a total and a version (of which the ETags of its pages are made,
and the keys of the page cache). If one of them were left behind, caches would show old
pages for ever.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import ColumnElement, Table, update

from app.database import Transaction
from app.models import COLLECTION_STATES, Collection
from app.services.clock import now
from app.services.rows.search_text import search_text

SEARCH_TEXT = "search_text"
_STATES = COLLECTION_STATES.c


def insert_row(
    tx: Transaction,
    table: Table,
    values: Mapping[str, Any],
    *,
    collection: Collection | None = None,
    added: int = 1,
    searchable: Iterable[str] = (),
) -> int:
    """Insert a row with its revision and dates, and return its id.

    `added` is by how many the total of the collection grows.
    """
    moment = now()
    row = {"revision": 1, "date_created": moment, "date_modified": moment, **values}
    if searchable:
        row[SEARCH_TEXT] = search_text(values, searchable)
    row_id = tx.insert(table, row)
    if collection is not None:
        bump_collection(tx, values["store_id"], collection, added)
    return row_id


def update_row(
    tx: Transaction,
    table: Table,
    record: Mapping[str, Any],
    values: Mapping[str, Any],
    *,
    collection: Collection | None = None,
    added: int = 0,
    searchable: Iterable[str] = (),
) -> None:
    """Update the row of a record, of which `id` and `store_id` are needed at least.

    With `searchable` columns, the record needs to have them, too.
    """
    changes = dict(values)
    if searchable:
        changes[SEARCH_TEXT] = search_text({**record, **values}, searchable)
    update_rows(tx, table, table.c.id == record["id"], changes)
    if collection is not None:
        bump_collection(tx, record["store_id"], collection, added)


def update_rows(
    tx: Transaction,
    table: Table,
    where: ColumnElement[bool],
    values: Mapping[str, Any],
) -> int:
    """Update rows and increase their revision; return how many there were.

    The versions of collections are left to the caller.
    """
    # The revision is increased in SQL: two transactions never compute the same one.
    statement = update(table).where(where)
    return tx.execute(
        statement.values(
            **{**values, "revision": table.c.revision + 1, "date_modified": now()}
        )
    )


def bump_collection(
    tx: Transaction, store_id: int, collection: Collection, added: int = 0
) -> None:
    """Increase the version of a store's collection, and add to its total.

    Raise `LookupError` if the store has no such collection.
    """
    # A wrong name would change no row, and caches would show old pages without an
    # error.
    changed = _bump(tx, _STATES.collection == collection, store_id, added)
    if changed != 1:
        raise LookupError(f"store {store_id} has no collection {collection!r}")


def bump_all_collections(tx: Transaction, store_id: int) -> None:
    """Increase the versions of all collections of a store.

    Raise `LookupError` if one of them is missing.
    """
    changed = _bump(tx, _STATES.store_id == store_id, store_id, 0)
    if changed != len(Collection):
        raise LookupError(
            f"store {store_id} has {changed} instead of {len(Collection)} collections"
        )


def _bump(
    tx: Transaction, which: ColumnElement[bool], store_id: int, added: int
) -> int:
    return tx.execute(
        update(COLLECTION_STATES)
        .where(_STATES.store_id == store_id, which)
        .values(total=_STATES.total + added, version=_STATES.version + 1)
    )


def create_collections(tx: Transaction, store_id: int) -> None:
    """Insert the total and the version of each collection of a new store."""
    for name in Collection:
        values = {"store_id": store_id, "collection": name, "total": 0, "version": 1}
        tx.insert(COLLECTION_STATES, values)
