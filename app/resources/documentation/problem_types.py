"""The documentation of each type of problem, where its `type` leads."""

from flask import Flask, Response

from app.errors import NotFound
from app.http.context import RequestContext
from app.http.error_handler import PROBLEM_TYPES
from app.http.hypermedia.declaration import STANDARD_METHODS
from app.http.hypermedia.registry import ResourceRegistry
from app.http.paths import PROBLEMS
from app.http.routes import Route
from app.http.routing import publish_route
from representations import Link, Resource

METHODS = {"GET": "View the documentation of problems", **STANDARD_METHODS}


def _index(call: RequestContext) -> Response:
    base = call.place.base
    document = Resource(
        classes=("problems", "collection"),
        href=call.url,
        title="Problems",
        links=[
            Link("self", call.url, "Problems"),
            Link("start", f"{base}/", "Your API starting point."),
        ],
        embedded={"fx:problems": [_type(call, code) for code in PROBLEM_TYPES]},
    )
    return call.respond(document)


def _one(call: RequestContext, code: str) -> Response:
    if code not in PROBLEM_TYPES:
        raise NotFound
    document = _type(call, code)
    base = call.place.base
    document.links = [
        *document.links,
        Link("collection", base + PROBLEMS, "Problems"),
    ]
    return call.respond(document)


def _type(call: RequestContext, code: str) -> Resource:
    known = PROBLEM_TYPES[code]
    href = f"{call.place.base}{PROBLEMS}/{code}"
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
    """Publish the views."""
    publish_route(app, Route(PROBLEMS, METHODS, is_api=False), {"GET": _index})
    publish_route(
        app, Route(f"{PROBLEMS}/<code>", METHODS, is_api=False), {"GET": _one}
    )
