"""The JSON Schema of each resource type, which its profile link leads to."""

import msgspec
from flask import Flask, Response

from app.errors import NotFound
from app.http.context import RequestContext
from app.http.hypermedia.declaration import STANDARD_METHODS
from app.http.hypermedia.registry import ResourceRegistry
from app.http.media_types import SCHEMA
from app.http.paths import PROFILES
from app.http.responses import respond_cacheable
from app.http.routes import OperationSpec, Route
from app.http.routing import publish_route
from schemas.base.json_schema import resource_schema

METHODS = {"GET": "View the JSON Schema of a resource", **STANDARD_METHODS}


def register_routes(app: Flask, registry: ResourceRegistry) -> None:
    """Register the route."""

    def show(context: RequestContext, name: str) -> Response:
        kind = registry.get(name)
        if kind is None:
            raise NotFound
        declaration = kind.declaration
        document = resource_schema(
            declaration.schema, declaration.heading, address=context.url
        )
        return respond_cacheable(context, msgspec.json.encode(document) + b"\n", SCHEMA)

    profile = Route(
        f"{PROFILES}/<name>",
        METHODS,
        is_negotiated=False,
        is_api=False,
        media_types=(SCHEMA,),
        operations={"GET": OperationSpec(statuses=(200, 304, 412))},
    )
    publish_route(app, profile, {"GET": show})
