"""Translations of a downloadable's texts."""

from typing import Any

from flask import Flask

from app.database import Transaction
from app.http.hypermedia.declaration import TO_STORE, Declaration, LinkTo, Relation
from app.http.hypermedia.registry import ResourceRegistry, ResourceType
from app.http.views.collection import CollectionViews, listing_page
from app.http.views.item import ItemViews
from app.http.views.operations import CollectionService, Created, ItemService
from app.services.catalogue import downloadables, translations
from app.services.rows.row_types import OfStore, TranslationRow
from schemas.translation import TranslationSchema

TRANSLATION = Declaration(
    name="translation",
    plural="translations",
    path="/translations/{id}",
    title="{language}",
    description=(
        "The texts of a downloadable in another language. A request for the "
        "downloadable with Accept-Language gets its name and description in the "
        "language that fits best, and Content-Language says which it is."
    ),
    collection_description="What a downloadable is called in other languages.",
    schema=TranslationSchema(),
    columns=translations.SOURCE.names,
    links=(
        TO_STORE,
        LinkTo(
            "fx:downloadable",
            "/downloadables/{downloadable_id}",
            "Downloadable of this translation",
            relation=Relation("downloadable", "downloadable_id"),
        ),
    ),
)
RESOURCE_TYPE = ResourceType(TRANSLATION, translations.SOURCE)


def _create(
    tx: Transaction, downloadable: OfStore, values: dict[str, Any], _file: Any
) -> Created:
    return Created(translations.create_translation(tx, downloadable, values))


def _change(
    tx: Transaction, record: TranslationRow, values: dict[str, Any], _file: Any
) -> None:
    translations.update_translation(tx, record, values)


def _remove(tx: Transaction, record: TranslationRow) -> None:
    translations.delete_translation(tx, record)


def register_routes(app: Flask, registry: ResourceRegistry) -> None:
    """Register the routes."""
    items = ItemViews(
        RESOURCE_TYPE,
        ItemService(find=translations.find_translation, change=_change, remove=_remove),
        registry,
    )
    items.register_routes(app)
    CollectionViews(
        items,
        "/downloadables/{id}/translations",
        CollectionService(
            owner=downloadables.find_downloadable,
            # Whatever changes a translation changes what it belongs to.
            version=lambda _db, record: record["revision"],
            page=listing_page(translations.OF_DOWNLOADABLE),
            create=_create,
        ),
    ).register_routes(app)
