"""OpenAPI 3.1, made of the routes and the declarations: nothing in it is said twice."""

import re
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from itertools import chain
from typing import Any

from app.http.addresses import DOCS, TOKEN
from app.http.bodies import JSON_TYPES, READ
from app.http.catalogue import Catalogue, Kind
from app.http.media_types import (
    FORM,
    JSON,
    JSON_PATCH,
    MERGE_PATCH,
    MULTIPART,
)
from app.http.pagination import DEFAULT_LIMIT, MAX_LIMIT
from app.http.query_language import operators_of
from app.http.routes import Route
from app.services.scopes import SCOPES
from representations import ERROR_REPRESENTATIONS
from schemas.fields import Upload
from schemas.json_schema import (
    DIALECT,
    conditions_of,
    property_schema,
    required_of,
    title_of,
)

VERSION = "3.1.0"

# What every answer may be, and what a method may be besides.
_ALWAYS = (400, 406, 429, 503)
_PRIVATE = (401,)
_READS = (200, 304, 404, 412)
_WRITES = (403, 404, 409, 412, 413, 415, 422, 507)
_STATUSES: Mapping[str, tuple[int, ...]] = {
    "GET": _READS,
    "HEAD": _READS,
    "OPTIONS": (200, 404),
    "POST": (201, 207, *_WRITES),
    "PATCH": (200, 204, 207, 428, *_WRITES),
    "PUT": (200, 204, 428, *_WRITES),
    "DELETE": (200, 204, 207, 403, 404, 409, 412, 413, 428),
}
_WITHOUT_BODY = {204, 304}
BAD = 400


def describe(
    routes: Iterable[Route], catalogue: Catalogue, *, base: str, version: str
) -> dict[str, Any]:
    """Describe the whole API at an address."""
    paths: dict[str, Any] = {}
    for route in routes:
        path = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", route.path)
        paths[path] = _path(route, path, catalogue)
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
            "schemas": _schemas(catalogue),
            "securitySchemes": _security(base),
            "parameters": {
                **_PARAMETERS,
                **{
                    f"{kind.declaration.name}.{parameter['name']}": parameter
                    for kind in catalogue.values()
                    for parameter in _filters(kind)
                },
            },
            "responses": _shared_responses(),
        },
        "externalDocs": {"url": base + DOCS},
    }


# -- paths --------------------------------------------------------------------


def _path(route: Route, path: str, catalogue: Catalogue) -> dict[str, Any]:
    variables = re.findall(r"<(?:(\w+):)?(\w+)>", route.path)
    item: dict[str, Any] = {}
    if variables:
        item["parameters"] = [_variable(kind, name) for kind, name in variables]
    kind = catalogue.get(route.profile)
    for method, words in route.words.items():
        item[method.lower()] = _operation(route, path, method, words, kind)
    return item


def _operation(
    route: Route, path: str, method: str, words: str, kind: Kind | None
) -> dict[str, Any]:
    named = re.sub(r"[^a-z0-9]+", "-", path.lower()).strip("-") or "home"
    operation: dict[str, Any] = {
        "operationId": f"{method.lower()}-{named}",
        "summary": words,
        "tags": [title_of(kind.declaration.plural) if kind else "The API itself"],
        "parameters": _parameters(route, method, kind),
    }
    if route.is_public or method == "OPTIONS":
        operation["security"] = [{}]
    body = _body(route, method, kind)
    if body:
        operation["requestBody"] = body
    operation["responses"] = _responses(route, method, kind)
    return operation


def _variable(converter: str, name: str) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "string", "minLength": 1}
    if converter == "id":
        schema = {"type": "integer", "minimum": 1, "maximum": 10**18 - 1}
    return {"name": name, "in": "path", "required": True, "schema": schema}


def _parameters(route: Route, method: str, kind: Kind | None) -> list[dict[str, Any]]:
    found = [_ref("FoxyApiVersion")]
    is_read = method in {"GET", "HEAD"}
    if route.is_negotiated or method == "OPTIONS":
        found.append(_ref("Format"))
    if is_read:
        found += [_ref("IfNoneMatch")]
    if method in {"PATCH", "PUT", "DELETE"}:
        found += [_ref("IfMatch")]
    if method == "POST" and kind:
        found.append(_ref("IdempotencyKey"))
    if kind and not is_read and method != "OPTIONS":
        found.append(_ref("Prefer"))
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
    return {"$ref": f"#/components/parameters/{name}"}


def _zoom(kind: Kind) -> dict[str, Any]:
    known = ", ".join(kind.relations)
    return {
        "name": "zoom",
        "in": "query",
        "description": f"Relations to embed, nested by colons: {known}.",
        "schema": {"type": "string"},
    }


def _filters(kind: Kind) -> list[dict[str, Any]]:
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


