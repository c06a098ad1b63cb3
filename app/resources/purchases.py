"""Downloadable purchases: who may download what, how often, and until when."""

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlencode

from flask import Flask, Response

from app.database import Snapshot, Transaction
from app.http.bodies.body_reader import Body
from app.http.context import RequestContext
from app.http.hypermedia import action_builder
from app.http.hypermedia.declaration import (
    STANDARD_METHODS,
    TO_STORE,
    Declaration,
    LinkTo,
    Relation,
)
from app.http.hypermedia.registry import ResourceRegistry, ResourceType
from app.http.media_types import JSON
from app.http.paths import DOWNLOAD, DOWNLOAD_FILES
from app.http.responses import respond
from app.http.routes import OperationSpec, Route
from app.http.routing import publish_route
from app.http.views.collection import CollectionViews, listing_page
from app.http.views.idempotency import IdempotentRequest
from app.http.views.item import ItemViews
from app.http.views.operations import (
    CollectionService,
    Created,
    ItemService,
    ResourceAction,
)
from app.http.views.write_checks import ensure_valid
from app.http.views.write_request import write_once
from app.services.catalogue import downloadables, stores
from app.services.clock import now
from app.services.principal import Principal
from app.services.rows.row_types import PurchaseRow, StoreRow
from app.services.sales import purchases, signed_links
from representations import Action, Link, Resource
from schemas.base.errors import FieldError
from schemas.purchase import PurchaseSchema
from schemas.signed_link import SignedLinkSchema

SIGNED = "signed_url"

PURCHASE = Declaration(
    name="downloadable_purchase",
    plural="downloadable_purchases",
    path="/downloadable_purchases/{id}",
    title="This Downloadable Purchase",
    description=(
        "What a customer bought: they download it by fx:download_url, without an "
        "account. The limits are those of the downloadable or its category when it was "
        "bought, unless you name others. is_active=false revokes it; POST, or "
        "fx:reset_usage, counts its downloads from zero again."
    ),
    collection_description=(
        "What customers bought. Filter it by order_id, customer_id, customer_email or "
        "downloadable:code; search looks through the first three."
    ),
    schema=PurchaseSchema(),
    columns=purchases.SOURCE.names,
    links=(
        TO_STORE,
        LinkTo(
            "fx:downloadable",
            "/downloadables/{downloadable_id}",
            "Downloadable of this purchase",
            relation=Relation("downloadable", "downloadable_id"),
        ),
        LinkTo(
            "fx:version",
            "/versions/{version_id}",
            "Version that the customer gets",
            when=("version_id",),
            relation=Relation("version", "version_id"),
        ),
        # Whoever only reads is not shown the passcode, and so has no link.
        LinkTo(
            "fx:download_url",
            DOWNLOAD + "?p={download_passcode}",
            "Download",
            when=("download_passcode",),
        ),
        LinkTo(
            "fx:purchased_files",
            DOWNLOAD_FILES + "?p={download_passcode}",
            "All files that the customer gets",
            when=("download_passcode",),
        ),
        LinkTo(
            "fx:create_signed_url",
            f"/downloadable_purchases/{{id}}/{SIGNED}",
            "Create a temporary link",
            method="POST",
        ),
        LinkTo(
            "fx:reset_usage",
            "/downloadable_purchases/{id}/reset_usage",
            "Count the downloads from zero again",
            method="POST",
        ),
        LinkTo(
            "fx:downloads",
            "/downloadable_purchases/{id}/downloads",
            "Downloads of this purchase",
        ),
    ),
)
RESOURCE_TYPE = ResourceType(PURCHASE, purchases.SOURCE)

RESET = ResourceAction(
    name="reset-usage",
    title="Reset Usage",
    summary="Count its downloads from zero again",
    message="usage of downloadable_purchase {id} was reset successfully.",
    do=purchases.reset_usage,
    suffix="reset_usage",
)
SIGNED_METHODS = {
    "POST": "Create a link to the download that expires",
    "OPTIONS": STANDARD_METHODS["OPTIONS"],
}
_SIGNED_SCHEMA = SignedLinkSchema()
_SIGNED_FIELDS = action_builder.inputs_of(_SIGNED_SCHEMA)


