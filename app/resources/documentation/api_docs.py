"""The description of the whole API: OpenAPI for programs, a page for people."""

from collections.abc import Mapping
from functools import lru_cache
from importlib.metadata import version

import msgspec
from flask import Flask, Response, current_app

from app.errors import NotFound
from app.http.context import RequestContext
from app.http.hypermedia.declaration import STANDARD_METHODS
from app.http.hypermedia.registry import ResourceRegistry
from app.http.media_types import JSON
from app.http.migration_guides import registered_guides
from app.http.openapi.document import describe_api
from app.http.paths import DOCS, OPENAPI, PROBLEMS, PROPERTY_HELPERS, RELS
from app.http.query.parser import GRAMMAR, OPERATORS, RESERVED
from app.http.responses import respond, respond_cacheable
from app.http.routes import OperationSpec, Route, registered_routes
from app.http.routing import EXTENSION, publish_route
from representations import COLLECTION_REPRESENTATIONS as ALL
from representations import Link, Resource

OPENAPI_METHODS = {"GET": "View the OpenAPI description", **STANDARD_METHODS}
DOCS_METHODS = {"GET": "View the documentation", **STANDARD_METHODS}

_FORMATS = ", ".join(f"{r.title} ({r.media_types[0]})" for r in ALL)
_NAMES = ", ".join(r.name for r in ALL)

TOPICS: Mapping[str, str] = {
    "Formats": (
        f"Every resource comes as {_FORMATS}; CSV is for collections. Choose by "
        f"Accept, or by ?format= with {_NAMES}. What you GET you can PUT back in the "
        "same format."
    ),
    "Authentication": (
        "Send Authorization: Bearer <token>. `sirenhall token create` makes a personal "
        "token; `sirenhall client create` makes a client of OAuth2, which gets tokens "
        "at fx:token. /.well-known/oauth-authorization-server says the rest."
    ),
    "Query language of collections": (
        f"{GRAMMAR}\n\nOperators: {', '.join(OPERATORS)}.\n"
        f"Parameters that are no properties: {', '.join(RESERVED)}."
    ),
    "Conditional requests": (
        "Send an ETag you got as If-None-Match to hear only what is new (304), and as "
        "If-Match to change only what you have seen (412). A tag that was got in one "
        "format protects a change in any other."
    ),
    "Sending a request again": (
        'Send Idempotency-Key: "<a UUID>" with a POST: if the connection is lost, the '
        "same request under the same key has one effect, and is answered as the first "
        "time."
    ),
    "Several at once": (
        "POST a JSON array to a collection; PATCH or DELETE it with ?id:in=4,7. Each "
        "has an outcome of its own; Prefer: handling=strict makes it all or nothing."
    ),
    "Methods that cannot be sent": (
        "POST with X-HTTP-Method-Override: PATCH is a PATCH."
    ),
}


def _docs(context: RequestContext) -> Response:
    base = context.urls.base
    topics = [
        Resource(
            classes=("topic",),
            rel="fx:topic",
            title=title,
            properties={"title": title, "description": text},
        )
        for title, text in TOPICS.items()
    ]
    document = Resource(
        classes=("docs",),
        href=context.url,
        title="Documentation",
        properties={
            "message": "Everything is reached from the starting point by its links."
        },
        links=[
            Link("self", context.url, "Documentation"),
            Link("start", f"{base}/", "Your API starting point."),
            Link("fx:rels", base + RELS, "Link Relations"),
            Link("fx:problems", base + PROBLEMS, "Problems"),
            Link("fx:property_helpers", base + PROPERTY_HELPERS, "Property Helpers"),
            Link("service-desc", base + OPENAPI, "OpenAPI Description"),
            *(
                Link("fx:guide", f"{base}{DOCS}/{guide.name}", guide.title)
                for guide in registered_guides(current_app).values()
            ),
        ],
        embedded={"fx:topics": topics},
    )
    return respond(context, document)


def _guide(context: RequestContext, name: str) -> Response:
    """Handle a GET of a migration guide for clients of another system."""
    guide = registered_guides(current_app).get(name)
    if guide is None:
        raise NotFound
    base = context.urls.base
    document = Resource(
        classes=("guide",),
        href=context.url,
        title=guide.title,
        properties={
            "address": base + guide.prefix,
            "differences": guide.differences.replace("`", ""),
        },
        links=[
            Link("self", context.url, guide.title),
            Link("collection", base + DOCS, "Documentation"),
        ],
        embedded={
            "fx:topics": [
                Resource(
                    classes=("topic",),
                    rel="fx:topic",
                    properties={
                        "there": there.replace("`", ""),
                        "here": here.replace("`", ""),
                    },
                )
                for there, here in guide.rows
            ]
        },
    )
    return respond(context, document)


def register_routes(app: Flask, registry: ResourceRegistry) -> None:
    """Register the routes, after all others."""

    def openapi(context: RequestContext) -> Response:
        return respond_cacheable(context, description_at(context.urls.base), JSON)

    @lru_cache(maxsize=4)
    def description_at(base: str) -> bytes:
        settings = app.extensions[EXTENSION].settings
        document = describe_api(
            registered_routes(app),
            registry,
            settings,
            base=base,
            version=version("sirenhall"),
        )
        return msgspec.json.encode(document) + b"\n"

    publish_route(
        app, Route(DOCS, DOCS_METHODS, is_api=False, is_framed=True), {"GET": _docs}
    )
    guide = Route(f"{DOCS}/<name>", DOCS_METHODS, is_api=False, is_framed=True)
    publish_route(app, guide, {"GET": _guide})
    description = Route(
        OPENAPI,
        OPENAPI_METHODS,
        is_negotiated=False,
        is_api=False,
        media_types=(JSON,),
        operations={"GET": OperationSpec(statuses=(200, 304, 412))},
    )
    publish_route(app, description, {"GET": openapi})
