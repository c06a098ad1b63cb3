"""Files of a downloadable: the main one, and any others that come with it."""

from collections.abc import Iterable, Mapping
from typing import Any

from flask import Flask

from app.database import Snapshot, Transaction
from app.http.files.file_view import publish_file
from app.http.hypermedia.declaration import TO_STORE, Declaration, LinkTo, Relation
from app.http.hypermedia.registry import Catalogue, Kind
from app.http.routing import CollectionService, ItemService, Made
from app.http.views.collection import CollectionViews, pages
from app.http.views.item import ItemViews
from app.services.catalogue import downloadables, files
from app.services.catalogue.main_files import NewFile
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
        LinkTo("fx:file", "/files/{id}/file", "The file"),
    ),
)
KIND = Kind(DOWNLOADABLE_FILE, files.SOURCE)


def _problems(
    db: Snapshot, record: Mapping[str, Any], values: Mapping[str, Any]
) -> Iterable[FieldError]:
    return files.problems(db, record["store_id"], values, record)


def _problems_in_downloadable(
    db: Snapshot, downloadable: Mapping[str, Any], values: Mapping[str, Any]
) -> Iterable[FieldError]:
    return files.problems(db, downloadable["store_id"], values)


def _create(
    tx: Transaction,
    downloadable: Mapping[str, Any],
    values: dict[str, Any],
    file: NewFile | None,
) -> Made:
    return Made(files.create(tx, downloadable, values, file))


def register(app: Flask, catalogue: Catalogue) -> None:
    """Publish the views."""
    items = ItemViews(
        KIND,
        ItemService(
            find=files.find,
            problems=_problems,
            change=files.change,
            remove=files.remove,
        ),
        catalogue,
    )
    items.register(app)
    CollectionViews(
        items,
        "/downloadables/{id}/files",
        CollectionService(
            owner=downloadables.find,
            # Whatever changes a file changes what it belongs to.
            version=lambda _db, record: record["revision"],
            page=pages(files.OF_DOWNLOADABLE),
            create=_create,
            problems=_problems_in_downloadable,
            usual=files.ON_SHELF,
        ),
    ).register(app)
    publish_file(app, "/files/<id:item_id>/file", files.find)
