"""Health checks: whether the server runs, and whether it can work."""

from collections.abc import Mapping

from flask import Flask, Response

from app.errors import Unavailable
from app.http.context import RequestContext
from app.http.hypermedia.declaration import STANDARD_METHODS
from app.http.hypermedia.registry import ResourceRegistry
from app.http.paths import LIVE, READY
from app.http.responses import build_response, render
from app.http.routes import OperationSpec, Route
from app.http.routing import publish_route
from app.log_throttle import Throttle
from app.metrics import LOST_LOG_LINES, METRICS
from representations import Link, Resource

METHODS = {"GET": "Tell whether the server is well", **STANDARD_METHODS}
OPERATIONS = {"GET": OperationSpec(statuses=(200, 503))}

_OUTAGE = Throttle(__name__, seconds=1)


def _live(context: RequestContext) -> Response:
    """Handle GET /health/live."""
    return _well(context)


def _readiness(context: RequestContext) -> Response:
    """Handle GET /health/ready. Raise `Unavailable` if a part does not respond."""
    problem = context.installation.readiness.problem()
    if problem:
        # What a database says of itself is nobody's business but the operator's.
        _OUTAGE.log(f"not ready: {problem}")
        raise Unavailable(
            "the database or the file storage does not answer",
            retry_after=5,
        )
    return _well(context, {"lost_log_lines": METRICS.total(LOST_LOG_LINES)})


def _well(context: RequestContext, more: Mapping[str, int] | None = None) -> Response:
    document = Resource(
        classes=("health",),
        properties={"status": "ok", **(more or {})},
        links=[Link("self", context.url, "Health")],
    )
    # Never 304: it is the moment that counts.
    body, links, _ = render(context, document)
    return build_response(
        context, body, headers={"Cache-Control": "no-store"}, links=links
    )


def register_routes(app: Flask, _registry: ResourceRegistry) -> None:
    """Register the routes."""
    for path, view in ((LIVE, _live), (READY, _readiness)):
        route = Route(
            path, METHODS, is_public=True, is_api=False, operations=OPERATIONS
        )
        publish_route(app, route, {"GET": view})
