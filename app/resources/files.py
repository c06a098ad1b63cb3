"""Files of a downloadable: the main one, and any others that come with it."""

from collections.abc import Iterable, Mapping
from typing import Any

from flask import Flask

from app.database import Snapshot, Transaction
from app.http.files.file_view import publish_file
from app.http.hypermedia.declaration import TO_STORE, Declaration, LinkTo, Relation
from app.http.hypermedia.registry import ResourceRegistry, ResourceType
from app.http.views.collection import CollectionViews, listing_page
from app.http.views.item import ItemViews
from app.http.views.operations import CollectionService, Created, ItemService
from app.services.catalogue import downloadables, files
from app.services.rows.row_types import DownloadableRow, FileRow
from app.storage import NewFile
from schemas.base.errors import FieldError
from schemas.downloadable_file import DownloadableFileSchema

DOWNLOADABLE_FILE = Declaration(
    name="downloadable_file",
    plural="files",
    path="/files/{id}",
    title="This File",
    description=(
        "One of the files that customers get for a downloadable. The main one is what "
        "the downloadable itself shows: a new file for it is a new version. Any other "
        "is a file of the store's library, or kept elsewhere. Each may be downloaded "
        "as often as the purchase allows."
    ),
    collection_description=(
        "The files that customers get for a downloadable, the main one among them. "
        "Archived ones are listed with is_archived=true."
    ),
    schema=DownloadableFileSchema(),
    columns=files.SOURCE.names,
    links=(
        TO_STORE,
        LinkTo(
            "fx:downloadable",
            "/downloadables/{downloadable_id}",
            "Downloadable of this file",
            relation=Relation("downloadable", "downloadable_id"),
        ),
        LinkTo(
            "fx:library_file",
            "/library_files/{library_file_id}",
            "File of the library that it is",
            when=("library_file_id",),
            relation=Relation("library_file", "library_file_id"),
        ),
        LinkTo("fx:file", "/files/{id}/file", "The file", is_file=True),
    ),
)
RESOURCE_TYPE = ResourceType(DOWNLOADABLE_FILE, files.SOURCE)


def _problems(
    db: Snapshot, record: FileRow, values: Mapping[str, Any]
) -> Iterable[FieldError]:
    return files.file_problems(db, record["store_id"], values, record)


def _problems_in_downloadable(
    db: Snapshot, downloadable: DownloadableRow, values: Mapping[str, Any]
) -> Iterable[FieldError]:
    return files.file_problems(db, downloadable["store_id"], values)


def _create(
    tx: Transaction,
    downloadable: DownloadableRow,
    values: dict[str, Any],
    file: NewFile | None,
) -> Created:
    return Created(files.create_file(tx, downloadable, values, file))


def register_routes(app: Flask, registry: ResourceRegistry) -> None:
    """Register the routes."""
    items = ItemViews(
        RESOURCE_TYPE,
        ItemService(
            find=files.find_file,
            problems=_problems,
            change=files.update_file,
            remove=files.delete_file,
        ),
        registry,
    )
    items.register_routes(app)
    CollectionViews(
        items,
        "/downloadables/{id}/files",
        CollectionService(
            owner=downloadables.find_downloadable,
            # Whatever changes a file changes what it belongs to.
            version=lambda _db, record: record["revision"],
            page=listing_page(files.OF_DOWNLOADABLE),
            create=_create,
            problems=_problems_in_downloadable,
            default_filter=files.ON_SHELF,
        ),
    ).register_routes(app)
    publish_file(app, "/files/<id:item_id>/file", files.find_file)
