"""Siren (kevinswiber/siren): entities with links and actions.

Tested in `tests/representations/test_exact_bytes.py`.
"""

from decimal import Decimal
from functools import lru_cache
from typing import Any, ClassVar

import msgspec

from representations.hal_json import ENCODER, JsonRepresentation
from representations.resource import Action, Field, Form, Resource, Value, Vocabulary
from representations.slots import Rendered

JSON = "application/json"


class Siren(JsonRepresentation):
    """Relations are full URIs; templated links are left to actions.

    Embedded entities carry links but no actions: these belong to the entity's own
    document, where the values to start from are known to be current.
    """

    name = "siren"
    title = "Siren"
    media_types: ClassVar[tuple[str, ...]] = (
        "application/vnd.siren+json",
        "application/siren+json",
    )
    has_actions = True
    lists_choices = True

    def document(self, resource: Resource, vocabulary: Vocabulary) -> dict[str, Any]:
        """Return the root entity."""
        document = _entity(resource, vocabulary)
        if resource.actions:
            document["actions"] = [_action(action) for action in resource.actions]
        return document

    def render_embedded(
        self, resource: Resource, vocabulary: Vocabulary, rel: str | None = None
    ) -> str:
        """Write a sub-entity that is an embedded representation."""
        return ENCODER.encode(_sub_entity(resource, vocabulary, rel)).decode()


def _entity(resource: Resource, vocabulary: Vocabulary) -> dict[str, Any]:
    document: dict[str, Any] = {"class": list(resource.classes)}
    if resource.title is not None:
        document["title"] = resource.title
    document["properties"] = dict(resource.properties)
    entities = _entities(resource, vocabulary)
    # An empty collection says so; a single resource leaves the member out.
    if entities or "collection" in resource.classes:
        document["entities"] = entities
    document["links"] = [
        _link(link, vocabulary) for link in resource.links if not link.templated
    ]
    return document


def _entities(resource: Resource, vocabulary: Vocabulary) -> Any:
    entities: list[Any] = []
    for rel, embedded in resource.embedded.items():
        if isinstance(embedded, Rendered):
            text = Siren.separator.join(embedded.fragments)
            if len(resource.embedded) == 1:
                return msgspec.Raw(f"[{text}]".encode())
            entities += [msgspec.Raw(text.encode())] if text else []
            continue
        items = [embedded] if isinstance(embedded, Resource) else embedded
        entities += [
            # What has an address of its own, elsewhere than in a collection, is
            # what a link of that relation leads to.
            _sub_entity(
                item,
                vocabulary,
                rel if item.href and "collection" not in resource.classes else None,
            )
            for item in items
        ]
    return entities


def _sub_entity(
    resource: Resource, vocabulary: Vocabulary, rel: str | None = None
) -> dict[str, Any]:
    if rel is not None:
        rels = [vocabulary.expand(rel)]
    elif resource.rel is None:
        rels = ["item"]
    else:
        rels = ["item", vocabulary.expand(resource.rel)]
    return {"rel": rels, **_entity(resource, vocabulary)}


# Relations that are registered (RFC 8631), but younger than Siren's JSON Schema, which
# takes any address instead.
_YOUNG = {
    rel: f"https://www.iana.org/assignments/relation/{rel}"
    for rel in ("service-desc", "service-doc")
}


def _link(link: Any, vocabulary: Vocabulary) -> dict[str, Any]:
    result: dict[str, Any] = {
        "rel": [_YOUNG.get(link.rel) or vocabulary.expand(link.rel)],
        "href": link.href,
    }
    if link.title is not None:
        result["title"] = link.title
    if link.type is not None:
        result["type"] = link.type
    return result


def _action(action: Action) -> dict[str, Any]:
    result: dict[str, Any] = {
        "name": action.name,
        "class": list(action.classes),
        "title": action.title,
        "method": action.method,
        "href": action.href,
    }
    if action.type is not None:
        result["type"] = action.type
    is_json = action.type == JSON
    if isinstance(action.fields, Form):
        result["fields"] = _encoded(action.fields, is_json)
    elif action.fields:
        result["fields"] = [_field(field, is_json) for field in action.fields]
    return result


@lru_cache(maxsize=64)
def _encoded(form: Form, is_json: bool) -> msgspec.Raw:  # noqa: FBT001 - a key
    return msgspec.Raw(ENCODER.encode([_field(field, is_json) for field in form]))


def _field(field: Field, is_json: bool) -> dict[str, Any]:  # noqa: FBT001 - a format
    result: dict[str, Any] = {
        "name": field.name,
        "title": field.title,
        "type": field.type,
    }
    if field.value is not None:
        result["value"] = _field_value(field.value)
    elif not (is_json or field.type == "file"):
        # Clients write what is missing into a form as "undefined"; JSON leaves it out.
        result["value"] = ""
    if field.choices:
        result["options"] = dict(field.choices)
    elif field.options:
        # Siren has no word for legal values; this is Foxy's, value to label.
        result["options"] = {option: option or "none" for option in field.options}
    return result


def _field_value(value: Value) -> str | int | Decimal:
    # Siren's schema knows strings and numbers only.
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str | int | Decimal) else ""
