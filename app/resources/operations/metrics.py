"""Metrics in the text format of Prometheus."""

from flask import Flask, Response

from app.errors import Forbidden
from app.http.context import RequestContext
from app.http.hypermedia.declaration import STANDARD_METHODS
from app.http.hypermedia.registry import ResourceRegistry
from app.http.responses import build_response
from app.http.routes import OperationSpec, Route
from app.http.routing import publish_route
from app.metrics import METRICS
from app.services.scopes import OF_ALL_STORES

PATH = "/metrics"
METHODS = {"GET": "Read the counters of the server", **STANDARD_METHODS}
TEXT = "text/plain"


def _metrics(context: RequestContext) -> Response:
    """Return all counters. Raise `Forbidden` for the token of one store."""
    if context.principal.scope not in OF_ALL_STORES:
        raise Forbidden(
            "the counters are of all stores, and need a token for all stores; make one "
            "with `sirenhall token create --scope client_read_access`"
        )
    context.release_connection()
    text = METRICS.as_text().encode()
    kind = f"{TEXT}; version=0.0.4; charset=utf-8"
    headers = {"Content-Type": kind, "Cache-Control": "no-store"}
    return build_response(context, text, headers=headers)


def register_routes(app: Flask, _registry: ResourceRegistry) -> None:
    """Register the route."""
    route = Route(
        PATH,
        METHODS,
        is_negotiated=False,
        media_types=(TEXT,),
        operations={"GET": OperationSpec(statuses=(200, 403))},
    )
    publish_route(app, route, {"GET": _metrics})
