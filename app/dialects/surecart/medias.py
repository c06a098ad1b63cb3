"""SureCart's medias: all files of a store, and their upload."""

import base64
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Any

from flask import Flask, Response

from app.database import Snapshot, Transaction
from app.dialects.base import blob_id, blob_key, json_response
from app.dialects.filters import is_one_of
from app.dialects.surecart.protocol import (
    DIALECT,
    Listed,
    deleted,
    envelope,
    list_query,
    principal,
    read_body,
)
from app.errors import Conflict, Invalid, NotFound
from app.http.bodies.form_data import OCTETS, media_type
from app.http.context import RequestContext
from app.http.files.raw_upload import safe_file_name
from app.http.paths import UPLOADS
from app.services.catalogue import library, upload_slots
from app.services.clock import now
from app.services.principal import StorePrincipal
from app.services.rows.filters import EVERYTHING, NOTHING
from app.services.rows.row_types import BlobColumns, BlobRow, LibraryFileRow
from schemas.base.errors import FieldError
from schemas.dialects.surecart import SureCartBlobSchema, SureCartMediaSchema

NAME = "media"
MD5_BYTES = 16
_SCHEMA = SureCartMediaSchema()
_BLOB = SureCartBlobSchema()
LISTED = Listed(
    listing=library.MEDIA_IN_STORE,
    row_type=BlobColumns,
    sortable={
        "created_at": "upload_date",
        "updated_at": "date_modified",
        "filename": "file_name",
        "byte_size": "file_size",
    },
    # Files are never public here.
    flags={"public_access": lambda value: NOTHING if value else EVERYTHING},
    several={
        "ids": lambda _db, _who, ids: is_one_of(
            "blob_key", [blob_key(uuid) for uuid in ids]
        )
    },
)


def find_media(db: Snapshot, store_id: int, uuid: str) -> BlobRow:
    """Return the library file behind a media. Raise `NotFound`."""
    # A media of SureCart is a blob: all downloads that share the bytes share the media.
    rows = library.find_by_blob(db, store_id, blob_key(uuid))
    if not rows:
        raise NotFound("there is no media with this id")
    return rows[0]


def find_medias(
    db: Snapshot, who: StorePrincipal, ids: Sequence[str]
) -> dict[str, Any]:
    """Write medias by their ids."""
    keys = [blob_key(uuid) for uuid in ids]
    rows = LISTED.rows(db, who, [is_one_of("blob_key", keys)], len(keys))
    return {blob_id(row["blob_key"]): media_json(row) for row in rows}


def media_json(
    record: BlobColumns, url: str | None = None, expires: int | None = None
) -> dict[str, Any]:
    """Write a file as a media; its address is for a while, where it has one."""
    suffix = PurePosixPath(record["file_name"]).suffix
    return {
        "id": blob_id(record["blob_key"]),
        "object": NAME,
        "alt": record["alt"] or None,
        "byte_size": record["file_size"],
        "content_type": record["file_type"],
        "extension": suffix.removeprefix(".") or None,
        "filename": record["file_name"],
        # Files are not looked into, so the size of a picture is not known.
        "height": None,
        "width": None,
        "title": record["title"] or None,
        "public_access": False,
        "release_json": None,
        "url": url,
        "url_expires_at": expires,
        "created_at": record["upload_date"],
        "updated_at": record["date_modified"],
    }


def _list(context: RequestContext) -> Response:
    """Handle a GET of many."""
    rows, pagination = LISTED.page(context, list_query(context))
    return json_response(envelope([media_json(row) for row in rows], pagination))


def _get_media(context: RequestContext, uuid: str) -> Response:
    """Handle a GET of a media."""
    return json_response(
        media_json(find_media(context.db, principal(context).store_id, uuid))
    )


def _create(context: RequestContext) -> Response:
    """Handle a POST that turns an uploaded file into a media."""
    who = principal(context)
    values, _ = read_body(context, _SCHEMA, NAME, "POST")
    if values.get("public_access"):
        text = "public_access must be false: files are for those who bought them"
        raise Invalid.of([FieldError("public_access", "inclusion", text)])
    with context.writing() as tx:
        record = _find_uploaded_file(tx, who, values["direct_upload_signed_id"])
        changes = {n: v for n, v in values.items() if n in {"alt", "title"} and v}
        if changes:
            library.update_library_file(tx, record, changes)
        record = library.find_library_file(tx, who, record["id"])
    return json_response(media_json(record))


