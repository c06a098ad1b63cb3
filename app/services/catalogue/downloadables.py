"""Downloadables: what a store sells, and the rules of their changes.

Tested in `tests/resources/test_downloadables.py`.
"""

from collections.abc import Iterator, Mapping
from typing import Any
from uuid import uuid4

from sqlalchemy import and_, bindparam, delete, func, select

from app.database import RowStatement, Snapshot, Statement, Transaction
from app.errors import Conflict, Invalid
from app.models import (
    DOWNLOADABLE_PURCHASES,
    DOWNLOADABLES,
    FILES,
    ITEM_CATEGORIES,
    OFFERS,
    STORES,
    TRANSLATIONS,
    UPLOAD_SLOTS,
    VERSIONS,
    Collection,
)
from app.services import blob_references
from app.services.catalogue import main_files, prices
from app.services.clock import now
from app.services.principal import Principal
from app.services.rows import listing
from app.services.rows.changes import (
    bump_collection,
    insert_row,
    update_row,
    update_rows,
)
from app.services.rows.row_types import DownloadableRow, OfStore, VersionRow
from app.services.rows.search_text import search_text
from app.services.rows.tenancy import find_in_store, find_scoped
from app.services.webhooks import outbox
from app.storage import NewFile
from schemas.base.errors import FieldError
from schemas.downloadable import DownloadableSchema
from schemas.item_category import DOWNLOADED
from schemas.values.money import money_text

EVENT_PROPERTIES = (
    "id",
    "code",
    "name",
    "version",
    "file_name",
    "file_size",
    "file_sha256",
)
"""What webhooks are told of one."""

SOURCE = listing.register_source(
    name="downloadable",
    table=DOWNLOADABLES,
    columns=(
        *listing.shown_columns(DOWNLOADABLES),
        FILES.c.version_id,
        FILES.c.url,
        VERSIONS.c.number.label("version"),
        VERSIONS.c.file_name,
        VERSIONS.c.file_size,
        VERSIONS.c.file_type,
        VERSIONS.c.file_sha256,
        VERSIONS.c.upload_date,
    ),
    joined=main_files.WITH_MAIN_FILE,
)
_BY_ID = RowStatement(
    DownloadableRow,
    # What only one is asked for comes last: the columns of a page come first.
    SOURCE.rows()
    .add_columns(
        STORES.c.date_modified.label("store_modified"),
        DOWNLOADABLES.c.revision,
        DOWNLOADABLES.c.date_counted,
        VERSIONS.c.blob_key,
    )
    .where(DOWNLOADABLES.c.id == bindparam("id")),
)
_BY_CODE = Statement(
    select(DOWNLOADABLES.c.id).where(
        DOWNLOADABLES.c.store_id == bindparam("store_id"),
        DOWNLOADABLES.c.code == bindparam("code"),
    )
)
_BY_UUID = Statement(
    select(DOWNLOADABLES.c.id).where(
        DOWNLOADABLES.c.store_id == bindparam("store_id"),
        DOWNLOADABLES.c.uuid == bindparam("uuid"),
    )
)
_DELIVERY_TYPE = Statement(
    select(ITEM_CATEGORIES.c.item_delivery_type).where(
        ITEM_CATEGORIES.c.id == bindparam("id"),
        ITEM_CATEGORIES.c.store_id == bindparam("store_id"),
    )
)
_PARTIALS = Statement(
    select(UPLOAD_SLOTS.c.partial_key).where(
        UPLOAD_SLOTS.c.downloadable_id == bindparam("id"),
        UPLOAD_SLOTS.c.partial_key.is_not(None),
    )
)
_BLOBS = Statement(
    select(VERSIONS.c.blob_key).where(VERSIONS.c.downloadable_id == bindparam("id"))
)

TEXTS = ("name", "description")
"""The columns of a downloadable that are translated."""

_TRANSLATED = Statement(
    select(TRANSLATIONS.c.name, TRANSLATIONS.c.description)
    .where(TRANSLATIONS.c.downloadable_id == bindparam("id"))
    .order_by(TRANSLATIONS.c.id)
)
_LOCALE = Statement(select(STORES.c.locale_code).where(STORES.c.id == bindparam("id")))
IN_LANGUAGE = Statement(
    select(TRANSLATIONS.c.id).where(
        TRANSLATIONS.c.downloadable_id == bindparam("id"),
        func.lower(TRANSLATIONS.c.language) == bindparam("language"),
    )
)
_SALE = Statement(
    select(OFFERS.c.sale_price).where(OFFERS.c.downloadable_id == bindparam("id"))
)
_SOLD = Statement(
    select(func.count().label("total"))
    .select_from(DOWNLOADABLE_PURCHASES)
    .where(DOWNLOADABLE_PURCHASES.c.downloadable_id == bindparam("id"))
)

