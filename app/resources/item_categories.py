"""Item categories: how the items in them are delivered."""

from collections.abc import Mapping
from typing import Any

from flask import Flask

from app.database import Transaction
from app.http.catalogue import Catalogue, Kind
from app.http.declaration import Declaration, LinkTo, Relation
from app.http.endpoints import (
    CollectionService,
    CollectionViews,
    ItemService,
    ItemViews,
    pages,
)
from app.services import item_categories, stores
from representations import Value
from schemas.item_category import ItemCategorySchema

ITEM_CATEGORY = Declaration(
    name="item_category",
    plural="item_categories",
    path="/item_categories/{id}",
    title="{code}",
    description=(
        "An item category says how its items are delivered; one with the delivery "
        "type downloaded also says how often and for how long a customer may "
        "download. Every store has a DEFAULT category, whose code and name are fixed "
        "and which cannot be deleted."
    ),
    collection_description="The item categories of a store.",
    schema=ItemCategorySchema(),
    columns=item_categories.SOURCE.names,
    links=(
        LinkTo(
            "fx:store",
            "/stores/{store_id}",
            "This Store",
            relation=Relation("store", "store_id"),
        ),
        LinkTo(
            "fx:downloadables",
            "/item_categories/{id}/downloadables",
            "Downloadables in this category",
            relation=Relation("downloadable", theirs="item_category_id"),
        ),
        LinkTo(
            "fx:attributes",
            "/item_categories/{id}/attributes",
            "Attributes for This Item Category",
            relation=Relation("attribute", theirs="item_category_id"),
        ),
    ),
)
KIND = Kind(ITEM_CATEGORY, item_categories.SOURCE)


def _change(
    tx: Transaction, record: Mapping[str, Any], values: dict[str, Any], _file: Any
) -> None:
    item_categories.change(tx, record, values)


def _remove(tx: Transaction, record: Mapping[str, Any]) -> None:
    item_categories.remove(tx, record)


def _create(
    tx: Transaction, store: Mapping[str, Any], values: dict[str, Any], _file: Any
) -> tuple[int, dict[str, Value]]:
    return item_categories.create(tx, store["id"], values), {}


def register(app: Flask, catalogue: Catalogue) -> None:
    """Publish the views."""
    items = ItemViews(
        KIND,
        ItemService(
            find=item_categories.find,
            change=_change,
            remove=_remove,
            is_removable=item_categories.is_removable,
        ),
        catalogue,
    )
    items.register(app)
    CollectionViews(
        items,
        "/stores/{id}/item_categories",
        CollectionService(
            owner=stores.find,
            version=lambda db, store: item_categories.version(db, store["id"]),
            page=pages(item_categories.LISTING),
            create=_create,
        ),
    ).register(app)
