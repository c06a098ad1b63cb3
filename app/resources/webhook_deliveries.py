"""Webhook deliveries: the events sent to a store's webhook, and the outcomes.

Tested in `tests/resources/test_webhooks.py`.
"""

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
        "An event of a store, sent to its webhook_url by a POST as Standard Webhooks "
        "describes: with the headers webhook-id, webhook-timestamp and "
        "webhook-signature, which is made with webhook_key. It is sent at least once, "
        "in no certain order. Until the response is 2xx it is retried ten times within "
        "three and a half days. POST sends it again. Events: "
        + " ".join(f"{name}: {words}" for name, words in EVENTS.items())
    ),
    collection_description=(
        "What was sent to a store's webhook, or is to be sent, in the last 30 days. A "
        "webhook that fails for three days, or responds 410, is disabled; the store "
        "shows it."
    ),
    schema=WebhookDeliverySchema(),
    columns=outbox.SOURCE.names,
    links=(TO_STORE,),
)
RESOURCE_TYPE = ResourceType(DELIVERY, outbox.SOURCE)

REPLAY = ResourceAction(
    name="replay-webhook-delivery",
    title="Replay Webhook Delivery",
    summary="Send the webhook again",
    message="webhook_delivery {id} will be sent again.",
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
