"""Attributes: names with values that a merchant gives to a resource.

Tested in `tests/resources/test_attributes.py`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Table, bindparam, delete, select

from app.database import RowStatement, Snapshot, Statement, Transaction
from app.errors import Conflict
from app.models import (
    ATTRIBUTES,
    DOWNLOADABLES,
    ITEM_CATEGORIES,
    STORES,
    Collection,
)
from app.services.principal import Principal
from app.services.rows import listing
from app.services.rows.changes import (
    bump_all_collections,
    bump_collection,
    insert_row,
    update_rows,
)
from app.services.rows.row_types import AttributeRow
from app.services.rows.tenancy import find_scoped

MAX_ATTRIBUTES = 100
"""They are shown with what they belong to, so there cannot be any number."""

SOURCE = listing.register_source(
    name="attribute",
    table=ATTRIBUTES,
    columns=listing.shown_columns(ATTRIBUTES),
    joined=ATTRIBUTES,
    searched=None,
)
_BY_ID = RowStatement(
    AttributeRow,
    # What only one is asked for comes last: the columns of a page come first.
    SOURCE.rows()
    .add_columns(STORES.c.date_modified.label("store_modified"), ATTRIBUTES.c.revision)
    .where(ATTRIBUTES.c.id == bindparam("id")),
)


@dataclass(frozen=True, slots=True, eq=False)
class AttributeOwner:
    """A kind that has attributes: its table, and what of an attribute names its row."""

    table: Table
    column: str
    collection: Collection | None
    """The kept collection whose version changes along; None: those of all."""

    @property
    def listing(self) -> listing.Listing:
        """The attributes of one."""
        return listing.Listing(SOURCE, owner=self.column)


OF_STORE = AttributeOwner(STORES, "of_store_id", None)
OF_CATEGORY = AttributeOwner(
    ITEM_CATEGORIES, "item_category_id", Collection.ITEM_CATEGORIES
)
OF_DOWNLOADABLE = AttributeOwner(
    DOWNLOADABLES, "downloadable_id", Collection.DOWNLOADABLES
)
OWNINGS = (OF_STORE, OF_CATEGORY, OF_DOWNLOADABLE)

_NAMES = {
    owning.column: Statement(
        select(
            ATTRIBUTES.c.name,
            ATTRIBUTES.c.id,
            ATTRIBUTES.c.value,
            ATTRIBUTES.c.visibility,
        )
        .where(ATTRIBUTES.c[owning.column] == bindparam("owner_id"))
        .order_by(ATTRIBUTES.c.id)
    )
    for owning in OWNINGS
}


def find_attribute(
    db: Snapshot, principal: Principal, attribute_id: int
) -> AttributeRow:
    """Return an attribute of a store that the token may access. Raise `NotFound`."""
    return find_scoped(db, _BY_ID, principal, attribute_id)


def create_attribute(
    tx: Transaction,
    owning: AttributeOwner,
    owner: Mapping[str, Any],
    values: Mapping[str, Any],
) -> int:
    """Add an attribute to its owner and return its id. Raise `Conflict`."""
    names = _by_name(tx, owning, owner["id"])
    if values["name"] in names:
        raise Conflict.about(
            "name",
            f"name {values['name']} is already in use by attribute "
            f"{names[values['name']][0]}; PATCH the collection to change it by name",
        )
    _ensure_room(len(names) + 1)
    attribute_id = _insert(tx, owning, owner, values)
    _note(tx, owning, owner, 1)
    return attribute_id


def put_attribute(
    tx: Transaction,
    owning: AttributeOwner,
    owner: Mapping[str, Any],
    several: Sequence[Mapping[str, Any]],
    *,
    is_whole: bool,
) -> None:
    """Set attributes by name; with `is_whole`, delete all others.

    Raise `Conflict` if there would be too many.
    """
    names = _by_name(tx, owning, owner["id"])
    wanted = {values["name"]: values for values in several}
    # PUT replaces them all, PATCH only the ones that are named.
    gone = [names[name][0] for name in names if is_whole and name not in wanted]
    new = [values for name, values in wanted.items() if name not in names]
    _ensure_room(len(names) - len(gone) + len(new))
    if gone:
        tx.execute(delete(ATTRIBUTES).where(ATTRIBUTES.c.id.in_(gone)))
    for values in new:
        _insert(tx, owning, owner, values)
    changed = 0
    for name, values in wanted.items():
        # What is equal stays as it is, with its revision and dates.
        if name in names and (values["value"], values["visibility"]) != names[name][1:]:
            _update(tx, names[name][0], values)
            changed += 1
    if gone or new or changed:
        _note(tx, owning, owner, len(new) - len(gone))


def update_attribute(
    tx: Transaction, record: AttributeRow, values: Mapping[str, Any]
) -> None:
    """Change an attribute. Raise `Conflict` where its owner has that name already."""
    owning, owner = owner_of(record)
    names = _by_name(tx, owning, owner["id"])
    taken = names.get(values.get("name", record["name"]))
    if taken and taken[0] != record["id"]:
        raise Conflict.about(
            "name", f"name {values['name']} is already in use by attribute {taken[0]}"
        )
    _update(tx, record["id"], values)
    _note(tx, owning, owner, 0)


def delete_attribute(tx: Transaction, record: AttributeRow) -> None:
    """Remove an attribute."""
    tx.execute(delete(ATTRIBUTES).where(ATTRIBUTES.c.id == record["id"]))
    owning, owner = owner_of(record)
    _note(tx, owning, owner, -1)


def owner_of(record: Mapping[str, Any]) -> tuple[AttributeOwner, dict[str, Any]]:
    """Return the owner of an attribute: its kind, id and store."""
    owning = next(o for o in OWNINGS if record[o.column] is not None)
    return owning, {"id": record[owning.column], "store_id": record["store_id"]}


def _by_name(
    tx: Snapshot, owning: AttributeOwner, owner_id: int
) -> dict[str, tuple[int, str, str]]:
    rows = tx.rows(_NAMES[owning.column], owner_id=owner_id)
    return {row[0]: (row[1], row[2], row[3]) for row in rows}


def _ensure_room(number: int) -> None:
    if number > MAX_ATTRIBUTES:
        raise Conflict(f"a resource has at most {MAX_ATTRIBUTES} attributes")


def _insert(
    tx: Transaction,
    owning: AttributeOwner,
    owner: Mapping[str, Any],
    values: Mapping[str, Any],
) -> int:
    # A store is its own store.
    store_id = owner.get("store_id", owner["id"])
    row = {**values, owning.column: owner["id"], "store_id": store_id}
    return insert_row(tx, ATTRIBUTES, row)


def _update(tx: Transaction, attribute_id: int, values: Mapping[str, Any]) -> None:
    update_rows(tx, ATTRIBUTES, ATTRIBUTES.c.id == attribute_id, values)


def _note(
    tx: Transaction, owning: AttributeOwner, owner: Mapping[str, Any], added: int
) -> None:
    """Change the owner along: its attributes are part of what it looks like."""
    columns = owning.table.c
    count = {"attribute_count": columns.attribute_count + added}
    update_rows(tx, owning.table, columns.id == owner["id"], count)
    if owning.collection is None:
        # A store's attributes can be embedded in anything that it has.
        bump_all_collections(tx, owner["id"])
    else:
        bump_collection(tx, owner["store_id"], owning.collection)
