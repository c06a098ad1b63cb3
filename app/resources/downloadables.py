"""Downloadables: the files for sale."""

from collections.abc import Iterable, Mapping
from typing import Any

from flask import Flask, Response

from app.database import Snapshot, Transaction
from app.http.context import RequestContext
from app.http.files import file_view
from app.http.files.file_response import file_validators
from app.http.files.raw_upload import received_file
from app.http.headers.conditional import Outcome, evaluate_conditions
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
from app.http.paths import UPLOAD_URL
from app.http.responses import respond_to_change
from app.http.routes import OperationSpec, Route
from app.http.routing import publish_route
from app.http.views.collection import CollectionViews, listing_page
from app.http.views.item import ItemViews
from app.http.views.operations import CollectionService, Created, ItemService
from app.services.catalogue import (
    downloadables,
    item_categories,
    stores,
    translations,
)
from app.services.rows.row_types import DownloadableRow, StoreRow
from app.storage import NewFile
from representations import Action
from schemas.base.errors import FieldError
from schemas.downloadable import DownloadableSchema
from schemas.upload_slot import UploadSlotSchema

FILE_METHODS = {
    "GET": "Download the file",
    "PUT": "Replace the file (send its bytes)",
    **STANDARD_METHODS,
}

DOWNLOADABLE = Declaration(
    name="downloadable",
    plural="downloadables",
    path="/downloadables/{id}",
    title="This Downloadable",
    description=(
        "Downloadables are items for customers to purchase and download. When "
        "creating a downloadable, you'll also send the file directly, as "
        "multipart/form-data. Additionally, the downloadable must have an "
        "item_category_uri of an item_category which is configured for downloaded "
        "item delivery. To update the file later, send it with PATCH or PUT; a client "
        "that can only POST adds the header X-HTTP-Method-Override: PATCH."
    ),
    collection_description=(
        "This link relationship returns a collection of downloadables. You can easily "
        "paginate through this collection using the link relationships of first, "
        "prev, next, and last. Archived downloadables are listed with "
        "is_archived=true."
    ),
    schema=DownloadableSchema(),
    columns=downloadables.SOURCE.names,
    links=(
        TO_STORE,
        LinkTo(
            "fx:item_category",
            "/item_categories/{item_category_id}",
            "Item Category for this downloadable",
            relation=Relation("item_category", "item_category_id"),
        ),
        LinkTo(
            "fx:downloadable_item_categories",
            "/stores/{store_id}/item_categories?item_delivery_type=downloaded",
            "Downloadable Item Categories for this store",
        ),
        LinkTo(
            "fx:create_upload_url",
            f"/downloadables/{{id}}/{UPLOAD_URL}",
            "Create an upload URL for the file",
            method="POST",
        ),
        LinkTo(
            "fx:uploads",
            "/downloadables/{id}/open_uploads",
            "Open uploads of this downloadable",
        ),
        LinkTo(
            "fx:file",
            "/downloadables/{id}/file",
            "File of this downloadable",
            when=("version_id", "url"),
            is_file=True,
        ),
        LinkTo(
            "fx:files",
            "/downloadables/{id}/files",
            "Files of this downloadable",
            relation=Relation("downloadable_file", theirs="downloadable_id"),
        ),
        LinkTo(
            "fx:offer",
            "/downloadables/{id}/offer",
            "Offer of this downloadable",
            relation=Relation("offer"),
        ),
        LinkTo(
            "fx:translations",
            "/downloadables/{id}/translations",
            "Translations of this downloadable",
            relation=Relation("translation", theirs="downloadable_id"),
        ),
        LinkTo(
            "fx:versions",
            "/downloadables/{id}/versions",
            "Versions of this downloadable's file",
            relation=Relation("version", theirs="downloadable_id"),
        ),
        LinkTo(
            "fx:downloadable_purchases",
            "/downloadables/{id}/downloadable_purchases",
            "Purchases of this downloadable",
            relation=Relation("downloadable_purchase", theirs="downloadable_id"),
        ),
        LinkTo(
            "fx:downloads",
            "/downloadables/{id}/downloads",
            "Downloads of this downloadable",
        ),
        LinkTo(
            "fx:statistics",
            "/downloadables/{id}/statistics",
            "Statistics of this downloadable",
        ),
        LinkTo(
            "fx:attributes",
            "/downloadables/{id}/attributes",
            "Attributes for This Downloadable",
            relation=Relation("attribute", theirs="downloadable_id"),
            counted_by="attribute_count",
        ),
    ),
)
RESOURCE_TYPE = ResourceType(
    DOWNLOADABLE,
    downloadables.SOURCE,
    localization=translations.LOCALIZATION,
)
_SLOT = UploadSlotSchema()
PUT_STATUSES = (200, 204, 403, 409, 412, 413, 415, 428, 507)


