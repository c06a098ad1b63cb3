"""Components that the operations of the OpenAPI description share."""

from typing import Any

from app.http.hypermedia.declaration import ERRORS
from app.http.hypermedia.registry import ResourceRegistry, ResourceType
from app.http.pagination import DEFAULT_LIMIT, MAX_LIMIT
from app.http.paths import AUTHORIZE, TOKEN
from app.services.scopes import SCOPES
from representations import COLLECTION_REPRESENTATIONS
from schemas.base.fields import Upload
from schemas.base.json_schema import (
    conditions_of,
    property_schema,
    required_of,
    title_of,
)

COMPONENTS = "#/components"


def reference(group: str, name: str) -> dict[str, Any]:
    """Refer to a component."""
    return {"$ref": f"{COMPONENTS}/{group}/{name}"}


def schemas(registry: ResourceRegistry) -> dict[str, Any]:
    """Describe each kind of resource, and what answers hold besides."""
    found: dict[str, Any] = {"errors": _ERRORS, "results": _RESULTS, "done": _DONE}
    for kind in registry.values():
        declaration = kind.declaration
        schema = declaration.schema
        properties = {n: property_schema(n, f) for n, f in schema.properties.items()}
        shown = {n: properties[n] for n in schema.shown}
        writable = {
            n: p
            for n, p in properties.items()
            # JSON cannot carry a file; only the multipart body has it.
            if n in schema.writable and not isinstance(schema.writable[n], Upload)
        }
        found[declaration.name] = {
            "type": "object",
            "title": declaration.heading,
            "description": declaration.description,
            "properties": {"_links": {"type": "object"}, **shown},
            # Nothing else is: `fields` may leave out any property.
            "required": ["_links"],
        }
        found[f"{declaration.plural}_page"] = _page(kind)
        found[f"{declaration.name}_created"] = {
            "description": "What was created; of several, a result for each.",
            "anyOf": [
                reference("schemas", declaration.name),
                reference("schemas", "results"),
            ],
        }
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


def _page(kind: ResourceType) -> dict[str, Any]:
    declaration = kind.declaration
    item = reference("schemas", declaration.name)
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


def security(base: str) -> dict[str, Any]:
    """Describe how one says who one is."""
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
                    "authorizationUrl": base + AUTHORIZE,
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


PARAMETERS: dict[str, Any] = {
    "FoxyApiVersion": _header(
        "FOXY-API-VERSION", "1 selects Foxy's wire for collections.", enum=["1"]
    ),
    "Format": _query(
        "format",
        "The format of the answer, for clients that cannot set Accept.",
        enum=[r.name for r in COLLECTION_REPRESENTATIONS],
    ),
    "IfNoneMatch": _header("If-None-Match", "Answer 304 if this still is the ETag."),
    "IfMatch": _header("If-Match", "Change it only if this still is the ETag."),
    "IdempotencyKey": _header(
        "Idempotency-Key",
        "Makes sending it again harmless: the first outcome is replayed for a day.",
        # A structured string of 255 characters between its quotes.
        maxLength=257,
        examples=['"5bd1a0a6-24f6-4f7a-b4ba-5c5b6f6b1a8d"'],
    ),
    "Prefer": _header(
        "Prefer",
        "return=minimal: no body; handling=strict: nothing is ignored, and of several "
        "all or none.",
        examples=["return=minimal", "return=representation", "handling=strict"],
    ),
    "PreferOfMany": _header(
        "Prefer",
        "return=minimal: of one, 201 without a body, the address is in Location; "
        "handling=strict: nothing is ignored, and of several all or none.",
        examples=["return=representation", "handling=strict"],
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

_ERROR = {
    "type": "object",
    "properties": {
        "logref": {"type": "string"},
        "message": {"type": "string"},
        "property": {"type": "string"},
        "code": {"type": "string"},
    },
    "required": ["message", "code"],
}

_ERRORS = {
    "type": "object",
    "properties": {
        "total": {"type": "integer"},
        "_embedded": {
            "type": "object",
            "properties": {
                ERRORS: {"type": "array", "items": _ERROR},
            },
        },
    },
    "required": ["total", "_embedded"],
}


_DONE = {
    "type": "object",
    "properties": {"_links": {"type": "object"}, "message": {"type": "string"}},
    "required": ["_links", "message"],
}

_RESULT = {
    "type": "object",
    "properties": {
        "position": {"type": "integer", "minimum": 0},
        "status": {"type": "integer"},
        "message": {"type": "string"},
        "_links": {"type": "object"},
        "_embedded": {
            "type": "object",
            "properties": {ERRORS: {"type": "array", "items": _ERROR}},
        },
    },
    "required": ["position", "status", "message"],
}

_RESULTS = {
    "type": "object",
    "title": "Results",
    "description": "What became of each of several, in their order.",
    "properties": {
        "total": {"type": "integer"},
        "failed": {"type": "integer"},
        "_embedded": {
            "type": "object",
            "properties": {"fx:results": {"type": "array", "items": _RESULT}},
            "required": ["fx:results"],
        },
    },
    "required": ["total", "failed", "_embedded"],
}
