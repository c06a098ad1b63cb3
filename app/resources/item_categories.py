"""Item categories: how the items in them are delivered."""

from collections.abc import Mapping
from typing import Any

from flask import Flask

from app.database import Transaction
from app.http.call import Call
from app.http.declaration import Declaration, LinkTo
from app.http.endpoints import (
    CollectionService,
    CollectionViews,
    ItemService,
    ItemViews,
)
from app.services import item_categories, stores
from app.services.listing import Page
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
    columns=item_categories.COLUMNS,
    links=(
        LinkTo("fx:store", "/stores/{store_id}", "This Store"),
        LinkTo(
            "fx:downloadables",
            "/item_categories/{id}/downloadables",
            "Downloadables in this category",
        ),
    ),
)


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


def _page(
    call: Call, store: Mapping[str, Any], found: dict[str, Any], limit: int, offset: int
) -> Page:
    return item_categories.page(call.db, store["id"], found, limit=limit, offset=offset)


def register(app: Flask) -> None:
    """Publish the views."""
    items = ItemViews(
        ITEM_CATEGORY,
        ItemService(
            find=item_categories.find,
            change=_change,
            remove=_remove,
            is_removable=item_categories.is_removable,
        ),
    )
    items.register(app)
    CollectionViews(
        items,
        "/stores/{id}/item_categories",
        CollectionService(
            owner=stores.find,
            version=lambda db, store: item_categories.version(db, store["id"]),
            page=_page,
            create=_create,
            columns=frozenset(item_categories.LISTING.table.c.keys()),
        ),
    ).register(app)