def _problems(
    db: Snapshot, record: DownloadableRow, values: Mapping[str, Any]
) -> Iterable[FieldError]:
    return downloadables.downloadable_problems(db, record["store_id"], values)


def _problems_in_store(
    db: Snapshot, store: StoreRow, values: Mapping[str, Any]
) -> Iterable[FieldError]:
    return downloadables.downloadable_problems(db, store["id"], values)


def _create(
    tx: Transaction,
    store: StoreRow,
    values: dict[str, Any],
    file: NewFile | None,
) -> Created:
    return Created(downloadables.create_downloadable(tx, store["id"], values, file))


def _send_file(context: RequestContext, item_id: int) -> Response:
    """Handle a GET of the bytes, for the merchant."""
    return file_view.file_answer(
        context,
        lambda: downloadables.find_downloadable(context.db, context.principal, item_id),
    )


def _put_file(context: RequestContext, item_id: int) -> Response:
    """Handle a PUT of the bytes."""
    principal = context.writer
    record = downloadables.find_downloadable(context.db, principal, item_id)
    # No connection is held while a body comes in at its sender's pace.
    context.release_connection()
    with received_file(context, record) as file, context.writing() as tx:
        record = downloadables.find_downloadable(tx, principal, item_id)
        _ensure_seen(context, record)
        downloadables.update_downloadable(tx, record, {}, file)
        record = downloadables.find_downloadable(tx, principal, item_id)
    return respond_to_change(
        context,
        lambda: RESOURCE_TYPE.documents.resource(record, context.render_context),
    )


def _ensure_seen(context: RequestContext, record: DownloadableRow) -> None:
    """Evaluate the preconditions against the file, or against its downloadable."""
    headers = context.request.headers
    # A client may know either ETag: that of the bytes from a download, or that of the
    # resource.
    if "If-Match" in headers and record["file_sha256"] is not None:
        file = file_validators(record["file_sha256"], record["upload_date"])
        if evaluate_conditions(headers.get, file, is_read=False) is Outcome.PROCEED:
            return
    context.ensure_may_change(record)


def _extra_actions(href: str) -> tuple[Action, ...]:
    title, address = "Create Upload URL", f"{href}/{UPLOAD_URL}"
    fields = action_builder.inputs_of(_SLOT)
    return (
        Action("create-upload-url", title, "POST", address, JSON, fields, ("create",)),
    )


def register_routes(app: Flask, registry: ResourceRegistry) -> None:
    """Register the routes."""
    items = ItemViews(
        RESOURCE_TYPE,
        ItemService(
            find=downloadables.find_downloadable,
            problems=_problems,
            change=downloadables.update_downloadable,
            remove=downloadables.delete_downloadable,
            is_removable=downloadables.is_removable,
            extra_actions=_extra_actions,
        ),
        registry,
    )
    items.register_routes(app)
    CollectionViews(
        items,
        "/stores/{id}/downloadables",
        CollectionService(
            owner=stores.find_store,
            version=lambda db, store: downloadables.downloadables_version(
                db, store["id"]
            ),
            page=listing_page(downloadables.IN_STORE),
            create=_create,
            problems=_problems_in_store,
            default_filter=downloadables.ON_SHELF,
        ),
    ).register_routes(app)
    CollectionViews(
        items,
        "/item_categories/{id}/downloadables",
        CollectionService(
            owner=item_categories.find_category,
            version=lambda db, category: downloadables.downloadables_version(
                db, category["store_id"]
            ),
            page=listing_page(downloadables.IN_CATEGORY),
            default_filter=downloadables.ON_SHELF,
        ),
    ).register_routes(app)
    file = Route(
        "/downloadables/<id:item_id>/file",
        FILE_METHODS,
        is_negotiated=False,
        media_types=("*/*",),
        operations={
            "GET": file_view.GOT,
            "PUT": OperationSpec(
                statuses=PUT_STATUSES, takes=("*/*",), is_negotiated=True
            ),
        },
    )
    publish_route(app, file, {"GET": _send_file, "PUT": _put_file})
