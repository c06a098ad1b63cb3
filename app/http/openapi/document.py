"""The OpenAPI 3.1 document, generated from routes and declarations."""

import re
from collections.abc import Iterable
from typing import Any

from app.http.bodies.body_reader import JSON_TYPES, READ
from app.http.hypermedia.registry import ResourceRegistry, ResourceType
from app.http.media_types import FORM, JSON_PATCH, MERGE_PATCH, MULTIPART
from app.http.openapi.components import PARAMETERS, reference, schemas, security
from app.http.openapi.responses import (
    HEADERS,
    READS,
    WITH_BODY,
    responses,
    shared,
    variables_of,
)
from app.http.paths import DOCS, TOKEN
from app.http.query.parser import operators_of
from app.http.routes import Route
from app.settings import Settings
from representations import Field
from schemas.base.fields import Upload
from schemas.base.json_schema import DIALECT, title_of

VERSION = "3.1.0"


def describe_api(
    routes: Iterable[Route],
    registry: ResourceRegistry,
    settings: Settings,
    *,
    base: str,
    version: str,
) -> dict[str, Any]:
    """Describe the whole API of a server with these settings, at an address."""
    paths: dict[str, Any] = {}
    for route in routes:
        # Werkzeug writes <id:item_id> where OpenAPI writes {item_id}.
        path = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", route.path)
        paths[path] = _path(route, path, registry, settings)
    return {
        "openapi": VERSION,
        "jsonSchemaDialect": DIALECT,
        "info": {
            "title": "Sirenhall",
            "version": version,
            "summary": "A hypermedia API for selling and delivering digital downloads.",
            "description": (
                "Every resource comes as HAL+JSON, HAL-FORMS, Siren, HAL XML and HTML, "
                "chosen by Accept or ?format=. A client needs no more than `/` and the "
                "link relations; this description is for those who want it all at "
                "once."
            ),
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": base}],
        "security": [{"bearer": []}, {"oauth2": []}],
        "paths": paths,
        "components": {
            "schemas": schemas(registry),
            "securitySchemes": security(base),
            "parameters": {
                **PARAMETERS,
                **{
                    f"{kind.declaration.name}.{parameter['name']}": parameter
                    for kind in registry.values()
                    for parameter in _filters(kind)
                },
            },
            "headers": dict(HEADERS),
            "responses": shared(),
        },
        "externalDocs": {"url": base + DOCS},
    }


# -- paths


def _path(
    route: Route, path: str, registry: ResourceRegistry, settings: Settings
) -> dict[str, Any]:
    variables = variables_of(route.path)
    item: dict[str, Any] = {}
    if variables:
        item["parameters"] = [_variable(kind, name) for kind, name in variables]
    kind = registry.get(route.profile)
    for method, summary in route.summaries.items():
        operation = _operation(route, path, method, summary, kind)
        operation["responses"] = responses(route, method, kind, settings)
        item[method.lower()] = operation
    return item


def _operation(
    route: Route, path: str, method: str, summary: str, kind: ResourceType | None
) -> dict[str, Any]:
    named = re.sub(r"[^a-z0-9]+", "-", path.lower()).strip("-") or "home"
    operation: dict[str, Any] = {
        "operationId": f"{method.lower()}-{named}",
        "summary": summary,
        "tags": [title_of(kind.declaration.plural) if kind else "The API itself"],
        "parameters": _parameters(route, method, kind),
    }
    if not route.needs_token or method == "OPTIONS":
        # An empty requirement: no token is needed, though one is allowed.
        operation["security"] = [{}]
    body = _body(route, method, kind)
    if body:
        operation["requestBody"] = body
    return operation


def _variable(converter: str, name: str) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "string", "minLength": 1}
    if converter == "id":
        # The converter's limits: longer numbers are no ids, and answered with 404.
        schema = {"type": "integer", "minimum": 1, "maximum": 10**18 - 1}
    return {"name": name, "in": "path", "required": True, "schema": schema}


