"""The contact for security reports: /.well-known/security.txt (RFC 9116)."""

from datetime import UTC, datetime, timedelta

from flask import Flask, Response

from app.errors import NotFound
from app.http.context import RequestContext
from app.http.hypermedia.declaration import STANDARD_METHODS
from app.http.hypermedia.registry import ResourceRegistry
from app.http.responses import respond_cacheable
from app.http.routes import OperationSpec, Route
from app.http.routing import publish_route

PATH = "/.well-known/security.txt"
METHODS = {"GET": "Learn whom to tell of a weakness", **STANDARD_METHODS}
TEXT = "text/plain"
VALID = timedelta(days=180)
"""How long the answer may be relied on; RFC 9116 advises less than a year."""


def _security(context: RequestContext) -> Response:
    """Return the contact that is set. Raise `NotFound` where there is none."""
    settings = context.settings
    if not settings.security_contact:
        raise NotFound
    midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    fields = {
        "Contact": settings.security_contact,
        "Expires": (midnight + VALID).strftime("%Y-%m-%dT%H:%M:%SZ"),
        # The host of a request is what its sender claims.
        "Canonical": context.url if settings.public_url else "",
        "Policy": settings.security_policy,
    }
    lines = [f"{name}: {value}\n" for name, value in fields.items() if value]
    return respond_cacheable(context, "".join(lines).encode(), f"{TEXT}; charset=utf-8")


def register_routes(app: Flask, _registry: ResourceRegistry) -> None:
    """Register the route."""
    route = Route(
        PATH,
        METHODS,
        is_negotiated=False,
        is_api=False,
        media_types=(TEXT,),
        operations={"GET": OperationSpec(statuses=(200, 304, 404, 412))},
    )
    publish_route(app, route, {"GET": _security})
