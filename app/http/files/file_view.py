"""Views of a file for its merchant: send it, or redirect to its URL.

Tested in `tests/http/files/test_file_response.py`.
"""

from collections.abc import Callable, Mapping
from typing import Any

from flask import Flask, Response

from app.database import Snapshot
from app.errors import NotFound
from app.http.context import RequestContext
from app.http.files import file_response, offload
from app.http.hypermedia.declaration import STANDARD_METHODS
from app.http.routes import OperationSpec, Route
from app.http.routing import publish_route
from app.services.principal import Principal

METHODS = {"GET": "Download the file", **STANDARD_METHODS}
GOT = OperationSpec(statuses=(200, 206, 302, 304, 412, 416))


def file_answer(
    context: RequestContext, find: Callable[[], Mapping[str, Any]]
) -> Response:
    """Handle a GET with the file of a record, which is looked up anew if it has gone.

    Raise `NotFound` for a record without one.
    """

    def send() -> Response:
        record = find()
        # No connection is held while somebody reads.
        context.release_connection()
        if record.get("url") is not None:
            return Response(status=302, headers={"Location": record["url"]})
        if record["blob_key"] is None:
            raise NotFound
        file = file_response.stored(record, context.installation.storage)
        return file_response.send_file(
            context.request, file, hand_over=offload.offload_response(context)
        )

    return file_response.retry_if_replaced(send)


def publish_file(
    app: Flask, path: str, find: Callable[[Snapshot, Principal, int], Mapping[str, Any]]
) -> None:
    """Register the file of a kind of resource."""

    def view(context: RequestContext, item_id: int) -> Response:
        return file_answer(
            context, lambda: find(context.db, context.principal, item_id)
        )

    route = Route(
        path,
        METHODS,
        is_negotiated=False,
        media_types=("*/*",),
        operations={"GET": GOT},
    )
    publish_route(app, route, {"GET": view})
