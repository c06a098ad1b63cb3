"""The files of Zid's downloadable products: uploaded first, then attached."""

from collections.abc import Mapping
from typing import Any

from flask import Flask, Response

from app.database import Snapshot, Transaction
from app.dialects import base
from app.dialects.base import blob_id, blob_key, json_response
from app.dialects.filters import is_one_of, select_all_of
from app.dialects.zid import products
from app.dialects.zid.protocol import (
    DIALECT,
    ZidPrincipal,
    ensure_filters,
    envelope,
    moment,
    page_window,
    reader,
)
from app.errors import BadRequest, Invalid, NotFound, Problem
from app.http.bodies.form_data import media_type
from app.http.context import RequestContext
from app.http.files import file_view
from app.http.files.raw_upload import safe_file_name
from app.http.paths import UPLOADS
from app.services.catalogue import downloadables, files, library, upload_slots
from app.services.rows.listing import Order, records_of
from app.services.rows.row_types import FileRow, ListedFileColumns
from schemas.base.errors import FieldError
from schemas.dialects.zid import ZidAttachSchema, ZidPresignSchema

NONE = "the product has no file with this id"
FOLDER = "product-downloadables"
_ATTACH = ZidAttachSchema()
_PRESIGN = ZidPresignSchema()


def _presign(context: RequestContext, uuid: str) -> Response:
    """Handle a POST with an address, and the fields to send there with the file."""
    who = reader(context, context.db)
    # The product only has to exist: the file belongs to the library first.
    products.find_product(context.db, who, uuid)
    values = _read_values(context, _PRESIGN)
    name = safe_file_name(values["file_name"])
    declared = values["content_type"]
    with context.writing() as tx:
        token, expired = upload_slots.create_slot(
            tx,
            who.principal,
            store_id=who.store_id,
            hours=context.settings.upload_hours,
            file_name=name,
            file_type=declared and media_type(declared, name or ""),
        )
    context.installation.removal.remove(expired)
    return json_response(
        {
            "url": f"{context.urls.base}{UPLOADS}/{token}",
            "fields": {"key": f"{who.store_id}/{FOLDER}/{token}"},
        }
    )


def _attach(context: RequestContext, uuid: str) -> Response:
    """Handle a POST that attaches an uploaded file to the product."""
    who = reader(context, context.db)
    values = _read_values(context, _ATTACH)
    with context.writing() as tx:
        product = products.find_product(tx, who, uuid)
        file = {
            "library_file_id": _find_uploaded_file(tx, who, values),
            "name": values["display_name"] or "",
        }
        record = downloadables.find_downloadable(tx, who.principal, product["id"])
        file_id = files.create_file(tx, record, file, None)
        made = files.find_file(tx, who.principal, file_id)
    return json_response(_file_json(context, made), 201)


def _read_values(context: RequestContext, schema: Any) -> dict[str, Any]:
    sent = base.read_members(context, schema, "POST")
    file = sent.pop("file", None)
    if file is not None:
        # As it is answered, with its key inside, or the key alone.
        sent.setdefault("key", file.get("key") if isinstance(file, dict) else file)
    values, errors = schema.read(sent, partial=False)
    if errors:
        raise Invalid.of(errors)
    return dict(values)


def _find_uploaded_file(
    tx: Transaction, who: ZidPrincipal, values: Mapping[str, Any]
) -> int:
    """Return the library's file that is meant. Raise `Invalid`."""
    if values["library_id"] is not None:
        key = blob_key(values["library_id"])
        found = library.adopt_blob(tx, who.store_id, key)
        if found is None:
            raise _wrong("library_id", "must be the id of a file of the library")
        return found
    if values["key"] is None:
        raise _wrong("key", "can't be blank, unless library_id is given")
    # The key that presigning returned ends with the token of the slot.
    token = values["key"].rpartition("/")[2]
    slot = upload_slots.find_library_upload(tx, who.store_id, token)
    if slot is None:
        raise _wrong("key", "must be the key of an upload of the last day")
    if slot["version_id"] is None:
        raise _wrong("key", "has no file: POST it to the url of the upload first")
    return int(slot["version_id"])


