"""Item categories: how the items in them are delivered."""

from typing import Any

from flask import Flask, Response

from app.database import Transaction
from app.errors import BadRequest, Problem
from app.http.context import RequestContext
from app.http.hypermedia.declaration import (
    STANDARD_METHODS,
    TO_STORE,
    Declaration,
    LinkTo,
    Relation,
)
from app.http.hypermedia.registry import ResourceRegistry, ResourceType
from app.http.pagination import PAGING, page_links, window
from app.http.responses import respond
from app.http.routes import Route
from app.http.routing import publish_route
from app.http.views.collection import CollectionViews, listing_page
from app.http.views.item import ItemViews
from app.http.views.operations import CollectionService, Created, ItemService
from app.services.catalogue import item_categories, stores
from app.services.rows.row_types import ItemCategoryRow, StoreRow
from representations import Resource
from schemas.item_category import ItemCategorySchema

TAX_METHODS = {"GET": "View a list of tax item categories", **STANDARD_METHODS}

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
        TO_STORE,
        LinkTo(
            "fx:tax_item_categories",
            "/item_categories/{id}/tax_item_categories",
            "Tax Item Categories for this category",
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
            counted_by="attribute_count",
        ),
    ),
)
RESOURCE_TYPE = ResourceType(ITEM_CATEGORY, item_categories.SOURCE)


def _change(
    tx: Transaction, record: ItemCategoryRow, values: dict[str, Any], _file: Any
) -> None:
    item_categories.update_category(tx, record, values)


def _remove(tx: Transaction, record: ItemCategoryRow) -> None:
    item_categories.delete_category(tx, record)


def _create(
    tx: Transaction, store: StoreRow, values: dict[str, Any], _file: Any
) -> Created:
    return Created(item_categories.create_category(tx, store["id"], values))


def _taxes(context: RequestContext, category_id: int) -> Response:
    """Handle a GET of the taxes of a category: there are none until there are taxes.

    Foxy's category form fails without this collection.
    """
    item_categories.find_category(context.db, context.principal, category_id)
    problems: list[Problem] = []
    shown = window(context.query, problems)
    for name, _ in context.query:
        if name not in {*PAGING, "format"}:
            text = f"{name[:100]} means nothing here: there are no taxes to filter"
            problems.append(Problem(text, "unknown", name[:100]))
    if problems:
        raise BadRequest(problems=problems)
    links = page_links(
        context.url, context.query, shown, total=0, returned=0, foxy=context.is_foxy
    )
    document = Resource(
        classes=("tax_item_categories", "collection"),
        href=links[0].href,
        properties={
            "total_items": "0" if context.is_foxy else 0,
            "returned_items": 0,
            "limit": shown.limit,
            "offset": shown.offset,
        },
        links=links,
        embedded={"fx:tax_item_categories": []},
    )
    return respond(context, document)


def register_routes(app: Flask, registry: ResourceRegistry) -> None:
    """Register the routes."""
    items = ItemViews(
        RESOURCE_TYPE,
        ItemService(
            find=item_categories.find_category,
            change=_change,
            remove=_remove,
            is_removable=item_categories.is_removable,
        ),
        registry,
    )
    items.register_routes(app)
    CollectionViews(
        items,
        "/stores/{id}/item_categories",
        CollectionService(
            owner=stores.find_store,
            version=lambda db, store: item_categories.categories_version(
                db, store["id"]
            ),
            page=listing_page(item_categories.LISTING),
            create=_create,
        ),
    ).register_routes(app)
    taxes = Route("/item_categories/<id:category_id>/tax_item_categories", TAX_METHODS)
    publish_route(app, taxes, {"GET": _taxes})
