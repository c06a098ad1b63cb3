"""The JSON Schema of each kind of resource, where its profile link leads."""

import msgspec
from flask import Flask, Response

from app.errors import NotFound
from app.http.context import Call
from app.http.hypermedia.declaration import STANDARD_METHODS
from app.http.hypermedia.registry import Catalogue
from app.http.media_types import SCHEMA
from app.http.paths import PROFILES
from app.http.routes import Route, Said
from app.http.routing import publish
from schemas.base.json_schema import resource_schema

METHODS = {"GET": "View the JSON Schema of a resource", **STANDARD_METHODS}


def register(app: Flask, catalogue: Catalogue) -> None:
    """Publish the view."""

    def show(call: Call, name: str) -> Response:
        kind = catalogue.get(name)
        if kind is None:
            raise NotFound
        declaration = kind.declaration
        document = resource_schema(
            declaration.schema, declaration.heading, address=call.url
        )
        return call.public(msgspec.json.encode(document) + b"\n", SCHEMA)

    profile = Route(
        f"{PROFILES}/<name>",
        METHODS,
        is_negotiated=False,
        is_api=False,
        media_types=(SCHEMA,),
        said={"GET": Said(statuses=(200, 304, 412))},
    )
    publish(app, profile, {"GET": show})