ON_SHELF = ("is_archived", False)
IN_STORE = listing.Listing(
    SOURCE,
    owner="store_id",
    counter=Collection.DOWNLOADABLES,
    default_filter=listing.Selection().also(*ON_SHELF),
)
EVERY_IN_STORE = listing.Listing(SOURCE, owner="store_id")
IN_CATEGORY = listing.Listing(SOURCE, owner="item_category_id")


def find_downloadable(
    db: Snapshot, principal: Principal, downloadable_id: int
) -> DownloadableRow:
    """Return a downloadable of a store that the token may access. Raise `NotFound`."""
    return find_scoped(db, _BY_ID, principal, downloadable_id)


def get_unscoped(db: Snapshot, downloadable_id: int) -> DownloadableRow | None:
    """Return a downloadable by id, without a tenancy check, or None."""
    return db.typed_record(_BY_ID, id=downloadable_id)


def reload_downloadable(
    tx: Snapshot, store_id: int, downloadable_id: int
) -> DownloadableRow:
    """Return the row of a downloadable again, which was found for a principal before.

    Raise `LookupError` if it is gone.
    """
    record = find_in_store(tx, _BY_ID, store_id, downloadable_id)
    if record is None:
        raise LookupError(f"downloadable {downloadable_id} is gone")
    return record


def count_downloadables(db: Snapshot, store_id: int) -> int:
    """Return the number of a store's downloadables that are not archived."""
    return listing.collection_total(db, store_id, Collection.DOWNLOADABLES)


def downloadables_version(db: Snapshot, store_id: int) -> int:
    """Return the version of a store's downloadables, on the shelf or not."""
    return listing.collection_version(db, store_id, Collection.DOWNLOADABLES)


def downloadable_problems(
    db: Snapshot, store_id: int, values: Mapping[str, Any]
) -> Iterator[FieldError]:
    """Yield errors for an unknown category, and for a price with too many decimals."""
    category = values.get("item_category_id")
    if category is not None:
        delivery = db.value(_DELIVERY_TYPE, id=category, store_id=store_id)
        if delivery is None:
            yield FieldError(
                "item_category_uri",
                "not_found",
                "item_category_uri must be an item_category of the same store",
            )
        elif delivery != DOWNLOADED:
            yield FieldError(
                "item_category_uri",
                "not_downloaded",
                "item_category_uri must be an item_category with the "
                f"item_delivery_type downloaded; this one has {delivery}",
            )
    price = values.get("price")
    if price is not None:
        currency = prices.currency_of_store(db, store_id)
        yield from prices.amount_problems("price", price, currency)


def ensure_code_free(
    tx: Snapshot, store_id: int, code: str, *, downloadable_id: int | None = None
) -> None:
    """Raise `Conflict` for a code that another downloadable of the store has."""
    taken = tx.value(_BY_CODE, store_id=store_id, code=code)
    if taken not in {None, downloadable_id}:
        raise Conflict.about(
            "code", f"code {code} is already in use by downloadable {taken}"
        )


def ensure_uuid_free(tx: Snapshot, store_id: int, uuid: str | None) -> None:
    """Raise `Conflict` for a uuid that a downloadable of the store has."""
    taken = uuid and find_id_by_uuid(tx, store_id, uuid)
    if taken:
        raise Conflict.about(
            "uuid", f"uuid {uuid} is already in use by downloadable {taken}"
        )


def find_id_by_uuid(db: Snapshot, store_id: int, uuid: str) -> int | None:
    """Return the id of a store's downloadable that has a uuid."""
    found = db.value(_BY_UUID, store_id=store_id, uuid=uuid)
    return None if found is None else int(found)


def create_downloadable(
    tx: Transaction, store_id: int, values: Mapping[str, Any], file: NewFile | None
) -> int:
    """Create a downloadable and return its id."""
    ensure_code_free(tx, store_id, values["code"])
    ensure_uuid_free(tx, store_id, values.get("uuid"))
    file_name = file.name if file else None
    row = {
        "uuid": str(uuid4()),
        **values,
        "store_id": store_id,
        "search_text": _search_text(tx, {**values, "file_name": file_name}),
        "date_archived": now() if values["is_archived"] else None,
        "number_of_downloads": 0,
    }
    content = main_files.Content(url=row.pop("url", None))
    # The kept total counts what the default filter shows.
    added = 0 if values["is_archived"] else 1
    downloadable_id = insert_row(
        tx, DOWNLOADABLES, row, collection=Collection.DOWNLOADABLES, added=added
    )
    created = OfStore(id=downloadable_id, store_id=store_id)
    notes = values["release_notes"]
    if file:
        content["version_id"] = main_files.add_version(tx, created, 1, file, notes)
    main_files.set_content(tx, created, main_files.NOTHING, content, notes)
    _emit(tx, "downloadable.created", store_id, downloadable_id)
    return downloadable_id


