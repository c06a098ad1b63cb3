"""Stores: one for each merchant, isolated from each other."""

from collections.abc import Iterable, Mapping
from typing import Any

from flask import Flask

from app.database import Snapshot, Transaction
from app.http.context import RequestContext
from app.http.hypermedia import action_builder
from app.http.hypermedia.declaration import Declaration, LinkTo, Relation
from app.http.hypermedia.registry import ResourceRegistry, ResourceType
from app.http.media_types import JSON
from app.http.pagination import Window
from app.http.paths import UPLOAD_URL
from app.http.views.collection import CollectionViews
from app.http.views.item import ItemViews
from app.http.views.operations import CollectionService, Created, ItemService
from app.resources.pages.dashboard import store_sections
from app.services import scopes
from app.services.auth import authentication
from app.services.catalogue import stores
from app.services.principal import Principal
from app.services.rows.listing import Page, Selection
from app.services.rows.row_types import StoreRow
from representations import Action
from schemas.base.errors import FieldError
from schemas.store import StoreSchema
from schemas.upload_slot import UploadSlotSchema

STORE = Declaration(
    name="store",
    plural="stores",
    path="/stores/{id}",
    title="This Store",
    description=(
        "A store is one merchant's: its item categories, its downloadables and its "
        "tokens. A token for one store sees nothing of the others."
    ),
    collection_description=(
        "The stores that your token may see. With the scope client_full_access you "
        "can create stores; the answer carries a token for the new store."
    ),
    schema=StoreSchema(),
    columns=stores.SOURCE.names,
    links=(
        LinkTo(
            "fx:item_categories",
            "/stores/{id}/item_categories",
            "Item Categories for This Store",
            relation=Relation("item_category", theirs="store_id"),
            menu="Categories",
        ),
        LinkTo(
            "fx:downloadables",
            "/stores/{id}/downloadables",
            "Downloadables for This Store",
            relation=Relation("downloadable", theirs="store_id"),
            menu="Downloadables",
        ),
        LinkTo(
            "fx:library_files",
            "/stores/{id}/library_files",
            "Library Files of This Store",
            relation=Relation("library_file", theirs="store_id"),
            menu="Library",
        ),
        LinkTo(
            "fx:create_upload_url",
            f"/stores/{{id}}/{UPLOAD_URL}",
            "Create an upload URL for a file of the library",
            method="POST",
        ),
        LinkTo(
            "fx:downloadable_purchases",
            "/stores/{id}/downloadable_purchases",
            "Downloadable Purchases of This Store",
            relation=Relation("downloadable_purchase", theirs="store_id"),
            menu="Purchases",
        ),
        LinkTo(
            "fx:downloads",
            "/stores/{id}/downloads",
            "Downloads of This Store",
            menu="Downloads",
        ),
        LinkTo("fx:statistics", "/stores/{id}/statistics", "Statistics of This Store"),
        LinkTo(
            "fx:webhook_deliveries",
            "/stores/{id}/webhook_deliveries?order=id%20desc",
            "Webhook Deliveries of This Store",
            menu="Webhooks",
        ),
        # Without a relation: to embed them would show them to all who read the store.
        LinkTo(
            "fx:users",
            "/stores/{id}/users",
            "People Who May Use This Store",
            menu="Users",
        ),
        LinkTo(
            "fx:tokens",
            "/stores/{id}/tokens",
            "Tokens and Grants of This Store",
            menu="Tokens",
        ),
        LinkTo("fx:uploads", "/stores/{id}/open_uploads", "Uploads of This Store"),
        LinkTo(
            "fx:attributes",
            "/stores/{id}/attributes",
            "Attributes for This Store",
            relation=Relation("attribute", theirs="of_store_id"),
            counted_by="attribute_count",
        ),
    ),
)
RESOURCE_TYPE = ResourceType(STORE, stores.SOURCE)


class _SeenStore(StoreRow):
    """A store, as one principal sees it."""

    sees_all: bool
    """Whether the principal sees other stores, and so may learn of their domains."""


def _problems(
    _db: Snapshot, _record: StoreRow, values: Mapping[str, Any]
) -> Iterable[FieldError]:
    return stores.store_problems(values)


def _find(db: Snapshot, principal: Principal, store_id: int) -> _SeenStore:
    record = stores.find_store(db, principal, store_id)
    return {**record, "sees_all": principal.store_id is None}


def _change(
    tx: Transaction, record: _SeenStore, values: dict[str, Any], _file: Any
) -> None:
    # Others are not told: a domain that is taken would reveal another merchant.
    if record["sees_all"] and "store_domain" in values:
        stores.ensure_domain_free(tx, values["store_domain"])
    stores.update_store(tx, record, values)


def _create(
    tx: Transaction, _owner: Mapping[str, Any], values: dict[str, Any], _file: Any
) -> Created:
    store_id = stores.create_store(tx, values)
    # Without it nobody but the operator could do anything in the new store.
    _, token = authentication.create_token(
        tx, scope=scopes.STORE, store_id=store_id, note="made with the store"
    )
    return Created(store_id, {"token": token})


def _owner(_db: Snapshot, principal: Principal, _owner_id: int) -> dict[str, Any]:
    """Return the store whose changes matter to who asks, None for those of all."""
    return {"store_id": principal.store_id}


def _page(
    context: RequestContext,
    _owner: Mapping[str, Any],
    selection: Selection,
    window: Window,
) -> Page:
    return stores.stores_page(
        context.db,
        context.principal,
        selection,
        limit=window.limit,
        offset=window.offset,
    )


def _extra_actions(href: str) -> tuple[Action, ...]:
    title, address = "Create Upload URL for the Library", f"{href}/{UPLOAD_URL}"
    fields = action_builder.inputs_of(UploadSlotSchema())
    return (
        Action("create-upload-url", title, "POST", address, JSON, fields, ("create",)),
    )


def register_routes(app: Flask, registry: ResourceRegistry) -> None:
    """Register the routes."""
    items = ItemViews(
        RESOURCE_TYPE,
        ItemService(
            find=_find,
            problems=_problems,
            change=_change,
            remove=stores.delete_store,
            is_removable=stores.is_removable,
            extra_actions=_extra_actions,
            page_sections=lambda context, record: store_sections(
                context, record, registry
            ),
        ),
        registry,
    )
    items.register_routes(app)
    CollectionViews(
        items,
        "/stores",
        CollectionService(
            owner=_owner,
            version=lambda db, owner: stores.stores_version(db, owner["store_id"]),
            page=_page,
            create=_create,
            problems=_problems,
            create_scope=scopes.CLIENT,
        ),
    ).register_routes(app)
