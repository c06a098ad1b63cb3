"""Versions: every file that a downloadable ever had."""

from collections.abc import Mapping
from typing import Any

from flask import Flask

from app.database import Transaction
from app.http.hypermedia.declaration import TO_STORE, Declaration, LinkTo, Relation
from app.http.hypermedia.registry import Catalogue, Kind
from app.http.routing import CollectionService, Deed, ItemService
from app.http.views.collection import CollectionViews, pages
from app.http.views.item import ItemViews
from app.services.catalogue import downloadables, versions
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
KIND = Kind(VERSION, versions.SOURCE)

RESTORE = Deed(
    name="restore-version",
    title="Restore Version",
    words="Make this version the one that customers get",
    message="version {id} is the current one now.",
    do=versions.restore,
    is_offered=lambda record: not record["is_current"],
)


def _change(
    tx: Transaction, record: Mapping[str, Any], values: dict[str, Any], _file: Any
) -> None:
    versions.change(tx, record, values)


def register(app: Flask, catalogue: Catalogue) -> None:
    """Publish the views."""
    items = ItemViews(
        KIND,
        ItemService(
            find=versions.find,
            change=_change,
            remove=versions.remove,
            is_removable=versions.is_removable,
            deed=RESTORE,
        ),
        catalogue,
    )
    items.register(app)
    CollectionViews(
        items,
        "/downloadables/{id}/versions",
        CollectionService(
            owner=downloadables.find,
            # Whatever changes a version changes what it belongs to.
            version=lambda _db, record: record["revision"],
            page=pages(versions.OF_DOWNLOADABLE),
        ),
    ).register(app)