def _wrong(name: str, text: str) -> Invalid:
    return Invalid.of([FieldError(name, "invalid", f"{name} {text}")])


def _list(context: RequestContext, uuid: str) -> Response:
    """Handle a GET of the files of a product."""
    who = reader(context, context.db)
    problems: list[Problem] = []
    asked = page_window(context, problems)
    ensure_filters(context, (), problems)
    if problems:
        raise BadRequest(problems=problems)
    product = products.find_product(context.db, who, uuid)
    made = [
        is_one_of("downloadable_id", [product["id"]]),
        is_one_of("is_archived", [False]),
    ]
    page = files.IN_STORE.page(
        context.db,
        who.store_id,
        select_all_of(made, (Order("id"),)),
        limit=asked.size,
        offset=asked.offset,
        timezone=who.store["timezone"],
    )
    records = records_of(files.IDENTIFIED, ListedFileColumns, page.rows)
    rows = [_file_json(context, record) for record in records]
    return json_response(envelope(context, asked, page.total, rows))


def _find_file(db: Snapshot, who: ZidPrincipal, uuid: str, file_uuid: str) -> FileRow:
    product = products.find_product(db, who, uuid)
    file_id = files.find_id_by_uuid(db, who.store_id, file_uuid.lower())
    if file_id is None:
        raise NotFound(NONE)
    record = files.find_file(db, who.principal, file_id)
    # A file of another product is as unknown as none.
    if record["downloadable_id"] != product["id"]:
        raise NotFound(NONE)
    return record


def _delete(context: RequestContext, uuid: str, file_uuid: str) -> Response:
    """Handle a DELETE: the file stays in the library."""
    with context.writing() as tx:
        who = reader(context, tx)
        files.delete_file(tx, _find_file(tx, who, uuid, file_uuid))
    return Response(status=204)


def _send_file(context: RequestContext, uuid: str, file_uuid: str) -> Response:
    """Handle a GET of the bytes."""
    return file_view.file_answer(
        context,
        lambda: _find_file(context.db, reader(context, context.db), uuid, file_uuid),
    )


def _file_json(context: RequestContext, record: ListedFileColumns) -> dict[str, Any]:
    """Write a file of a downloadable."""
    key = record["blob_key"] if record["url"] is None else None
    address = (
        f"{context.urls.base}{DIALECT.prefix}/products/{record['downloadable_uuid']}"
        f"/downloadables/{record['uuid']}/file/"
    )
    return {
        "id": record["uuid"],
        "product_id": record["downloadable_uuid"],
        "file": {
            "key": blob_id(key) if key else None,
            "url": record["url"] or address,
            "meta": {
                "name": record["file_name"] if key else None,
                "size": record["file_size"] if key else None,
                "content_type": record["file_type"] if key else None,
            },
        },
        "display_name": record["name"] or record["file_name"],
        "display_order": None,
        "status": "archived" if record["is_archived"] else "active",
        "created_at": moment(record["date_created"]),
        "updated_at": moment(record["date_modified"]),
    }


def publish(app: Flask) -> None:
    """Register the routes."""
    path = "/products/<uuid>/downloadables/"
    DIALECT.publish(
        app,
        f"{path}generate-s3-presigned-url/",
        {"POST": "Create an upload URL"},
        {"POST": _presign},
        _PRESIGN,
    )
    summaries = {"GET": "List the files of a product", "POST": "Attach a file"}
    DIALECT.publish(app, path, summaries, {"GET": _list, "POST": _attach}, _ATTACH)
    DIALECT.publish(
        app,
        f"{path}<file_uuid>/",
        {"DELETE": "Detach a file"},
        {"DELETE": _delete},
    )
    DIALECT.publish(
        app,
        f"{path}<file_uuid>/file/",
        {"GET": "Download a file of a product"},
        {"GET": _send_file},
        media_types=("*/*",),
    )
