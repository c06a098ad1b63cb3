"""HAL-FORMS: HAL with templates of forms (mamund/hal-forms, 2025-05-30).

Values are texts and a choice says explicitly that it is one, which is what the clients
in use agree on.
"""

from decimal import Decimal
from functools import lru_cache
from typing import Any, ClassVar

import msgspec

from representations.hal_json import ENCODER, HalJson
from representations.resource import Action, Field, Form, Resource, Value, Vocabulary

DEFAULT = "default"
NOTHING: dict[str, Any] = {DEFAULT: {"method": "GET", "properties": []}}
"""The format demands a template also where nothing can be done."""


class HalForms(HalJson):
    """The first template is the default one, the others go by their names."""

    name = "hal-forms"
    title = "HAL-FORMS"
    media_types: ClassVar[tuple[str, ...]] = ("application/prs.hal-forms+json",)
    has_actions = True
    embeds_items_whole = False

    def document(self, resource: Resource, vocabulary: Vocabulary) -> dict[str, Any]:
        """Return the HAL document with its templates."""
        document = super().document(resource, vocabulary)
        # What is wrong with a request offers nothing to do.
        if "error" in resource.classes:
            return document
        templates = {
            # The specification requires one template called "default".
            action.name if position else DEFAULT: _template(action)
            for position, action in enumerate(resource.actions)
        }
        return {**document, "_templates": templates or NOTHING}

    def render_embedded(
        self,
        resource: Resource,
        vocabulary: Vocabulary,
        rel: str | None = None,  # noqa: ARG002
    ) -> str:
        """Write a resource object as HAL has it: templates are the root's."""
        document = HalJson.document(self, resource, vocabulary)
        return ENCODER.encode(document).decode()


def _template(action: Action) -> dict[str, Any]:
    template: dict[str, Any] = {
        "method": action.method,
        "target": action.href,
        "title": action.title,
    }
    if action.type is not None:
        template["contentType"] = action.type
    template["properties"] = (
        _kept(action.fields)
        if isinstance(action.fields, Form)
        else [_property(field) for field in action.fields]
    )
    return template


@lru_cache(maxsize=64)
def _kept(form: Form) -> msgspec.Raw:
    return msgspec.Raw(ENCODER.encode([_property(field) for field in form]))


def _property(field: Field) -> dict[str, Any]:
    result: dict[str, Any] = {"name": field.name, "prompt": field.title}
    if field.required:
        result["required"] = True
    options = field.options
    if field.type == "checkbox":
        # HAL-FORMS has no checkbox that all clients know, so a boolean is a choice of
        # two.
        options = ("true", "false")
    if not (options or field.choices_href):
        result["type"] = field.type
    value = _text(field.value)
    if value is not None:
        result["value"] = value
    if field.choices_href:
        result["options"] = {
            "link": {"href": field.choices_href, "type": "text/csv"},
            "promptField": field.choices_name,
            "valueField": "href",
            "minItems": 1 if field.required else 0,
            "maxItems": 1,
        }
        if value is not None:
            result["options"]["selectedValues"] = [value]
        return result
    if options:
        result["options"] = {
            "inline": [{"prompt": o or "none", "value": o} for o in options],
            "minItems": 1 if field.required else 0,
            "maxItems": 1,
        }
        if value is not None:
            result["options"]["selectedValues"] = [value]
        return result
    bounds = {
        "regex": field.pattern,
        "minLength": 1 if field.required and field.type == "text" else None,
        "maxLength": field.max_length,
        "min": field.minimum,
        "max": field.maximum,
    }
    return {**result, **{name: v for name, v in bounds.items() if v is not None}}


def _text(value: Value) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return f"{value:f}"
    return None if value is None else str(value)
