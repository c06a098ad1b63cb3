"""Stores, the tenants; each is created with its DEFAULT category.

Tested in `tests/resources/test_stores.py`.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from sqlalchemy import bindparam, delete, func, select

from app.database import RowStatement, Snapshot, Statement, Transaction
from app.errors import Conflict, NotFound
from app.models import DOWNLOADABLES, STORES, UPLOAD_SLOTS, VERSIONS
from app.services import reference_data
from app.services.catalogue import downloadables, item_categories, prices
from app.services.principal import Principal
from app.services.rows import listing
from app.services.rows.changes import (
    bump_all_collections,
    create_collections,
    insert_row,
    update_row,
)
from app.services.rows.row_types import StoreRow
from app.services.webhooks import outbox
from schemas.base.errors import FieldError
from schemas.store import StoreSchema

SOURCE = listing.register_source(
    name="store",
    table=STORES,
    columns=listing.shown_columns(
        STORES, hidden=("webhook_old_keys", "webhook_paused_until")
    ),
    joined=STORES,
)
_BY_ID = RowStatement(
    StoreRow,
    # What only one is asked for comes last: the columns of a page come first.
    SOURCE.rows().add_columns(STORES.c.revision).where(STORES.c.id == bindparam("id")),
)
_BY_DOMAIN = Statement(
    select(STORES.c.id).where(STORES.c.store_domain == bindparam("store_domain"))
)
_CONTENTS = tuple(
    (
        Statement(
            select(func.count().label("total"))
            .select_from(table)
            .where(table.c.store_id == bindparam("id"))
        ),
        noun,
    )
    for table, noun in ((DOWNLOADABLES, "downloadable"), (VERSIONS, "library_file"))
)
"""What a store must not have to be deleted; without the first, the second are all."""

_PARTIALS = Statement(
    select(UPLOAD_SLOTS.c.partial_key).where(
        UPLOAD_SLOTS.c.store_id == bindparam("id"),
        UPLOAD_SLOTS.c.partial_key.is_not(None),
    )
)
_OLD_KEYS = Statement(
    select(STORES.c.webhook_old_keys).where(STORES.c.id == bindparam("id"))
)
_IDS = Statement(select(STORES.c.id).order_by(STORES.c.id))

_PLACES: tuple[tuple[str, Callable[[str], bool], str], ...] = (
    ("currency", reference_data.is_currency, "an ISO 4217 currency, such as EUR"),
    ("country", reference_data.is_country, "an ISO 3166-1 country, such as DE"),
    (
        "timezone",
        reference_data.is_timezone,
        "an IANA time zone, such as Europe/Berlin",
    ),
    (
        "language",
        reference_data.is_language,
        (
            "a language in English and small letters, such as german; fx:languages "
            "lists them"
        ),
    ),
)

_STATES = select(
    func.count().label("total"),
    func.coalesce(func.max(STORES.c.id), 0).label("newest"),
    func.coalesce(func.sum(STORES.c.revision), 0).label("revisions"),
).select_from(STORES)
_STATE = Statement(_STATES)
_STATE_OF_ONE = Statement(_STATES.where(STORES.c.id == bindparam("id")))

LISTING = listing.Listing(SOURCE, owner=None)


def find_store(db: Snapshot, principal: Principal, store_id: int) -> StoreRow:
    """Return a store that the token may access. Raise `NotFound`."""
    record = None
    if principal.sees(store_id):
        record = db.typed_record(_BY_ID, id=store_id)
    if record is None:
        raise NotFound
    return record


def store_ids(db: Snapshot) -> list[int]:
    """Return the ids of all stores."""
    return [int(row[0]) for row in db.rows(_IDS)]


def stores_version(db: Snapshot, store_id: int | None) -> str:
    """Return a text that changes with each change of a store, or of any store."""
    # Ids are never reused and revisions only grow.
    row = db.row(_STATE) if store_id is None else db.row(_STATE_OF_ONE, id=store_id)
    return "{}.{}.{}".format(*(row or ()))


def stores_page(
    db: Snapshot,
    principal: Principal,
    selection: listing.Selection,
    *,
    limit: int,
    offset: int,
) -> listing.Page:
    """List the stores that the token sees: one, or all."""
    if principal.store_id is not None:
        selection = selection.also("id", principal.store_id)
    return LISTING.page(db, None, selection, limit=limit, offset=offset)


def store_problems(values: Mapping[str, Any]) -> Iterator[FieldError]:
    """Yield errors for unknown currencies, countries and zones, and for a weak key."""
    for name, exists, form in _PLACES:
        if name in values and not exists(values[name]):
            yield FieldError(name, "inclusion", f"{name} must be {form}")
    if 0 < len(values.get("webhook_key", "")) < outbox.SHORTEST:
        yield FieldError(
            "webhook_key",
            "too_short",
            f"webhook_key must have at least {outbox.SHORTEST} characters",
        )
    elif not outbox.is_key(values.get("webhook_key", "")):
        yield FieldError(
            "webhook_key",
            "invalid",
            f"webhook_key must have at least {outbox.SHORTEST} bytes in Base64 after "
            f"{outbox.SECRET}",
        )


def ensure_domain_free(tx: Snapshot, domain: str) -> None:
    """Raise `Conflict` for a domain that another store has.

    Only for those who see all stores: to refuse it to a store tells of the other.
    """
    if tx.value(_BY_DOMAIN, store_domain=domain) is not None:
        raise Conflict.about(
            "store_domain", f"store_domain {domain} is already in use by another store"
        )


def create_store(tx: Transaction, values: Mapping[str, Any]) -> int:
    """Create a store with its DEFAULT category and return its id."""
    ensure_domain_free(tx, values["store_domain"])
    row = {"is_active": True, **values, **_webhook(values, values)}
    store_id = insert_row(tx, STORES, row, searchable=StoreSchema.searchable)
    create_collections(tx, store_id)
    item_categories.create_category(tx, store_id, item_categories.default_values())
    return store_id


def update_store(tx: Transaction, record: StoreRow, values: Mapping[str, Any]) -> None:
    """Change a store."""
    if "currency" in values:
        prices.ensure_prices_fit(tx, record["id"], values["currency"])
    if not values.get("webhook_key", "-"):
        # It is what the other side knows, and no default.
        values = {**values, "webhook_key": record["webhook_key"]}
    language = record["locale_code"].partition("_")[0]
    if values.get("locale_code", language).partition("_")[0] != language:
        downloadables.pin_language(tx, record["id"], language)
    changes = {
        **values,
        **_webhook(values, {**record, **values}),
        **_old_keys(tx, record, values.get("webhook_key", "")),
    }
    update_row(tx, STORES, record, changes, searchable=StoreSchema.searchable)
    # Dates everywhere are shown in the store's time zone.
    bump_all_collections(tx, record["id"])


def _webhook(changes: Mapping[str, Any], whole: Mapping[str, Any]) -> dict[str, Any]:
    """Return changes of a webhook: a key if it lacks one, and its health reset."""
    found: dict[str, Any] = {}
    if whole.get("use_webhook") and not whole.get("webhook_key"):
        found["webhook_key"] = outbox.new_key()
    if changes.get("use_webhook") or "webhook_url" in changes:
        found.update(outbox.HEALTHY, webhook_paused_until=None)
    return found


def _old_keys(tx: Snapshot, record: Mapping[str, Any], key: str) -> dict[str, str]:
    """Return the old webhook keys that still sign while receivers change theirs."""
    if not key or key == record["webhook_key"] or not record["webhook_key"]:
        return {}
    before = str(tx.value(_OLD_KEYS, id=record["id"]) or "")
    kept = outbox.rotated_keys(before, record["webhook_key"], key)
    return {"webhook_old_keys": kept}


def is_removable(db: Snapshot, record: StoreRow) -> bool:
    """Return whether a store is empty."""
    return not any(db.value(statement, id=record["id"]) for statement, _ in _CONTENTS)


def delete_store(tx: Transaction, record: StoreRow) -> list[str]:
    """Remove an empty store with its categories and tokens. Raise `Conflict`.

    Return the keys of uploads that were under way.
    """
    for statement, noun in _CONTENTS:
        count = tx.value(statement, id=record["id"])
        if count:
            raise Conflict(
                f"store {record['id']} still has {count} {noun}"
                f"{'s' if count > 1 else ''}; delete them first"
            )
    keys = [str(row[0]) for row in tx.rows(_PARTIALS, id=record["id"])]
    tx.execute(delete(STORES).where(STORES.c.id == record["id"]))
    return keys
