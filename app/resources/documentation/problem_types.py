"""The documentation of each problem type, which its `type` leads to.

Tested in `tests/http/test_error_handler.py`.
"""

from flask import Flask, Response

from app.errors import NotFound
from app.http.context import RequestContext
from app.http.error_handler import PROBLEM_TYPES
from app.http.hypermedia.declaration import STANDARD_METHODS
from app.http.hypermedia.registry import ResourceRegistry
from app.http.paths import PROBLEMS
from app.http.responses import respond
from app.http.routes import Route
from app.http.routing import publish_route
from representations import Link, Resource

METHODS = {"GET": "View the documentation of problems", **STANDARD_METHODS}


def _index(context: RequestContext) -> Response:
    base = context.urls.base
    document = Resource(
        classes=("problems", "collection"),
        href=context.url,
        title="Problems",
        links=[
            Link("self", context.url, "Problems"),
            Link("start", f"{base}/", "Your API starting point."),
        ],
        embedded={"fx:problems": [_type(context, code) for code in PROBLEM_TYPES]},
    )
    return respond(context, document)


def _problem_page(context: RequestContext, code: str) -> Response:
    if code not in PROBLEM_TYPES:
        raise NotFound
    document = _type(context, code)
    base = context.urls.base
    document.links = [
        *document.links,
        Link("collection", base + PROBLEMS, "Problems"),
    ]
    return respond(context, document)


def _type(context: RequestContext, code: str) -> Resource:
    known = PROBLEM_TYPES[code]
    href = f"{context.urls.base}{PROBLEMS}/{code}"
    return Resource(
        classes=("problem",),
        href=href,
        rel="fx:problem",
        title=known.title,
        properties={
            "code": code,
            "status": known.status,
            "title": known.title,
            "description": known.advice,
        },
        links=[Link("self", href, known.title)],
    )


def register_routes(app: Flask, _registry: ResourceRegistry) -> None:
    """Register the routes."""
    publish_route(
        app, Route(PROBLEMS, METHODS, is_api=False, is_framed=True), {"GET": _index}
    )
    publish_route(
        app,
        Route(f"{PROBLEMS}/<code>", METHODS, is_api=False, is_framed=True),
        {"GET": _problem_page},
    )
