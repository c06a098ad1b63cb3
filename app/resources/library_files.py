"""Library files: a store's files that belong to no downloadable."""

from collections.abc import Mapping
from typing import Any

from flask import Flask

from app.database import Transaction
from app.http.files.file_view import publish_file
from app.http.hypermedia.declaration import TO_STORE, Declaration, LinkTo
from app.http.hypermedia.registry import Catalogue, Kind
from app.http.paths import UPLOAD_URL
from app.http.routing import CollectionService, ItemService, Made
from app.http.views.collection import CollectionViews, pages
from app.http.views.item import ItemViews
from app.services.catalogue import library, stores
from app.services.catalogue.main_files import NewFile
from schemas.library_file import LibraryFileSchema

LIBRARY_FILE = Declaration(
    name="library_file",
    plural="library_files",
    path="/library_files/{id}",
    title="This Library File",
    description=(
        "A file that a store keeps for any of its downloadables: a downloadable_file "
        "names it by library_file_uri. It can be deleted while none does."
    ),
    collection_description=(
        "The files that a store keeps for any of its downloadables. Upload one as "
        "multipart/form-data, or at what fx:create_upload_url gives, by which large "
        "ones can be resumed."
    ),
    schema=LibraryFileSchema(),
    columns=library.SOURCE.names,
    links=(
        TO_STORE,
        LinkTo("fx:file", "/library_files/{id}/file", "The file"),
        LinkTo(
            "fx:create_upload_url",
            f"/stores/{{store_id}}/{UPLOAD_URL}",
            "Create an address at which a file for the library can be left",
        ),
    ),
)
KIND = Kind(LIBRARY_FILE, library.SOURCE)


def _create(
    tx: Transaction,
    store: Mapping[str, Any],
    values: dict[str, Any],
    file: NewFile | None,
) -> Made:
    if file is None:
        raise TypeError("its schema requires a file")
    return Made(library.create(tx, store["id"], file, values))


def _change(
    tx: Transaction, record: Mapping[str, Any], values: dict[str, Any], _file: Any
) -> None:
    library.change(tx, record, values)


def register(app: Flask, catalogue: Catalogue) -> None:
    """Publish the views."""
    items = ItemViews(
        KIND,
        ItemService(
            find=library.find,
            change=_change,
            remove=library.remove,
            is_removable=library.is_removable,
        ),
        catalogue,
    )
    items.register(app)
    CollectionViews(
        items,
        "/stores/{id}/library_files",
        CollectionService(
            owner=stores.find,
            version=lambda db, store: library.version(db, store["id"]),
            page=pages(library.IN_STORE),
            create=_create,
        ),
    ).register(app)
    publish_file(app, "/library_files/<id:item_id>/file", library.find)