def _parameters(
    route: Route, method: str, kind: ResourceType | None
) -> list[dict[str, Any]]:
    found = [_ref("FoxyApiVersion")] if route.is_api else []
    is_read = method in READS
    if route.is_negotiated or method == "OPTIONS":
        found.append(_ref("Format"))
    if is_read and (route.is_api or route.is_negotiated):
        found += [_ref("IfNoneMatch")]
    if method in {"PATCH", "PUT", "DELETE"}:
        found += [_ref("IfMatch")]
    if method == "POST" and (kind or route.path == TOKEN):
        found.append(_ref("IdempotencyKey"))
    if kind and not is_read and method != "OPTIONS":
        found.append(_ref("PreferOfMany" if method == "POST" else "Prefer"))
    if kind and route.is_collection and is_read:
        found += [_ref(n) for n in ("Limit", "Offset", "Order")]
        if kind.source.searched:
            found.append(_ref("Search"))
    if kind and is_read:
        found += [_ref("Fields"), _zoom(kind)]
    if kind and route.is_collection and method not in {"OPTIONS", "POST"}:
        name = kind.declaration.name
        found += [_ref(f"{name}.{parameter['name']}") for parameter in _filters(kind)]
    return found


def _ref(name: str) -> dict[str, Any]:
    return reference("parameters", name)


def _zoom(kind: ResourceType) -> dict[str, Any]:
    known = ", ".join(kind.relations)
    return {
        "name": "zoom",
        "in": "query",
        "description": f"Relations to embed, nested by colons: {known}.",
        "schema": {"type": "string"},
    }


def _filters(kind: ResourceType) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "in": "query",
            "description": (
                f"Filters by {name}; with an operator as suffix: "
                + ", ".join(f"{name}:{operator}" for operator in operators_of(prop))
                + "."
            ),
            "schema": {"type": "string"},
        }
        for name, prop in kind.sortable.items()
    ]


def _body(
    route: Route, method: str, kind: ResourceType | None
) -> dict[str, Any] | None:
    if method not in WITH_BODY or method in route.actions:
        return None
    if kind is None and route.operations[method].takes:
        return {"content": {t: {} for t in route.operations[method].takes}}
    if kind is None:
        schema = _form(route.operations[method].fields)
        return {"content": {FORM: {"schema": schema}}, "required": True}
    one = reference("schemas", f"{kind.declaration.name}_{_schema_kind(method)}")
    schema = one
    if method in route.takes_arrays:
        schema = {"oneOf": [one, {"type": "array", "items": one}]}
    content: dict[str, Any] = {}
    for media_type in READ:
        if media_type == MULTIPART:
            content[media_type] = {"schema": _multipart(kind, method)}
        elif media_type == FORM:
            content[media_type] = {"schema": one}
        elif media_type in JSON_TYPES:
            content[media_type] = {"schema": schema}
        else:
            # OpenAPI can describe XML by JSON Schema only without namespaces and
            # attributes, so it is left as text.
            content[media_type] = {"schema": {"type": "string"}}
    if method == "PATCH":
        content[MERGE_PATCH] = {"schema": schema}
        content[JSON_PATCH] = {"schema": _JSON_PATCH_SCHEMA}
    return {"content": content}


def _schema_kind(method: str) -> str:
    return "changes" if method == "PATCH" else "new"


def _multipart(kind: ResourceType, method: str) -> dict[str, Any]:
    shape = reference("schemas", f"{kind.declaration.name}_{_schema_kind(method)}")
    files = {
        name: {
            "type": "string",
            "contentMediaType": "application/octet-stream",
            "description": field.description,
        }
        for name, field in kind.declaration.schema.writable.items()
        if isinstance(field, Upload)
    }
    if not files:
        # A form without files has the same properties as JSON.
        return shape
    return {"allOf": [shape], "type": "object", "properties": files}


def _form(fields: Iterable[Field]) -> dict[str, Any]:
    """Describe the inputs of a form."""
    inputs = tuple(fields)
    properties = {
        field.name: {
            "type": "string",
            "title": field.title,
            **({"enum": list(field.options)} if field.options else {}),
        }
        for field in inputs
    }
    required = [field.name for field in inputs if field.required]
    return {"type": "object", "properties": properties, "required": required}


_JSON_PATCH_SCHEMA = {
    "type": "array",
    "items": {
        "type": "object",
        "properties": {
            "op": {"enum": ["add", "remove", "replace", "move", "copy", "test"]},
            "path": {"type": "string"},
            "from": {"type": "string"},
            "value": {},
        },
        "required": ["op", "path"],
    },
}