def _body(route: Route, method: str, kind: Kind | None) -> dict[str, Any] | None:
    if method not in {"POST", "PATCH", "PUT"}:
        return None
    if kind is None:
        loose = {"type": "object"}
        types = (FORM, JSON)
        return {"content": {t: {"schema": loose} for t in types}, "required": True}
    name = kind.declaration.name
    reference = {"$ref": f"#/components/schemas/{name}_{_shape(method)}"}
    schema: dict[str, Any] = reference
    if route.is_collection and "POST" in route.words and method != "DELETE":
        schema = {"oneOf": [reference, {"type": "array", "items": reference}]}
    if route.is_collection and method == "PATCH" and name != "attribute":
        schema = reference
    content: dict[str, Any] = {}
    for media_type in READ:
        if media_type == MULTIPART:
            content[media_type] = {"schema": _multipart(kind, method)}
        elif media_type == FORM:
            content[media_type] = {"schema": reference}
        elif media_type in JSON_TYPES:
            content[media_type] = {"schema": schema}
        else:
            content[media_type] = {"schema": {"type": "string"}}
    if method == "PATCH":
        content[MERGE_PATCH] = {"schema": schema}
        content[JSON_PATCH] = {"schema": _JSON_PATCH_SCHEMA}
    return {"content": content}


def _shape(method: str) -> str:
    return "changes" if method == "PATCH" else "new"


def _multipart(kind: Kind, method: str) -> dict[str, Any]:
    shape = {"$ref": f"#/components/schemas/{kind.declaration.name}_{_shape(method)}"}
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
        return shape
    return {"allOf": [shape], "type": "object", "properties": files}


def _responses(route: Route, method: str, kind: Kind | None) -> dict[str, Any]:
    statuses = {*_ALWAYS, *_STATUSES[method]}
    if not route.is_public and method != "OPTIONS":
        statuses |= set(_PRIVATE)
    if route.is_public and method == "POST":
        # Tokens are given, not made at an address of their own.
        statuses = (statuses - {201, 207, 404, 409, 412, 507}) | {200, 303, 401, 422}
    if route.is_public and method == "GET":
        statuses |= {302, 303, 401}
    if not kind:
        statuses -= {207}
    if route.media_types and not route.is_negotiated and method in {"GET", "HEAD"}:
        statuses |= {206, 302, 401, 416}
    return {
        str(status): {"$ref": f"#/components/responses/{status}"}
        if status in _WITHOUT_BODY or status >= BAD
        else _response(route, method, kind, status)
        for status in sorted(statuses)
    }


def _response(
    route: Route, method: str, kind: Kind | None, status: int
) -> dict[str, Any]:
    found: dict[str, Any] = {"description": HTTPStatus(status).phrase}
    if method == "HEAD" or status in {302, 303}:
        return found
    if not route.is_negotiated and method != "OPTIONS":
        found["content"] = {t: {} for t in route.media_types or ("*/*",)}
        return found
    offers = route.offers if method == "GET" else route.offers[:5]
    content = {}
    for representation in offers:
        for media_type in representation.media_types:
            is_hal = media_type in _HAL and kind and method != "OPTIONS"
            name = _answer(route, method, kind, status) if is_hal else ""
            schema = {"$ref": f"#/components/schemas/{name}"}
            content[media_type] = {"schema": schema} if name else {}
    found["content"] = content
    if status == HTTPStatus.CREATED and kind:
        found["headers"] = {
            "Location": {
                "description": "The address of what was created, if it was one.",
                "schema": {"type": "string", "format": "uri"},
            }
        }
    return found


_HAL = ("application/hal+json", "application/vnd.hal+json")


def _answer(route: Route, method: str, kind: Kind | None, status: int) -> str:
    """Name the schema of a HAL answer, empty where it may be one of several."""
    if kind is None or status == HTTPStatus.MULTI_STATUS:
        return ""
    name = kind.declaration.name
    if method == "GET":
        return f"{kind.declaration.plural}_page" if route.is_collection else name
    if method in {"PATCH", "PUT"} and not route.is_collection:
        return name
    return ""


# -- components ---------------------------------------------------------------


def _schemas(catalogue: Catalogue) -> dict[str, Any]:
    found: dict[str, Any] = {"errors": _ERRORS}
    for kind in catalogue.values():
        declaration = kind.declaration
        schema = declaration.schema
        properties = {n: property_schema(n, f) for n, f in schema.properties.items()}
        shown = {n: properties[n] for n in schema.shown}
        writable = {
            n: p
            for n, p in properties.items()
            if n in schema.writable and not isinstance(schema.writable[n], Upload)
        }
        found[declaration.name] = {
            "type": "object",
            "title": declaration.heading,
            "description": declaration.description,
            "properties": {"_links": {"type": "object"}, **shown},
            "required": ["_links"],
        }
        found[f"{declaration.plural}_page"] = _page(kind)
        found[f"{declaration.name}_changes"] = {
            "type": "object",
            "properties": writable,
        }
        found[f"{declaration.name}_new"] = {
            "type": "object",
            "properties": writable,
            "required": required_of(schema),
            **conditions_of(schema),
        }
    return found


