"""Versions: every file that was ever a downloadable's main file."""

from typing import Any

from flask import Flask

from app.database import Transaction
from app.http.hypermedia.declaration import TO_STORE, Declaration, LinkTo, Relation
from app.http.hypermedia.registry import ResourceRegistry, ResourceType
from app.http.views.collection import CollectionViews, listing_page
from app.http.views.item import ItemViews
from app.http.views.operations import CollectionService, ItemService, ResourceAction
from app.services.catalogue import downloadables, versions
from app.services.rows.row_types import VersionRow
from schemas.version import VersionSchema

VERSION = Declaration(
    name="version",
    plural="versions",
    path="/versions/{id}",
    title="This Version",
    description=(
        "Each upload is a version of a downloadable's file. Customers get the current "
        "one, unless their purchase names another; their link stays the same. POST "
        "makes a version the current one again; one that is neither current nor named "
        "by a purchase can be deleted."
    ),
    collection_description=(
        "Every file that a downloadable ever had, the oldest first. Upload a file to "
        "the downloadable to add one."
    ),
    schema=VersionSchema(),
    columns=versions.SOURCE.names,
    links=(
        TO_STORE,
        LinkTo(
            "fx:downloadable",
            "/downloadables/{downloadable_id}",
            "Downloadable of this version",
            relation=Relation("downloadable", "downloadable_id"),
        ),
    ),
)
RESOURCE_TYPE = ResourceType(VERSION, versions.SOURCE)

RESTORE = ResourceAction(
    name="restore-version",
    title="Restore Version",
    summary="Make this version the one that customers get",
    message="version {id} is the current one now.",
    do=versions.restore_version,
    is_offered=lambda record: not record["is_current"],
)


def _change(
    tx: Transaction, record: VersionRow, values: dict[str, Any], _file: Any
) -> None:
    versions.update_version(tx, record, values)


def register_routes(app: Flask, registry: ResourceRegistry) -> None:
    """Register the routes."""
    items = ItemViews(
        RESOURCE_TYPE,
        ItemService(
            find=versions.find_version,
            change=_change,
            remove=versions.delete_version,
            is_removable=versions.is_removable,
            action=RESTORE,
        ),
        registry,
    )
    items.register_routes(app)
    CollectionViews(
        items,
        "/downloadables/{id}/versions",
        CollectionService(
            owner=downloadables.find_downloadable,
            # Whatever changes a version changes what it belongs to.
            version=lambda _db, record: record["revision"],
            page=listing_page(versions.OF_DOWNLOADABLE),
        ),
    ).register_routes(app)
