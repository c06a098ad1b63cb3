"""HAL+JSON (draft-kelly-json-hal-11), the default representation.

Tested in `tests/representations/test_exact_bytes.py`.
"""

import re
from collections.abc import Mapping
from json.encoder import encode_basestring
from typing import Any, ClassVar

import msgspec

from representations.representation import Representation
from representations.resource import Embedded, Link, Resource, Vocabulary
from representations.row_template import CLOSE, OPEN
from representations.slots import Rendered, Slot

# Decimals become JSON numbers, exactly; amounts never pass a binary float.
ENCODER = msgspec.json.Encoder(decimal_format="number")


class JsonRepresentation(Representation):
    """The base of the JSON formats: encoding, and compiled values."""

    slot = re.compile(f'"{OPEN}(\\d+){CLOSE}"|{OPEN}(\\d+){CLOSE}')

    def document(self, resource: Resource, vocabulary: Vocabulary) -> dict[str, Any]:
        """Return the document as what JSON is made of."""
        raise NotImplementedError

    def render(self, resource: Resource, vocabulary: Vocabulary) -> bytes:
        """Write the document."""
        return ENCODER.encode(self.document(resource, vocabulary)) + b"\n"

    compiled_names: ClassVar[Mapping[str, Any]] = {
        "quote": encode_basestring,
        "mark": '"',
    }

    def expression(self, place: str, slot: Slot, value: str, text: str) -> str:
        """Write a whole JSON value, or the inside of a string."""
        if not place.startswith('"'):
            return f"quote({text})[1:-1]" if slot.is_text else text
        written = text
        if slot.is_text:
            written = f"quote({text})" if not slot.is_plain else f"mark + {text} + mark"
        if slot.nullable:
            return f'"null" if {value} is None else {written}'
        return written

    def escape(self, text: str) -> str:
        """Escape text for the inside of a JSON string."""
        return encode_basestring(text)[1:-1]


class HalJson(JsonRepresentation):
    """``_links`` with one curie, ``_embedded``, then the properties."""

    name = "hal"
    title = "HAL+JSON"
    media_types: ClassVar[tuple[str, ...]] = (
        "application/hal+json",
        "application/vnd.hal+json",
        "application/json",
        "text/json",
    )
    embeds_items_whole = True

    def document(self, resource: Resource, vocabulary: Vocabulary) -> dict[str, Any]:
        """Return the resource object (draft section 4)."""
        return self._object(resource, vocabulary, is_root=True)

    def _object(
        self, resource: Resource, vocabulary: Vocabulary, *, is_root: bool = False
    ) -> dict[str, Any]:
        document: dict[str, Any] = {}
        # The root always has the curie, which embedded resources inherit (draft,
        # section 8.2).
        if resource.links or is_root:
            document["_links"] = _links(resource.links, vocabulary)
        if resource.embedded:
            document["_embedded"] = {
                rel: self._embedded(embedded, vocabulary)
                for rel, embedded in resource.embedded.items()
            }
        document.update(resource.properties)
        return document

    def _embedded(self, embedded: Embedded, vocabulary: Vocabulary) -> Any:
        if isinstance(embedded, Resource):
            return self._object(embedded, vocabulary)
        # A list, also of one: HAL clients rely on the type of a relation.
        if not isinstance(embedded, Rendered):
            return [self._object(item, vocabulary) for item in embedded]
        text = self.separator.join(embedded.fragments)
        # Rendered text is spliced in as it is, instead of parsing it again.
        return msgspec.Raw((text if embedded.is_one else f"[{text}]").encode())

    def render_embedded(
        self,
        resource: Resource,
        vocabulary: Vocabulary,
        rel: str | None = None,  # noqa: ARG002
    ) -> str:
        """Write a resource object, the same as in its own document."""
        return ENCODER.encode(self.document(resource, vocabulary)).decode()


def _links(links: Any, vocabulary: Vocabulary) -> dict[str, Any]:
    curie = {
        "name": vocabulary.prefix,
        "href": vocabulary.template,
        "templated": True,
    }
    result: dict[str, Any] = {"curies": [curie]}
    for link in links:
        known = result.get(link.rel)
        if known is None:
            result[link.rel] = _link(link)
        # The second link of a relation turns it into an array.
        elif isinstance(known, list):
            known.append(_link(link))
        else:
            result[link.rel] = [known, _link(link)]
    return result


def _link(link: Link) -> dict[str, Any]:
    result: dict[str, Any] = {"href": link.href}
    if link.title is not None:
        result["title"] = link.title
    if link.type is not None:
        result["type"] = link.type
    if link.templated:
        result["templated"] = True
    return result