def update_downloadable(
    tx: Transaction,
    record: DownloadableRow,
    values: Mapping[str, Any],
    file: NewFile | None,
) -> None:
    """Change a downloadable; a file becomes its newest version."""
    if values.get("code", record["code"]) != record["code"]:
        ensure_code_free(
            tx, record["store_id"], values["code"], downloadable_id=record["id"]
        )
    if values.get("uuid", record["uuid"]) != record["uuid"]:
        ensure_uuid_free(tx, record["store_id"], values["uuid"])
    _ensure_consistent(tx, record, values)
    changes = dict(values)
    content = main_files.Content()
    if "url" in changes:
        content["url"] = changes.pop("url")
    if file:
        # What was said of the file of before is not true of this one.
        is_first = record["version_id"] is None
        notes = record["release_notes"] if is_first else ""
        changes.setdefault("release_notes", notes)
        version_id = main_files.add_version(
            tx,
            record,
            main_files.next_version_number(tx, record["id"]),
            file,
            changes["release_notes"],
        )
        main_files.touch_versions(tx, record["version_id"])
        content = main_files.Content(version_id=version_id, url=None)
    elif "release_notes" in values and record["version_id"] is not None:
        same = {"release_notes": values["release_notes"]}
        update_rows(tx, VERSIONS, VERSIONS.c.id == record["version_id"], same)
    archived = bool(values.get("is_archived", record["is_archived"]))
    if archived != bool(record["is_archived"]):
        changes["date_archived"] = now() if archived else None
    notes = changes.get("release_notes", record["release_notes"])
    main_files.set_content(tx, record, main_files.content_of(record), content, notes)
    current = (
        reload_downloadable(tx, record["store_id"], record["id"]) if content else record
    )
    changes["search_text"] = _search_text(tx, {**current, **changes})
    added = bool(record["is_archived"]) - archived
    _update(tx, record, changes, added)
    # The first file is no replacement of another one.
    is_replaced = file is not None and record["version_id"] is not None
    event = "downloadable.updated"
    if is_replaced:
        event = "downloadable.file_replaced"
    _emit(tx, event, record["store_id"], record["id"])


def _ensure_consistent(
    tx: Transaction, record: DownloadableRow, values: Mapping[str, Any]
) -> None:
    """Raise an error for what its offer or its translations contradict.

    Raise `Conflict` or `Invalid`.
    """
    # The original texts must not have the language of a translation.
    if "language" in values and record["translation_count"]:
        language = values["language"] or store_language(tx, record["store_id"])
        taken = tx.value(IN_LANGUAGE, id=record["id"], language=language.lower())
        if taken is not None:
            text = f"there is a translation into {language} ({taken}); delete it first"
            raise Conflict.about("language", text)
    sale = tx.value(_SALE, id=record["id"]) if "price" in values else None
    if sale is not None and sale > values["price"]:
        text = (
            "price must be greater than or equal to the sale_price of its offer, "
            f"{money_text(sale)}; lower that first"
        )
        raise Invalid.of([FieldError("price", "too_small", text)])


def store_language(db: Snapshot, store_id: int) -> str:
    """Return the language that a store has its texts in, unless they say otherwise."""
    locale = str(db.value(_LOCALE, id=store_id) or "en")
    return locale.partition("_")[0]


def pin_language(tx: Transaction, store_id: int, language: str) -> None:
    """Set the language of translated downloadables before the store's changes."""
    translated = and_(
        DOWNLOADABLES.c.store_id == store_id,
        DOWNLOADABLES.c.language.is_(None),
        DOWNLOADABLES.c.translation_count > 0,
    )
    update_rows(tx, DOWNLOADABLES, translated, {"language": language})


def update_with_version(
    tx: Transaction, store_id: int, downloadable_id: int, values: Mapping[str, Any]
) -> None:
    """Change a downloadable along with one of its versions."""
    _update(tx, OfStore(id=downloadable_id, store_id=store_id), values)


def _update(
    tx: Transaction,
    record: OfStore,
    values: Mapping[str, Any],
    added: int = 0,
) -> None:
    collection = Collection.DOWNLOADABLES
    update_row(tx, DOWNLOADABLES, record, values, collection=collection, added=added)


