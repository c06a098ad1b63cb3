"""Library files: files of a store that belong to no downloadable.

Tested in `tests/resources/test_files.py`.
"""

from typing import Any

from flask import Flask

from app.database import Transaction
from app.http.files.file_view import publish_file
from app.http.hypermedia.declaration import TO_STORE, Declaration, LinkTo
from app.http.hypermedia.registry import ResourceRegistry, ResourceType
from app.http.paths import UPLOAD_URL
from app.http.views.collection import CollectionViews, listing_page
from app.http.views.item import ItemViews
from app.http.views.operations import CollectionService, Created, ItemService
from app.services.catalogue import library, stores
from app.services.rows.row_types import LibraryFileRow, StoreRow
from app.storage import NewFile
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
        LinkTo("fx:file", "/library_files/{id}/file", "The file", is_file=True),
        LinkTo(
            "fx:create_upload_url",
            f"/stores/{{store_id}}/{UPLOAD_URL}",
            "Create an upload URL for a file of the library",
            method="POST",
        ),
    ),
)
RESOURCE_TYPE = ResourceType(LIBRARY_FILE, library.SOURCE)


def _create(
    tx: Transaction,
    store: StoreRow,
    values: dict[str, Any],
    file: NewFile | None,
) -> Created:
    if file is None:
        raise TypeError("its schema requires a file")
    return Created(library.create_library_file(tx, store["id"], file, values))


def _change(
    tx: Transaction, record: LibraryFileRow, values: dict[str, Any], _file: Any
) -> None:
    library.update_library_file(tx, record, values)


def register_routes(app: Flask, registry: ResourceRegistry) -> None:
    """Register the routes."""
    items = ItemViews(
        RESOURCE_TYPE,
        ItemService(
            find=library.find_library_file,
            change=_change,
            remove=library.delete_library_file,
            is_removable=library.is_removable,
        ),
        registry,
    )
    items.register_routes(app)
    CollectionViews(
        items,
        "/stores/{id}/library_files",
        CollectionService(
            owner=stores.find_store,
            version=lambda db, store: library.library_version(db, store["id"]),
            page=listing_page(library.IN_STORE),
            create=_create,
        ),
    ).register_routes(app)
    publish_file(app, "/library_files/<id:item_id>/file", library.find_library_file)