def _find_uploaded_file(
    tx: Transaction, who: StorePrincipal, signed_id: str
) -> LibraryFileRow:
    """Return the file that was uploaded to a slot. Raise `Invalid`."""
    name = "direct_upload_signed_id"
    slot = upload_slots.find_library_upload(tx, who.store_id, signed_id)
    if slot is None:
        text = f"{name} must be the signed_id of a direct upload of the last day"
        raise Invalid.of([FieldError(name, "invalid", text)])
    if slot["version_id"] is None:
        text = f"{name} has no file: PUT it to the url of the direct upload first"
        raise Invalid.of([FieldError(name, "not_uploaded", text)])
    return library.find_library_file(tx, who, slot["version_id"])


def _delete(context: RequestContext, uuid: str) -> Response:
    """Handle a DELETE. Raise `Conflict` for what a product has, or had."""
    who = principal(context)
    with context.writing() as tx:
        find_media(tx, who.store_id, uuid)
        try:
            keys = library.remove_blob(tx, who, blob_key(uuid))
        except Conflict:
            raise Conflict(
                "media is in use by a download, or is what a customer bought; delete "
                "the download first"
            ) from None
    context.installation.removal.remove(keys)
    return deleted(NAME, uuid.lower())


def _direct_upload(context: RequestContext) -> Response:
    """Handle a POST with the address at which a file can be left (Active Storage)."""
    who = principal(context)

    def unfit(
        values: Mapping[str, Any], wrong: AbstractSet[str]
    ) -> Iterator[FieldError]:
        found = _announced_problems(values, context.settings.max_file_size)
        return (error for error in found if error.property not in wrong)

    values, _ = read_body(context, _BLOB, "blob", "POST", unfit)
    name = safe_file_name(values["filename"]) or "file"
    declared = values["content_type"] or ""
    hours = context.settings.upload_hours
    with context.writing() as tx:
        token, expired = upload_slots.create_slot(
            tx,
            who,
            store_id=who.store_id,
            hours=hours,
            file_name=name,
            file_type=media_type(declared, name),
            announced=(values["byte_size"], values["checksum"]),
        )
    # Creating a slot also removes the expired ones of the store.
    context.installation.removal.remove(expired)
    moment = datetime.fromtimestamp(now(), UTC)
    return json_response(
        {
            "filename": name,
            "content_type": declared or OCTETS,
            "metadata": {},
            "byte_size": values["byte_size"],
            "checksum": values["checksum"],
            "created_at": moment.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
            # Active Storage's name for what the file is claimed with afterwards.
            "signed_id": token,
            "direct_upload": {
                "url": f"{context.urls.base}{UPLOADS}/{token}",
                "headers": {
                    "Content-Type": declared or OCTETS,
                    "Content-MD5": values["checksum"],
                },
            },
        }
    )


def _announced_problems(values: Mapping[str, Any], most: int) -> Iterator[FieldError]:
    """Yield errors for a file that would be refused when it arrives."""
    try:
        digest = base64.b64decode(values.get("checksum", ""), validate=True)
    except ValueError:
        digest = b""
    if len(digest) != MD5_BYTES:
        text = "checksum must be the MD5 digest of the file, in Base64"
        yield FieldError("checksum", "invalid", text)
    if values.get("byte_size", 0) > most:
        text = f"byte_size must be {most} at most (SIRENHALL_MAX_FILE_SIZE)"
        yield FieldError("byte_size", "too_large", text)


def publish(app: Flask) -> None:
    """Register the routes."""
    summaries = {"GET": "List medias", "POST": "Create a media"}
    DIALECT.publish(app, "/medias", summaries, {"GET": _list, "POST": _create}, _SCHEMA)
    DIALECT.publish(
        app,
        "/medias/<uuid>",
        {"GET": "Retrieve a media", "DELETE": "Delete a media"},
        {"GET": _get_media, "DELETE": _delete},
    )
    # SureCart has both; here files stay private either way.
    for access in ("private", "public"):
        DIALECT.publish(
            app,
            f"/direct_upload/{access}",
            {"POST": "Create an upload URL"},
            {"POST": _direct_upload},
            _BLOB,
        )
