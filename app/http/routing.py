"""Publish routes, and run what comes between a request and its view.

Tested in `tests/wire/test_openapi.py`.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from flask import Flask, Request, Response, current_app, g, request

from app.errors import InsufficientStorage
from app.http.bodies import body_reader
from app.http.context import RequestContext
from app.http.responses import respond
from app.http.routes import Route, register_route
from representations import (
    REPRESENTATIONS,
    Link,
    Resource,
)

View = Callable[..., Response]


EXTENSION = "sirenhall"


def publish_route(app: Flask, route: Route, views: Mapping[str, View]) -> None:
    """Register views at an address, with HEAD and OPTIONS."""
    register_route(app, route)
    methods = {*views, "OPTIONS", *(["HEAD"] if "GET" in views else [])}
    allow = ", ".join(sorted(methods))

    def options(context: RequestContext, **_ids: Any) -> Response:
        document = Resource(
            classes=("options",),
            links=[Link("self", context.url, "What can be done here")],
            embedded={
                "fx:methods": [
                    Resource(
                        classes=("method",),
                        rel="fx:methods",
                        properties={"method": method, "description": text},
                    )
                    for method, text in route.summaries.items()
                    if method in methods
                ]
            },
        )
        return respond(context, document, headers={"Allow": allow, **extra})

    extra = {**_body_headers(views), **route.options_headers}
    for method, view in {**views, "OPTIONS": options}.items():
        app.add_url_rule(
            route.path,
            endpoint=f"{method} {route.path}",
            view_func=_handling(route, method, view, views.get("GET")),
            methods=[method],
            provide_automatic_options=False,
            # Some write the slash at the end, and some do not.
            strict_slashes=not route.path.endswith("/"),
        )


def _body_headers(views: Mapping[str, View]) -> dict[str, str]:
    found = {}
    for method, header in (("POST", "Accept-Post"), ("PATCH", "Accept-Patch")):
        if method in views:
            found[header] = ", ".join(body_reader.accepted_types(method))
    return found


def _handling(
    route: Route, method: str, view: View, page: View | None
) -> Callable[..., Response]:
    is_read = method in {"GET", "OPTIONS"}
    is_negotiated = route.negotiates(method)
    is_versioned = route.is_api and method != "OPTIONS"
    profile = route.profile
    # Customers download, and merchants delete, when the disk is full.
    goes_on = method in {"GET", "HEAD", "DELETE"}
    offers = route.offers if method == "GET" else REPRESENTATIONS

    def handle(**ids: Any) -> Response:
        context: RequestContext = g.context
        context.profile, context.offers = profile, offers
        context.is_negotiated, context.is_framed = is_negotiated, route.is_framed
        context.is_only_page = route.is_page
        if page and not is_read:
            context.show_page = partial(page, context, **ids)
        context.ensure_answerable(is_versioned=is_versioned)
        try:
            return view(context, **ids)
        except InsufficientStorage:
            if not goes_on:
                raise
            # Nothing was changed, so that it can be done again.
            context.release_connection()
            context.installation.make_room()
            return view(context, **ids)

    return handle


def open_call() -> None:
    """Create the context that views and the error handler share.

    What cannot be understood is refused here, before the request is routed.
    """
    # The request itself, not the proxy, which looks it up each time.
    real: Request = request._get_current_object()  # type: ignore[attr-defined] # noqa: SLF001
    context = g.context = RequestContext(current_app.extensions[EXTENSION], real)
    context.reject_malformed()