def remove_main_file(tx: Transaction, record: DownloadableRow) -> None:
    """Remove the main file of a downloadable; another one may be promoted."""
    main_files.touch_versions(tx, record["version_id"])
    without_notes = {"release_notes": ""}
    update_with_version(tx, record["store_id"], record["id"], without_notes)
    main_files.delete_main_file(tx, record, notes="")
    _update_search_text(tx, record)


def adopt_unarchived_file(tx: Transaction, record: DownloadableRow) -> None:
    """Promote a file that is no longer archived, if there is no main file."""
    if main_files.find_main_file(tx, record["id"]) is None:
        main_files.promote_next_file(tx, record, record["release_notes"])
        _update_search_text(tx, record)


def _update_search_text(tx: Transaction, record: OfStore) -> None:
    current = reload_downloadable(tx, record["store_id"], record["id"])
    text = {"search_text": _search_text(tx, current)}
    update_with_version(tx, record["store_id"], record["id"], text)


def parts_changed(tx: Transaction, record: OfStore) -> None:
    """Change a downloadable along with one of its files, or its offer."""
    update_with_version(tx, record["store_id"], record["id"], {})
    _emit(tx, "downloadable.updated", record["store_id"], record["id"])


def translations_changed(
    tx: Transaction, store_id: int, downloadable_id: int, added: int = 0
) -> None:
    """Change a downloadable along with one of its translations."""
    record = reload_downloadable(tx, store_id, downloadable_id)
    count = record["translation_count"] + added
    text = _search_text(tx, {**record, "translation_count": count})
    changes = {"translation_count": count, "search_text": text}
    update_with_version(tx, record["store_id"], downloadable_id, changes)
    _emit(tx, "downloadable.updated", record["store_id"], downloadable_id)


def restore_version(tx: Transaction, version: VersionRow) -> None:
    """Restore one of its versions as the current one."""
    record = reload_downloadable(tx, version["store_id"], version["downloadable_id"])
    main_files.touch_versions(tx, record["version_id"], version["id"])
    changes = {
        "release_notes": version["release_notes"],
        "search_text": _search_text(tx, {**record, "file_name": version["file_name"]}),
    }
    update_with_version(tx, version["store_id"], version["downloadable_id"], changes)
    main_files.set_content(
        tx,
        record,
        main_files.content_of(record),
        main_files.Content(version_id=version["id"], url=None),
        version["release_notes"],
    )
    _emit(
        tx,
        "downloadable.file_replaced",
        version["store_id"],
        version["downloadable_id"],
    )


def is_removable(db: Snapshot, record: DownloadableRow) -> bool:
    """Return whether nobody has bought a downloadable."""
    return not db.value(_SOLD, id=record["id"])


def delete_downloadable(tx: Transaction, record: DownloadableRow) -> list[str]:
    """Remove a downloadable; return the keys of the blobs that nothing names now.

    They are to be deleted after the commit: a crash in between leaves a blob too
    many, never a row without its blob. Raise `Conflict` for what was sold.
    """
    sold = tx.value(_SOLD, id=record["id"])
    if sold:
        noun = "customer has" if sold == 1 else "customers have"
        raise Conflict(
            f"{sold} {noun} bought downloadable {record['code']}; archive it instead "
            "(is_archived), so that they keep what they paid for"
        )
    keys = [str(row[0]) for row in tx.rows(_BLOBS, id=record["id"])]
    # Upload slots are deleted with the downloadable by the database, their bytes by the
    # caller.
    partials = [str(row[0]) for row in tx.rows(_PARTIALS, id=record["id"])]
    _emit(tx, "downloadable.deleted", record["store_id"], record["id"])
    tx.execute(delete(DOWNLOADABLES).where(DOWNLOADABLES.c.id == record["id"]))
    added = 0 if record["is_archived"] else -1
    bump_collection(tx, record["store_id"], Collection.DOWNLOADABLES, added)
    return blob_references.unreferenced(tx, keys) + partials


def _emit(tx: Transaction, event: str, store_id: int, downloadable_id: int) -> None:
    """Enqueue an event of a downloadable."""

    def data() -> dict[str, Any]:
        record = reload_downloadable(tx, store_id, downloadable_id)
        return outbox.event_data(tx, "/downloadables/{id}", record, EVENT_PROPERTIES)

    outbox.enqueue(tx, event, store_id, data)


def _search_text(tx: Snapshot, values: Mapping[str, Any]) -> str:
    """Return the search text of a downloadable, in all its languages."""
    text = search_text(values, DownloadableSchema.searchable)
    if not values.get("translation_count"):
        return text
    for row in tx.rows(_TRANSLATED, id=values["id"]):
        text += "\n" + search_text(
            dict(zip(_TRANSLATED.columns, row, strict=True)), TEXTS
        )
    return text