def _problems(
    db: Snapshot, record: PurchaseRow, values: Mapping[str, Any]
) -> Iterable[FieldError]:
    return purchases.purchase_problems(db, record["store_id"], values, record)


def _problems_in_store(
    db: Snapshot, store: StoreRow, values: Mapping[str, Any]
) -> Iterable[FieldError]:
    return purchases.purchase_problems(db, store["id"], values)


def _change(
    tx: Transaction, record: PurchaseRow, values: dict[str, Any], _file: Any
) -> None:
    purchases.update_purchase(tx, record, values)


def _remove(tx: Transaction, record: PurchaseRow) -> None:
    purchases.delete_purchase(tx, record)


def _create(
    tx: Transaction, store: StoreRow, values: dict[str, Any], _file: Any
) -> Created:
    # An order that is sent twice gets its purchase, with 200 instead of 201.
    purchase_id, is_new = purchases.create_purchase(tx, store["id"], values)
    return Created(purchase_id, is_new=is_new)


def _sign(context: RequestContext, item_id: int) -> Response:
    """Handle a POST that creates a temporary link."""

    def sign(body: Body, state: IdempotentRequest) -> Response:
        values, errors = _SIGNED_SCHEMA.read(body.values, partial=False)
        ensure_valid(_SIGNED_SCHEMA, values, errors, ())
        with context.writing() as tx:
            record = purchases.find_purchase(tx, context.writer, item_id)
            answer = _signed(context, record, values["expires_in"])
            # An expired link would be no answer.
            return state.store_response(tx, answer, seconds=values["expires_in"])

    def authorize(principal: Principal) -> None:
        purchases.find_purchase(context.db, principal, item_id)

    return write_once(context, _SIGNED_SCHEMA, authorize, sign)


def _signed(context: RequestContext, record: PurchaseRow, seconds: int) -> Response:
    parameters = signed_links.link_parameters(
        record["id"], record["download_passcode"], now() + seconds
    )
    unit = "second" if seconds == 1 else "seconds"
    url = f"{context.urls.base}{DOWNLOAD}?{urlencode(parameters)}"
    purchase = context.urls.base + PURCHASE.path.format_map(record)
    document = Resource(
        classes=("signed_url",),
        properties={
            "signed_url": url,
            "expires_in": seconds,
            "message": f"The link is valid for {seconds} {unit}.",
        },
        links=[
            Link("self", context.url, "Temporary links"),
            Link("fx:downloadable_purchase", purchase, PURCHASE.title),
            Link("fx:download_url", url, "Download"),
        ],
    )
    return respond(
        context, document, 201, {"Location": url, "Cache-Control": "no-store"}
    )


def _extra_actions(href: str) -> tuple[Action, ...]:
    title, address = "Create Signed URL", f"{href}/{SIGNED}"
    fields = _SIGNED_FIELDS
    return (
        Action("create-signed-url", title, "POST", address, JSON, fields, ("create",)),
    )


def register_routes(app: Flask, registry: ResourceRegistry) -> None:
    """Register the routes."""
    items = ItemViews(
        RESOURCE_TYPE,
        ItemService(
            find=purchases.find_purchase,
            problems=_problems,
            change=_change,
            remove=_remove,
            action=RESET,
            extra_actions=_extra_actions,
        ),
        registry,
    )
    items.register_routes(app)
    CollectionViews(
        items,
        "/stores/{id}/downloadable_purchases",
        CollectionService(
            owner=stores.find_store,
            version=lambda db, store: purchases.purchases_version(db, store["id"]),
            page=listing_page(purchases.IN_STORE),
            create=_create,
            problems=_problems_in_store,
        ),
    ).register_routes(app)
    CollectionViews(
        items,
        "/downloadables/{id}/downloadable_purchases",
        CollectionService(
            owner=downloadables.find_downloadable,
            version=lambda db, item: purchases.purchases_version(db, item["store_id"]),
            page=listing_page(purchases.OF_DOWNLOADABLE),
        ),
    ).register_routes(app)
    signed = Route(
        f"/downloadable_purchases/<id:item_id>/{SIGNED}",
        SIGNED_METHODS,
        operations={
            "POST": OperationSpec(
                statuses=(201, 403, 409, 413, 415, 422, 507),
                fields=_SIGNED_FIELDS,
            )
        },
    )
    publish_route(app, signed, {"POST": _sign})
