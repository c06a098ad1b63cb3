"""Webhook deliveries: what a store's webhook was told, and how that went."""

from flask import Flask

from app.http.hypermedia.declaration import TO_STORE, Declaration
from app.http.hypermedia.registry import ResourceRegistry, ResourceType
from app.http.views.collection import CollectionViews, listing_page
from app.http.views.item import ItemViews
from app.http.views.operations import CollectionService, ItemService, ResourceAction
from app.services.catalogue import stores
from app.services.webhooks import outbox
from schemas.webhook_delivery import EVENTS, WebhookDeliverySchema

DELIVERY = Declaration(
    name="webhook_delivery",
    plural="webhook_deliveries",
    path="/webhook_deliveries/{id}",
    title="{event} ({state})",
    description=(
        "Something that happened in a store, told to its webhook_url by a POST that "
        "Standard Webhooks describes: the headers webhook-id, webhook-timestamp and "
        "webhook-signature, which is made with webhook_key. It is told at least once, "
        "in no certain order; until the answer is 2xx it is tried ten times within "
        "three and a half days. POST tells it again. Events: "
        + " ".join(f"{name}: {words}" for name, words in EVENTS.items())
    ),
    collection_description=(
        "What a store's webhook was told, or is to be told, in the last 30 days. A "
        "webhook that failed for three days, or answered 410, is disabled; the store "
        "says so."
    ),
    schema=WebhookDeliverySchema(),
    columns=outbox.SOURCE.names,
    links=(TO_STORE,),
)
RESOURCE_TYPE = ResourceType(DELIVERY, outbox.SOURCE)

REPLAY = ResourceAction(
    name="replay-webhook-delivery",
    title="Replay Webhook Delivery",
    words="Tell the webhook again",
    message="webhook_delivery {id} will be told again.",
    do=outbox.redeliver,
)


def register_routes(app: Flask, registry: ResourceRegistry) -> None:
    """Register the routes."""
    items = ItemViews(
        RESOURCE_TYPE, ItemService(find=outbox.find_delivery, action=REPLAY), registry
    )
    items.register_routes(app)
    CollectionViews(
        items,
        "/stores/{id}/webhook_deliveries",
        CollectionService(
            owner=stores.find_store,
            version=lambda db, store: outbox.deliveries_version(db, store["id"]),
            page=listing_page(outbox.IN_STORE),
        ),
    ).register_routes(app)
