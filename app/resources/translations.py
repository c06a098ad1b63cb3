"""Translations: what a downloadable is called in other languages."""

from collections.abc import Mapping
from typing import Any

from flask import Flask

from app.database import Transaction
from app.http.hypermedia.declaration import TO_STORE, Declaration, LinkTo, Relation
from app.http.hypermedia.registry import Catalogue, Kind
from app.http.routing import CollectionService, ItemService, Made
from app.http.views.collection import CollectionViews, pages
from app.http.views.item import ItemViews
from app.services.catalogue import downloadables, translations
from schemas.translation import TranslationSchema

TRANSLATION = Declaration(
    name="translation",
    plural="translations",
    path="/translations/{id}",
    title="{language}",
    description=(
        "What a downloadable is called in a language that is not its own. Who asks "
        "for the downloadable with Accept-Language gets name and description in the "
        "language that fits best, and Content-Language says which that is."
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
KIND = Kind(TRANSLATION, translations.SOURCE)


def _create(
    tx: Transaction, downloadable: Mapping[str, Any], values: dict[str, Any], _file: Any
) -> Made:
    return Made(translations.create(tx, downloadable, values))


def _change(
    tx: Transaction, record: Mapping[str, Any], values: dict[str, Any], _file: Any
) -> None:
    translations.change(tx, record, values)


def _remove(tx: Transaction, record: Mapping[str, Any]) -> None:
    translations.remove(tx, record)


def register(app: Flask, catalogue: Catalogue) -> None:
    """Publish the views."""
    items = ItemViews(
        KIND,
        ItemService(find=translations.find, change=_change, remove=_remove),
        catalogue,
    )
    items.register(app)
    CollectionViews(
        items,
        "/downloadables/{id}/translations",
        CollectionService(
            owner=downloadables.find,
            # Whatever changes a translation changes what it belongs to.
            version=lambda _db, record: record["revision"],
            page=pages(translations.OF_DOWNLOADABLE),
            create=_create,
        ),
    ).register(app)
