"""What operators' tools ask: whether it runs, and whether it can do its work."""

from collections.abc import Mapping

from flask import Flask, Response

from app.errors import Unavailable
from app.http.context import RequestContext
from app.http.hypermedia.declaration import STANDARD_METHODS
from app.http.hypermedia.registry import ResourceRegistry
from app.http.paths import LIVE, READY
from app.http.routes import OperationSpec, Route
from app.http.routing import publish_route
from app.log_throttle import Throttle
from app.metrics import LOST_LOG_LINES, METRICS
from representations import Link, Resource

METHODS = {"GET": "Tell whether the server is well", **STANDARD_METHODS}
SAID = {"GET": OperationSpec(statuses=(200, 503))}

_OUTAGE = Throttle(__name__, seconds=1)


def _live(call: RequestContext) -> Response:
    """Answer that requests are answered."""
    return _well(call)


def _ready(call: RequestContext) -> Response:
    """Answer once the database and the files are there. Raises `Unavailable`."""
    problem = call.installation.readiness.problem()
    if problem:
        # What a database says of itself is nobody's business but the operator's.
        _OUTAGE.log(f"not ready: {problem}")
        raise Unavailable(
            "the database or the file storage does not answer",
            headers={"Retry-After": "5"},
        )
    return _well(call, {"lost_log_lines": METRICS.total(LOST_LOG_LINES)})


def _well(call: RequestContext, more: Mapping[str, int] | None = None) -> Response:
    document = Resource(
        classes=("health",),
        properties={"status": "ok", **(more or {})},
        links=[Link("self", call.url, "Health")],
    )
    # Never 304: it is the moment that counts.
    body, links, _ = call.written(document)
    return call.finish(body, headers={"Cache-Control": "no-store"}, links=links)


def register_routes(app: Flask, _registry: ResourceRegistry) -> None:
    """Publish the views."""
    for path, view in ((LIVE, _live), (READY, _ready)):
        route = Route(path, METHODS, is_public=True, is_api=False, said=SAID)
        publish_route(app, route, {"GET": view})
