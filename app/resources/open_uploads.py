"""Open uploads: the upload slots of a store or downloadable.

Tested in `tests/resources/test_upload_slots.py`.
"""

from flask import Flask

from app.database import Transaction
from app.http.hypermedia.declaration import TO_STORE, Declaration, LinkTo, Relation
from app.http.hypermedia.registry import ResourceRegistry, ResourceType
from app.http.views.collection import CollectionViews, listing_page
from app.http.views.item import ItemViews
from app.http.views.operations import CollectionService, ItemService
from app.services.catalogue import downloadables, stores, upload_slots
from app.services.rows.row_types import OpenSlotRow
from schemas.upload import UploadSchema

UPLOAD = Declaration(
    name="upload",
    plural="uploads",
    path="/open_uploads/{id}",
    title="This Upload",
    description=(
        "An upload slot: whoever has its address may leave a file there without a "
        "token. DELETE closes it, and removes what has arrived. It also ends with the "
        "token that it was made with. Its address is shown nowhere."
    ),
    collection_description="The upload slots that have no file yet.",
    schema=UploadSchema(),
    columns=upload_slots.SOURCE.names,
    links=(
        TO_STORE,
        LinkTo(
            "fx:downloadable",
            "/downloadables/{downloadable_id}",
            "Downloadable of this upload",
            when=("downloadable_id",),
            relation=Relation("downloadable", "downloadable_id"),
        ),
    ),
)
RESOURCE_TYPE = ResourceType(UPLOAD, upload_slots.SOURCE)


def _remove(tx: Transaction, record: OpenSlotRow) -> list[str]:
    return upload_slots.close_slot(tx, record["id"])


def register_routes(app: Flask, registry: ResourceRegistry) -> None:
    """Register the routes."""
    service = ItemService(find=upload_slots.find_open_slot, remove=_remove)
    items = ItemViews(RESOURCE_TYPE, service, registry)
    items.register_routes(app)
    for path, owner, listing in (
        ("/stores/{id}/open_uploads", stores.find_store, upload_slots.IN_STORE),
        (
            "/downloadables/{id}/open_uploads",
            downloadables.find_downloadable,
            upload_slots.OF_DOWNLOADABLE,
        ),
    ):
        CollectionViews(
            items,
            path,
            CollectionService(
                owner=owner,
                version=lambda db, record: upload_slots.slots_version(
                    db, record.get("store_id", record["id"])
                ),
                page=listing_page(listing),
            ),
        ).register_routes(app)
