"""Zid's library: files that any product may use."""

from collections.abc import Mapping
from typing import Any

from flask import Flask, Response

from app.dialects.base import blob_id, blob_key, json_response
from app.dialects.filters import select_all_of
from app.dialects.zid.protocol import (
    DIALECT,
    ZidPrincipal,
    ensure_filters,
    envelope,
    page_window,
    reader,
)
from app.errors import BadRequest, Conflict, Invalid, NotFound, Problem
from app.http.context import RequestContext
from app.http.files import file_view
from app.http.views.write_checks import keeping_file, needed_file
from app.http.views.write_request import read_body
from app.services.catalogue import library
from app.services.rows.listing import Order, records_of
from app.services.rows.row_types import LibraryFileColumns
from schemas.dialects.zid import ZidLibrarySchema

NONE = "there is no file with this id in the library"
_SCHEMA = ZidLibrarySchema()


def _create(context: RequestContext) -> Response:
    """Handle a POST of a file."""
    with read_body(context, _SCHEMA, lambda: reader(context, context.db)) as body:
        values, errors = _SCHEMA.read(body.values, partial=False)
        errors += body.problems
        errors += needed_file(has_file=body.upload is not None, is_new=True)
        if errors:
            raise Invalid.of(errors)
        with keeping_file(context, body, lambda db: reader(context, db)) as file:
            about = {"title": values["display_name"] or ""}
            with context.writing() as tx:
                who = reader(context, tx)
                file_id = library.create_library_file(tx, who.store_id, file, about)
                record = library.find_library_file(tx, who.principal, file_id)
    return json_response(_library_file_json(context, who, record), 201)


def _list(context: RequestContext) -> Response:
    """Handle a GET of many."""
    who = reader(context, context.db)
    problems: list[Problem] = []
    asked = page_window(context, problems)
    ensure_filters(context, (), problems)
    if problems:
        raise BadRequest(problems=problems)
    page = library.IDENTIFIED_IN_STORE.page(
        context.db,
        who.store_id,
        select_all_of([], (Order("id", is_descending=True),)),
        limit=asked.size,
        offset=asked.offset,
        timezone=who.store["timezone"],
    )
    records = records_of(library.IDENTIFIED, LibraryFileColumns, page.rows)
    rows = [_library_file_json(context, who, record) for record in records]
    return json_response(envelope(context, asked, page.total, rows))


def _delete(context: RequestContext, uuid: str) -> Response:
    """Handle a DELETE. Raise `Conflict` while a product has it."""
    with context.writing() as tx:
        who = reader(context, tx)
        found = library.find_by_blob(tx, who.store_id, blob_key(uuid))
        if not found or found[0]["downloadable_id"] is not None:
            raise NotFound(NONE)
        try:
            keys = library.delete_library_file(
                tx, library.find_library_file(tx, who.principal, found[0]["id"])
            )
        except Conflict:
            raise Conflict("a product has this file; detach it first") from None
    context.installation.removal.remove(keys)
    return Response(status=204)


def _send_file(context: RequestContext, uuid: str) -> Response:
    """Handle a GET of the bytes."""

    def find() -> Mapping[str, Any]:
        who = reader(context, context.db)
        rows = library.find_by_blob(context.db, who.store_id, blob_key(uuid))
        if not rows:
            raise NotFound(NONE)
        return rows[0]

    return file_view.file_answer(context, find)


def _library_file_json(
    context: RequestContext, who: ZidPrincipal, record: LibraryFileColumns
) -> dict[str, Any]:
    """Write a file of the library."""
    address = f"{context.urls.base}{DIALECT.prefix}/downloadables-library/"
    uuid = blob_id(record["blob_key"])
    return {
        "id": uuid,
        "file": f"{address}{uuid}/file/",
        "display_name": record["title"] or record["file_name"],
        "store_id": who.store_id,
        "file_size": record["file_size"],
    }


def publish(app: Flask) -> None:
    """Register the routes."""
    summaries = {"GET": "List the library", "POST": "Upload a file into the library"}
    views = {"GET": _list, "POST": _create}
    DIALECT.publish(app, "/downloadables-library/", summaries, views, _SCHEMA)
    DIALECT.publish(
        app,
        "/downloadables-library/<uuid>/",
        {"DELETE": "Delete a file from the library"},
        {"DELETE": _delete},
    )
    DIALECT.publish(
        app,
        "/downloadables-library/<uuid>/file/",
        {"GET": "Download a file of the library"},
        {"GET": _send_file},
        media_types=("*/*",),
    )