def _page(kind: Kind) -> dict[str, Any]:
    declaration = kind.declaration
    item = {"$ref": f"#/components/schemas/{declaration.name}"}
    members = {"type": "array", "items": item}
    return {
        "type": "object",
        "title": title_of(declaration.plural),
        "description": declaration.collection_description,
        "properties": {
            "_links": {"type": "object"},
            "_embedded": {
                "type": "object",
                "properties": {declaration.collection_rel: members},
                "required": [declaration.collection_rel],
            },
            "total_items": {
                "type": ["integer", "string"],
                "description": "A string where FOXY-API-VERSION was sent.",
            },
            "returned_items": {"type": "integer"},
            "limit": {"type": "integer", "maximum": MAX_LIMIT},
            "offset": {"type": "integer", "minimum": 0},
        },
        "required": ["_links", "_embedded", "total_items", "returned_items"],
    }


def _shared_responses() -> dict[str, Any]:
    """Describe what is the same wherever it comes from: errors, and no body."""
    types = [t for r in ERROR_REPRESENTATIONS for t in r.media_types]
    schema = {"$ref": "#/components/schemas/errors"}
    content = {t: {"schema": schema} if t in _HAL else {} for t in (*types, JSON)}
    statuses = {*_ALWAYS, *_PRIVATE, 416, *chain.from_iterable(_STATUSES.values())}
    found: dict[str, Any] = {}
    for status in sorted(statuses | _WITHOUT_BODY):
        if status >= BAD:
            phrase = HTTPStatus(status).phrase
            found[str(status)] = {"description": phrase, "content": content}
        elif status in _WITHOUT_BODY:
            found[str(status)] = {"description": HTTPStatus(status).phrase}
    return found


def _security(base: str) -> dict[str, Any]:
    scopes = dict(SCOPES)
    token = base + TOKEN
    return {
        "bearer": {
            "type": "http",
            "scheme": "bearer",
            "description": "A personal token (`sirenhall token create`), or one of "
            "OAuth2.",
        },
        "oauth2": {
            "type": "oauth2",
            "flows": {
                "clientCredentials": {"tokenUrl": token, "scopes": scopes},
                "authorizationCode": {
                    "authorizationUrl": f"{base}/authorize",
                    "tokenUrl": token,
                    "refreshUrl": token,
                    "scopes": scopes,
                },
            },
        },
    }


def _query(name: str, description: str, **schema: Any) -> dict[str, Any]:
    return {
        "name": name,
        "in": "query",
        "description": description,
        "schema": {"type": "string", **schema},
    }


def _header(name: str, description: str, **schema: Any) -> dict[str, Any]:
    return {**_query(name, description, **schema), "in": "header"}


_PARAMETERS: dict[str, Any] = {
    "FoxyApiVersion": _header(
        "FOXY-API-VERSION", "1 selects Foxy's wire for collections.", enum=["1"]
    ),
    "Format": _query(
        "format",
        "The format of the answer, for clients that cannot set Accept.",
        enum=["hal", "hal-forms", "siren", "xml", "html"],
    ),
    "IfNoneMatch": _header("If-None-Match", "Answer 304 if this still is the ETag."),
    "IfMatch": _header("If-Match", "Change it only if this still is the ETag."),
    "IdempotencyKey": _header(
        "Idempotency-Key",
        "Makes sending it again harmless: the first outcome is replayed for a day.",
        pattern="^[A-Za-z0-9-]{1,255}$",
    ),
    "Prefer": _header(
        "Prefer",
        "return=minimal: no body; handling=strict: nothing is ignored, and of several "
        "all or none.",
        examples=["return=minimal", "return=representation", "handling=strict"],
    ),
    "Limit": _query(
        "limit",
        f"How many to show; more than {MAX_LIMIT} are {MAX_LIMIT}.",
        type="integer",
        minimum=0,
        default=DEFAULT_LIMIT,
    ),
    "Offset": _query(
        "offset",
        "How many to skip.",
        type="integer",
        minimum=0,
        maximum=2**53,
        default=0,
    ),
    "Order": _query("order", "Properties to sort by, each with asc or desc."),
    "Search": _query("search", "Words to look for."),
    "Fields": _query("fields", "Properties to show."),
}

_ERRORS = {
    "type": "object",
    "properties": {
        "total": {"type": "integer"},
        "_embedded": {
            "type": "object",
            "properties": {
                "fx:errors": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "properties": {
                            "logref": {"type": "string"},
                            "message": {"type": "string"},
                            "property": {"type": "string"},
                            "code": {"type": "string"},
                        },
                        "required": ["message", "code"],
                    },
                }
            },
        },
    },
    "required": ["total", "_embedded"],
}

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
