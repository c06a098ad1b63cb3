"""Item categories, and the rules of the DEFAULT one.

Tested in `tests/resources/test_item_categories.py`.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import bindparam, delete, func, select

from app.database import RowStatement, Snapshot, Statement, Transaction
from app.errors import Conflict
from app.models import DOWNLOADABLES, ITEM_CATEGORIES, STORES, Collection
from app.services.principal import Principal
from app.services.rows import listing
from app.services.rows.changes import bump_collection, insert_row, update_row
from app.services.rows.row_types import ItemCategoryRow
from app.services.rows.tenancy import find_scoped
from schemas.item_category import DOWNLOADED, ItemCategorySchema

DEFAULT = "DEFAULT"
DEFAULT_NAME = "Default for all products"

SOURCE = listing.register_source(
    name="item_category",
    table=ITEM_CATEGORIES,
    columns=listing.shown_columns(ITEM_CATEGORIES),
    joined=ITEM_CATEGORIES,
)
_BY_ID = RowStatement(
    ItemCategoryRow,
    # What only one is asked for comes last: the columns of a page come first.
    SOURCE.rows()
    .add_columns(
        STORES.c.date_modified.label("store_modified"), ITEM_CATEGORIES.c.revision
    )
    .where(ITEM_CATEGORIES.c.id == bindparam("id")),
)
_BY_CODE = Statement(
    select(ITEM_CATEGORIES.c.id).where(
        ITEM_CATEGORIES.c.store_id == bindparam("store_id"),
        ITEM_CATEGORIES.c.code == bindparam("code"),
    )
)
_DOWNLOADED = Statement(
    select(ITEM_CATEGORIES.c.id)
    .where(
        ITEM_CATEGORIES.c.store_id == bindparam("store_id"),
        ITEM_CATEGORIES.c.item_delivery_type == DOWNLOADED,
    )
    .order_by(ITEM_CATEGORIES.c.id)
    .limit(1)
)
_IN_USE = Statement(
    select(func.count().label("total"))
    .select_from(DOWNLOADABLES)
    .where(DOWNLOADABLES.c.item_category_id == bindparam("id"))
)

LISTING = listing.Listing(SOURCE, owner="store_id", counter=Collection.ITEM_CATEGORIES)


def default_values() -> dict[str, Any]:
    """Return the values of the DEFAULT category of a new store, as in Foxy."""
    values, _ = ItemCategorySchema().read(
        {
            "code": DEFAULT,
            "name": DEFAULT_NAME,
            "item_delivery_type": "shipped",
            "max_downloads_per_customer": 3,
            "max_downloads_time_period": 24,
        },
        partial=False,
    )
    return values


def find_category(
    db: Snapshot, principal: Principal, category_id: int
) -> ItemCategoryRow:
    """Return a category of a store that the token may access. Raise `NotFound`."""
    return find_scoped(db, _BY_ID, principal, category_id)


def find_category_by_code(db: Snapshot, store_id: int, code: str) -> int | None:
    """Return the id of the category with a code, None if there is none."""
    found = db.value(_BY_CODE, store_id=store_id, code=code)
    return None if found is None else int(found)


def first_downloaded(db: Snapshot, store_id: int) -> int | None:
    """Return the id of a store's first category of downloads, None if there is none."""
    found = db.value(_DOWNLOADED, store_id=store_id)
    return None if found is None else int(found)


def categories_version(db: Snapshot, store_id: int) -> int:
    """Return the version of a store's categories."""
    return listing.collection_version(db, store_id, Collection.ITEM_CATEGORIES)


def ensure_code_free(
    tx: Snapshot, store_id: int, code: str, *, category_id: int | None = None
) -> None:
    """Raise `Conflict` for a code that another category of the store has."""
    taken = find_category_by_code(tx, store_id, code)
    if taken not in {None, category_id}:
        raise Conflict.about(
            "code", f"code {code} is already in use by item_category {taken}"
        )


def create_category(tx: Transaction, store_id: int, values: Mapping[str, Any]) -> int:
    """Create a category and return its id."""
    ensure_code_free(tx, store_id, values["code"])
    return insert_row(
        tx,
        ITEM_CATEGORIES,
        {**values, "store_id": store_id},
        collection=Collection.ITEM_CATEGORIES,
        searchable=ItemCategorySchema.searchable,
    )


def update_category(
    tx: Transaction, record: ItemCategoryRow, values: Mapping[str, Any]
) -> None:
    """Change a category. Raise `Conflict` where that would break a rule."""
    stored: Mapping[str, Any] = record
    changed = {k for k, v in values.items() if v != stored[k]}
    if record["code"] == DEFAULT and changed & {"code", "name"}:
        raise Conflict("the DEFAULT item_category keeps its code and name")
    if "code" in changed:
        ensure_code_free(
            tx, record["store_id"], values["code"], category_id=record["id"]
        )
    if record["item_delivery_type"] == DOWNLOADED and "item_delivery_type" in changed:
        _ensure_unused(tx, record, "needs the item_delivery_type downloaded")
    update_row(
        tx,
        ITEM_CATEGORIES,
        record,
        values,
        collection=Collection.ITEM_CATEGORIES,
        searchable=ItemCategorySchema.searchable,
    )


def is_removable(db: Snapshot, record: ItemCategoryRow) -> bool:
    """Return whether a category is neither DEFAULT nor in use."""
    return record["code"] != DEFAULT and not db.value(_IN_USE, id=record["id"])


def delete_category(tx: Transaction, record: ItemCategoryRow) -> None:
    """Remove a category that nothing uses. Raise `Conflict`."""
    if record["code"] == DEFAULT:
        raise Conflict("the DEFAULT item_category cannot be deleted")
    _ensure_unused(tx, record, "cannot be deleted")
    tx.execute(delete(ITEM_CATEGORIES).where(ITEM_CATEGORIES.c.id == record["id"]))
    bump_collection(tx, record["store_id"], Collection.ITEM_CATEGORIES, added=-1)


def _ensure_unused(tx: Snapshot, record: ItemCategoryRow, consequence: str) -> None:
    count = tx.value(_IN_USE, id=record["id"])
    if count:
        noun = "downloadable" if count == 1 else "downloadables"
        raise Conflict(
            f"item_category {record['code']} is used by {count} {noun} "
            f"and {consequence}"
        )
