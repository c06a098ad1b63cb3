"""JSON Schema (2020-12) from declarations, for profiles and for OpenAPI."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from marshmallow import missing

from schemas.base.fields import (
    Amount,
    Boolean,
    Choice,
    Date,
    Email,
    Integer,
    Property,
    Reference,
    Text,
    Upload,
    Url,
)
from schemas.base.schema import ResourceSchema

DIALECT = "https://json-schema.org/draft/2020-12/schema"
AMOUNT_STEP = 0.0001


def title_of(name: str) -> str:
    """Write the name of a property for people."""
    words = [w.upper() if w in {"uri", "url", "id"} else w for w in name.split("_")]
    title = " ".join(words)
    return title[0].upper() + title[1:]


_WORDS = {
    **{word: word.upper() for word in ("url", "uri", "id", "uuid", "seo")},
    "sha256": "SHA-256",
    "max": "maximum",
    "min": "minimum",
    "email": "e-mail",
}


def label_of(name: str, field: Property) -> str:
    """Write the name of a property as people say it.

    For example `item_category_uri` is Item category, and `date_created` is Created.
    """
    if field.label:
        return field.label
    plain = name.removesuffix("_uri") if isinstance(field, Reference) else name
    plain = plain.removeprefix("is_").removeprefix("date_")
    text = " ".join(_WORDS.get(word, word) for word in plain.split("_"))
    return text[:1].upper() + text[1:]


def property_schema(name: str, field: Property) -> dict[str, Any]:
    """Describe one property."""
    schema: dict[str, Any] = {"title": title_of(name), **_type(field)}
    # What the server computes may be null until there is something to show.
    if field.allow_none or (field.dump_only and not isinstance(field, Boolean)):
        schema["type"] = [schema["type"], "null"]
        if "enum" in schema:
            # An enum forbids null even where the type allows it.
            schema["enum"] = [*schema["enum"], None]
    schema["description"] = field.description
    if field.dump_only:
        schema["readOnly"] = True
    if field.load_only:
        schema["writeOnly"] = True
    if field.load_default is not missing:
        default = field.serialize(field.column, {field.column: field.load_default})
        schema["default"] = _number(default)
    if field.example is not None:
        schema["examples"] = [_number(field.example)]
    return schema


def resource_schema(
    schema: ResourceSchema, title: str, *, address: str
) -> dict[str, Any]:
    """Describe a resource; `address` is where the description is."""
    properties = {
        name: property_schema(name, field)
        for name, field in schema.properties.items()
        if not isinstance(field, Upload)
    }
    return {
        "$schema": DIALECT,
        "$id": address,
        "title": title,
        "type": "object",
        "properties": properties,
        "required": required_of(schema),
        **conditions_of(schema),
    }


def required_of(schema: ResourceSchema) -> list[str]:
    """Return the names of required properties."""
    return [name for name, field in schema.writable.items() if field.required]


def conditions_of(schema: ResourceSchema) -> dict[str, Any]:
    """Return the JSON Schema of properties that others make required."""
    found = [
        {
            "if": {
                "properties": {c.property: {"enum": list(c.values)}},
                "required": [c.property],
            },
            "then": {"required": list(c.required)},
        }
        for c in schema.conditions
    ]
    return {"allOf": found} if found else {}


def _type(field: Property) -> dict[str, Any]:  # noqa: C901, PLR0911 - one for each kind
    match field:
        case Boolean():
            return {"type": "boolean"}
        case Integer():
            if field.dump_only:
                return {"type": "integer"}
            return {
                "type": "integer",
                "minimum": field.minimum,
                "maximum": field.maximum,
            }
        case Amount():
            # No multipleOf: 0.0001 has no exact binary form, and validators reject
            # valid amounts.
            return {"type": "number", "minimum": 0}
        case Date() if not field.dump_only:
            return {"type": "string", "format": "date-time"}
        # Dates are shown as Foxy writes them: an offset without a colon is no RFC 3339
        # date.
        case Date():
            return {"type": "string"}
        case Reference() | Url():
            return {"type": "string", **_length(field), **_form(field, format="uri")}
        case Email():
            return {"type": "string", **_length(field), **_form(field, format="email")}
        case Choice():
            return {"type": "string", "enum": list(field.choices)}
        case Text():
            found = {"type": "string", **_length(field)}
            if field.regex:
                found |= _form(field, pattern=f"^({field.regex})$")
            return found
        case _:
            return {"type": "string"}


def _form(field: Property, **form: str) -> dict[str, Any]:
    """Return the pattern of a text; it may be empty if it is not required."""
    return form if field.required else {"anyOf": [form, {"maxLength": 0}]}


def _length(field: Property) -> Mapping[str, int]:
    found = {}
    if field.required:
        found["minLength"] = 1
    if field.max_length is not None:
        found["maxLength"] = field.max_length
    return found


def _number(value: Any) -> Any:
    """Return a value that every JSON writer knows."""
    return float(value) if isinstance(value, Decimal) else value
