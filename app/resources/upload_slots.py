"""Upload slots, which take a raw PUT or a resumable upload (tus 1.0.0)."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import wraps
from typing import Any, NamedTuple

from flask import Flask, Request, Response
from werkzeug.http import http_date

from app.database import Snapshot
from app.errors import (
    BadRequest,
    Conflict,
    Invalid,
    LinkExpired,
    RequestError,
    TooLarge,
    UnknownLink,
    UnsupportedMediaType,
)
from app.http.bodies import body_reader
from app.http.bodies.body_reader import Body
from app.http.bodies.form_data import OCTETS, media_type
from app.http.context import RequestContext
from app.http.files.raw_upload import name_of, received_file, safe_file_name
from app.http.headers import tus
from app.http.headers.digest_fields import Digest
from app.http.hypermedia import action_builder
from app.http.hypermedia.declaration import STANDARD_METHODS
from app.http.hypermedia.registry import ResourceRegistry
from app.http.media_types import JSON, MULTIPART
from app.http.paths import UPLOAD_URL, UPLOADS
from app.http.responses import respond
from app.http.routes import OperationSpec, Route
from app.http.routing import publish_route
from app.http.views.idempotency import IdempotentRequest
from app.http.views.write_checks import ensure_valid, keeping_file, needed_file
from app.http.views.write_request import read_body, write_once
from app.services.catalogue import downloadables, stores, upload_slots
from app.services.principal import Principal
from app.services.rows.row_types import SlotRow
from app.storage import Blob, NewFile, Partial
from representations import Action, Link, Resource
from schemas.library_file import LibraryFileSchema
from schemas.upload_slot import UploadSlotSchema

NOT_BEGUN = "no resumable upload was begun here; POST begins one"
SYNC_EVERY = 20 * 2**20
"""Bytes of a resumable upload that a killed server loses at most."""

PIECES = frozenset(
    {
        "dztotalchunkcount",
        "chunks",
        "resumabletotalchunks",
        "flowtotalchunks",
        "qqtotalparts",
    }
)
"""Fields by which Dropzone, Plupload, Resumable.js, Flow.js and Fine Uploader say how
many pieces a file has, in lower case."""

SLOT_METHODS = {
    "POST": "Create an upload URL for the file",
    "OPTIONS": STANDARD_METHODS["OPTIONS"],
}
UPLOAD_METHODS = {
    "PUT": "Upload the file",
    "POST": "Begin a resumable upload (tus 1.0.0), or upload the file in a form",
    "HEAD": "Get the offset of a resumable upload",
    "PATCH": "Append to a resumable upload",
    "DELETE": "Cancel a resumable upload",
    "OPTIONS": STANDARD_METHODS["OPTIONS"],
}
OPTIONS_HEADERS = {
    "Tus-Resumable": tus.VERSION,
    "Tus-Version": tus.VERSION,
    "Tus-Extension": tus.EXTENSIONS,
    "Tus-Checksum-Algorithm": ",".join(tus.ALGORITHMS),
}
_SCHEMA = UploadSlotSchema()
_FORM = LibraryFileSchema()
Finder = Callable[[Snapshot, Principal, int], Any]
_REFUSALS = (400, 404, 409, 410, 413, 415, 422, 423, 507)


def _for_downloadable(context: RequestContext, item_id: int) -> Response:
    """Handle a POST with a slot for the file of a downloadable."""
    about = Link(
        "fx:downloadable",
        f"{context.urls.base}/downloadables/{item_id}",
        "Downloadable",
    )
    return _create(context, item_id, downloadables.find_downloadable, about)


def _for_library(context: RequestContext, item_id: int) -> Response:
    """Handle a POST with a slot for a file of the library."""
    address = f"{context.urls.base}/stores/{item_id}/library_files"
    about = Link("fx:library_files", address, "Library")
    return _create(context, item_id, stores.find_store, about)


def _create(
    context: RequestContext, item_id: int, find: Finder, about: Link
) -> Response:
    """Handle a POST with the address of a new slot."""
    gone: list[str] = []

    def create(body: Body, state: IdempotentRequest) -> Response:
        values, errors = _SCHEMA.read(body.values, partial=False)
        ensure_valid(_SCHEMA, values, errors, ())
        with context.writing() as tx:
            owner = find(tx, context.writer, item_id)
            token, expired = upload_slots.create_slot(
                tx,
                context.writer,
                store_id=owner.get("store_id", owner["id"]),
                downloadable_id=owner["id"] if "store_id" in owner else None,
                hours=context.settings.upload_hours,
                file_name=safe_file_name(values["file_name"]),
                file_type=values["type"],
            )
            gone.extend(expired)
            return state.store_response(tx, _slot(context, about, token))

    def authorize(principal: Principal) -> None:
        find(context.db, principal, item_id)

    answer = write_once(context, _SCHEMA, authorize, create)
    context.installation.removal.remove(gone)
    return answer


def _slot(context: RequestContext, about: Link, token: str) -> Response:
    base, hours = context.urls.base, context.settings.upload_hours
    url = f"{base}{UPLOADS}/{token}"
    document = Resource(
        classes=("upload_url",),
        properties={
            "upload_url": url,
            "message": f"PUT the file there within {hours} hours, without a token; or "
            "upload it by tus 1.0.0, so that it can be resumed.",
        },
        links=[
            Link("self", context.url, "Upload slots"),
            Link("fx:upload_url", url, "Upload the file here", method="PUT"),
            about,
        ],
        actions=[
            Action("upload-file", "Upload File", "PUT", url, "application/octet-stream")
        ],
    )
    return respond(
        context, document, 201, {"Location": url, "Cache-Control": "no-store"}
    )


# -- one request ----------------------------------------------------------------


def _put(context: RequestContext, token: str) -> Response:
    """Handle a PUT of the whole file at a slot."""
    slot = upload_slots.find_slot(context.db, token)
    upload_slots.ensure_open(slot)
    if context.request.mimetype == MULTIPART and slot["announced_size"] is None:
        # What curl -X PUT -F sends: the file is in the form, and not all of it.
        return _upload_document(context, _from_form(context, token))
    record = _find_downloadable(context, slot)
    declared = str(slot["file_type"] or "")
    receiving = received_file(context, record, slot["file_name"], declared, slot)
    with receiving as file, context.writing() as tx:
        record = upload_slots.finish_upload(tx, slot, file)
    context.installation.removal.remove([slot["partial_key"]])
    return _upload_document(context, record)


def _upload_document(context: RequestContext, record: Mapping[str, Any]) -> Response:
    """Describe the upload alone: the client may see nothing else of the store."""
    base, name = context.urls.base, record["file_name"]
    if "code" in record:
        message = f"{name} is version {record['version']} now."
        address = f"{base}/downloadables/{record['id']}"
        about = Link("fx:downloadable", address, "Downloadable")
    else:
        message = f"{name} is in the library now."
        address = f"{base}/library_files/{record['id']}"
        about = Link("fx:library_file", address, "File of the Library")
    document = Resource(
        classes=("upload",),
        properties={
            "message": message,
            "file_name": name,
            "file_size": record["file_size"],
            "file_type": record["file_type"],
            "file_sha256": record["file_sha256"],
        },
        links=[Link("self", context.url, "This Upload"), about],
    )
    return respond(context, document)


# -- several requests -----------------------------------------------------------


def _tus(view: Callable[[RequestContext, str], Response]) -> Callable[..., Response]:
    """Add the headers of tus to each response and error."""

    @wraps(view)
    def spoken(context: RequestContext, token: str) -> Response:
        try:
            tus.ensure_version(context.request)
            response = view(context, token)
        except RequestError as error:
            error.headers.setdefault("Tus-Resumable", tus.VERSION)
            raise
        response.headers["Tus-Resumable"] = tus.VERSION
        response.headers["Cache-Control"] = "no-store"
        return response

    return spoken


def _post(context: RequestContext, token: str) -> Response:
    """Handle a POST: a form with the file, or the beginning of a resumable upload."""
    if _find_slot(context, token)["announced_size"] is not None:
        raise BadRequest("PUT the file, as it was announced")
    is_form = context.request.mimetype == MULTIPART
    if not is_form:
        return _begin_upload(context, token)
    _from_form(context, token)
    return _empty(204, {})


def _from_form(context: RequestContext, token: str) -> Mapping[str, Any]:
    """Store the file of a form, as an S3 does: other fields may come with it.

    Return the record that has it now.
    """
    slot = _find_slot(context, token)
    with read_body(context, _FORM, lambda: upload_slots.ensure_open(slot)) as body:
        _ensure_whole(body.values)
        errors = [*body.problems]
        errors += needed_file(has_file=body.upload is not None, is_new=True)
        if errors:
            raise Invalid.of(errors)
        with keeping_file(context, body, lambda _db: None) as file:
            name, declared = slot["file_name"] or file.name, slot["file_type"]
            kind = media_type(declared, name) if declared else file.type
            with context.writing() as tx:
                record = upload_slots.finish_upload(
                    tx, slot, NewFile(name, kind, file.blob)
                )
    context.installation.removal.remove([slot["partial_key"]])
    return record


def _ensure_whole(fields: Mapping[str, Any]) -> None:
    """Raise `BadRequest` for one of several pieces of a file."""
    for name, value in fields.items():
        if name.lower() in PIECES and str(value).strip() not in {"", "0", "1"}:
            raise BadRequest(
                f"{name} says that the file comes in {str(value)[:20]} pieces, which "
                "is not supported in a form; send it whole, or in pieces by tus 1.0.0"
            )


@_tus
def _begin_upload(context: RequestContext, token: str) -> Response:
    """Begin a resumable upload, perhaps with its first bytes."""
    request, removal = context.request, context.installation.removal
    slot = _find_slot(context, token)
    upload_slots.ensure_open(slot)
    length = tus.upload_length(request, context.settings.max_file_size)
    metadata = tus.upload_metadata(request)
    storage = context.installation.storage
    key = storage.new_key()
    # Named first: what no row names is not on its way, and can be removed.
    before = upload_slots.start_upload(
        context.installation.database,
        slot,
        key=key,
        length=length,
        file_name=safe_file_name(metadata.get("filename") or metadata.get("name")),
        file_type=_type(metadata.get("filetype") or metadata.get("type") or ""),
    )
    removal.remove([before])
    storage.begin_partial(key)
    slot = _find_slot(context, token)
    offset = 0
    # Creation with upload; an empty file is complete at once.
    if request.mimetype == tus.OFFSET_OCTETS or not length:
        offset = _add(context, token, slot)
    return _empty(
        201, {"Location": context.url, "Upload-Offset": str(offset), **_expires(slot)}
    )


@_tus
def _head(context: RequestContext, token: str) -> Response:
    """Handle a HEAD: return the offset of a resumable upload."""
    slot = _find_slot(context, token)
    if slot["length"] is None:
        raise UnknownLink(NOT_BEGUN)
    if slot["offset"] == slot["length"] and slot["date_finished"] is None:
        # It all came, but the server was stopped before it was done.
        with suppress(LinkExpired, Conflict):
            _add(context, token, slot)
    return _empty(
        200,
        {
            "Upload-Offset": str(slot["offset"]),
            "Upload-Length": str(slot["length"]),
            **_expires(slot),
        },
    )


@_tus
def _patch(context: RequestContext, token: str) -> Response:
    """Handle a PATCH: append bytes at the offset."""
    slot = _find_slot(context, token)
    upload_slots.ensure_open(slot)
    if context.request.mimetype != tus.OFFSET_OCTETS:
        raise UnsupportedMediaType(
            f"a part of a resumable upload is of type {tus.OFFSET_OCTETS}",
            headers={"Accept-Patch": tus.OFFSET_OCTETS},
        )
    _upload_of(slot)
    _ensure_follows(context.request, slot)
    offset = _add(context, token, slot)
    return _empty(204, {"Upload-Offset": str(offset), **_expires(slot)})


@_tus
def _delete(context: RequestContext, token: str) -> Response:
    """Handle a DELETE: cancel an upload and remove its bytes."""
    slot = upload_slots.find_slot(context.db, token)
    upload_slots.ensure_open(slot)
    with context.writing() as tx:
        upload_slots.delete_slot(tx, slot["id"])
    context.installation.removal.remove([slot["partial_key"]])
    return _empty(204, {})


class Begun(NamedTuple):
    """A resumable upload: the key of its partial blob, and its length in bytes."""

    key: str
    length: int


def _upload_of(slot: SlotRow) -> Begun:
    """Return the upload of a slot. Raise `UnknownLink` if none was begun."""
    key, length = slot["partial_key"], slot["length"]
    if key is None or length is None:
        raise UnknownLink(NOT_BEGUN)
    return Begun(key, length)


def _add(context: RequestContext, token: str, slot: SlotRow) -> int:
    """Add the body to what is there, and finish what is whole; return the offset."""
    storage = context.installation.storage
    checksum = tus.upload_checksum(context.request)
    try:
        # In a folder this locks the upload while bytes arrive: a second request gets a
        # 423. An S3 has no locks; see S3Partial.
        with storage.partial(_upload_of(slot).key) as partial:
            return _add_locked(context, token, slot, partial, checksum)
    except FileNotFoundError:
        raise UnknownLink("what came of this upload is gone; begin it again") from None


def _add_locked(
    context: RequestContext,
    token: str,
    seen: SlotRow,
    partial: Partial,
    checksum: Digest | None,
) -> int:
    # Under the lock: another request may have come between, and changed all.
    slot = _find_slot(context, token)
    upload_slots.ensure_open(slot)
    before, now_is = ((one["partial_key"], one["offset"]) for one in (seen, slot))
    if before != now_is:
        raise _offset_conflict(slot)
    partial.resume(slot["offset"])
    _append_body(context, slot, partial, checksum)
    if partial.size == _upload_of(slot).length:
        _finish(context, slot, partial.commit())
    return partial.size


def _append_body(
    context: RequestContext,
    slot: SlotRow,
    partial: Partial,
    checksum: Digest | None,
) -> None:
    """Append the body. What came before it broke off is kept, unless it is checked."""
    noted, length = partial.size, _upload_of(slot).length
    is_checked = checksum is not None or _has_digest(context.request)

    def note() -> None:
        nonlocal noted
        partial.sync()
        upload_slots.advance_offset(
            context.installation.database, slot, noted, partial.size
        )
        noted = partial.size

    try:
        # Repr-Digest would be of the whole file, of which this is a piece.
        for chunk in body_reader.chunks(context.request, digests=("Content-Digest",)):
            # Content-Length may be missing or wrong, so the bytes themselves are
            # counted.
            if partial.size + len(chunk) > length:
                raise TooLarge(f"the file was to have {length} bytes")
            partial.write(chunk)
            if checksum:
                checksum.update(chunk)
            # With a checksum nothing counts before the end, so there is nothing to
            # commit in between.
            if not is_checked and partial.size // SYNC_EVERY > noted // SYNC_EVERY:
                note()
    except RequestError:
        if not is_checked:
            note()
        raise
    if checksum:
        tus.ensure_checksum(checksum)
    note()


def _has_digest(request: Request) -> bool:
    return "Content-Digest" in request.headers or "Content-MD5" in request.headers


def _finish(context: RequestContext, slot: SlotRow, blob: Blob) -> None:
    record = _find_downloadable(context, slot)
    declared = str(slot["file_type"] or "")
    name = slot["file_name"] or name_of(record, declared)
    with (
        context.installation.removal.remove_unless_named(blob.key),
        context.writing() as tx,
    ):
        upload_slots.finish_upload(
            tx, slot, NewFile(name, media_type(declared, name), blob)
        )


def _find_downloadable(context: RequestContext, slot: SlotRow) -> Mapping[str, Any]:
    """Return the downloadable that a file is for."""
    record = downloadables.get_unscoped(context.db, slot["downloadable_id"] or 0)
    context.release_connection()
    return record or {}


def _ensure_follows(request: Request, slot: SlotRow) -> None:
    if tus.upload_number(request, "Upload-Offset") != slot["offset"]:
        raise _offset_conflict(slot)


def _offset_conflict(slot: SlotRow) -> Conflict:
    return Conflict(
        f"Upload-Offset must be {slot['offset']}, where the bytes end that are there",
        headers={"Upload-Offset": str(slot["offset"])},
    )


def _find_slot(context: RequestContext, token: str) -> SlotRow:
    """Return the slot of a token. Raise `UnknownLink`."""
    slot = upload_slots.find_slot(context.db, token)
    context.release_connection()
    return slot


def _type(declared: str) -> str | None:
    """Return a text if it is a media type, else an empty text."""
    known = media_type(declared, "")
    return known if known != OCTETS else None


def _expires(slot: SlotRow) -> dict[str, str]:
    return {"Upload-Expires": http_date(slot["date_expires"])}


def _empty(status: int, headers: dict[str, str]) -> Response:
    response = Response(b"", status, headers)
    # Flask adds a type even to a response without a body.
    del response.headers["Content-Type"]
    return response


def register_routes(app: Flask, _registry: ResourceRegistry) -> None:
    """Register the routes."""
    slot = OperationSpec(
        statuses=(201, 403, 409, 413, 415, 422, 507),
        fields=action_builder.inputs_of(_SCHEMA),
    )
    for path, create in (
        (f"/downloadables/<id:item_id>/{UPLOAD_URL}", _for_downloadable),
        (f"/stores/<id:item_id>/{UPLOAD_URL}", _for_library),
    ):
        publish_route(
            app, Route(path, SLOT_METHODS, operations={"POST": slot}), {"POST": create}
        )
    operations = {
        "PUT": OperationSpec(
            statuses=(200, *_REFUSALS), takes=("*/*",), is_negotiated=True
        ),
        "POST": OperationSpec(
            statuses=(201, 204, 412, 460, *_REFUSALS),
            takes=(tus.OFFSET_OCTETS, MULTIPART),
            is_empty=True,
        ),
        "PATCH": OperationSpec(
            statuses=(204, 412, 460, *_REFUSALS), takes=(tus.OFFSET_OCTETS,)
        ),
        "DELETE": OperationSpec(statuses=(204, 410, 412)),
        "GET": OperationSpec(statuses=(200, 410, 412, 423)),
    }
    publish_route(
        app,
        Route(
            f"{UPLOADS}/<token>",
            UPLOAD_METHODS,
            is_negotiated=False,
            is_api=False,
            media_types=(JSON,),
            operations=operations,
            options_headers=OPTIONS_HEADERS,
        ),
        {
            "PUT": _put,
            "POST": _post,
            "HEAD": _head,
            "PATCH": _patch,
            "DELETE": _delete,
        },
    )
