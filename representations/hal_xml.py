"""HAL XML in Foxy's form: full relation URIs, links before properties, no curies.

Tested in `tests/representations/test_exact_bytes.py`.
"""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, ClassVar

from lxml import etree

from representations.representation import Representation
from representations.resource import Link, Resource, Value, Vocabulary
from representations.row_template import CLOSE, OPEN
from representations.slots import Rendered, Slot

# Stands for embedded resources that a template has already written.
_WRITTEN = re.compile(r"<\?fragments (\d+)\?>")


def _escape_attribute(text: str) -> str:
    text = _escape_text(text).replace('"', "&quot;")
    # XML parsers turn these into spaces inside of an attribute (XML 1.0, section
    # 3.3.3).
    return text.replace("\t", "&#9;").replace("\n", "&#10;")


def _escape_text(text: str) -> str:
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    # XML parsers turn a carriage return into a line feed (XML 1.0, section 2.11).
    return text.replace("\r", "&#13;")


class HalXml(Representation):
    """A ``resource`` element: its links, embedded resources, then its properties.

    A null is an empty element, booleans are ``true`` and ``false``.
    """

    name = "xml"
    title = "HAL XML"
    media_types: ClassVar[tuple[str, ...]] = (
        "application/hal+xml",
        "application/vnd.hal+xml",
        "application/xml",
        "text/xml",
    )
    slot = re.compile(f">{OPEN}(\\d+){CLOSE}</[^>]+>|{OPEN}(\\d+){CLOSE}")
    embeds_items_whole = True
    compiled_names: ClassVar[Mapping[str, Any]] = {
        "escape": _escape_text,
        "attribute": _escape_attribute,
    }
    prologue = '<?xml version="1.0" encoding="UTF-8"?>\n'

    def render(self, resource: Resource, vocabulary: Vocabulary) -> bytes:
        """Write the document with its XML declaration."""
        body = self.render_embedded(resource, vocabulary)
        return f"{self.prologue}{body}\n".encode()

    def render_embedded(
        self,
        resource: Resource,
        vocabulary: Vocabulary,
        rel: str | None = None,  # noqa: ARG002
    ) -> str:
        """Write the element, the same as in its own document."""
        written: list[str] = []
        element = _element(resource, vocabulary, written)
        text = etree.tostring(element, encoding="unicode")
        return _WRITTEN.sub(lambda found: written[int(found[1])], text)

    separator = ""

    def expression(self, place: str, slot: Slot, value: str, text: str) -> str:
        """Write an element's content and end, or a piece of an attribute."""
        if not place.startswith(">"):
            return f"attribute({text})" if slot.is_text else text
        end = place[place.index(CLOSE) + 1 :]
        if slot.is_fragment:
            return f'">" + {text} + "{end}"'
        if slot.is_text and not slot.is_plain:
            # Null and the empty string alike are an empty element.
            return f'">" + escape({text}) + "{end}" if {value} else "/>"'
        written = f'f">{{{text}}}{end}"'
        return f'"/>" if {value} is None else {written}' if slot.nullable else written

    def escape(self, text: str) -> str:
        """Escape text for an attribute, as lxml does."""
        return _escape_attribute(text)


def _element(
    resource: Resource, vocabulary: Vocabulary, written: list[str]
) -> etree._Element:
    """Create the element; what is `written` already is numbered, and put in later."""
    element = etree.Element("resource")
    if resource.href is not None:
        element.set("href", resource.href)
    if resource.rel is not None:
        element.set("rel", vocabulary.expand(resource.rel))
    for link in resource.links:
        _add_link(element, link, vocabulary)
    for embedded in resource.embedded.values():
        if isinstance(embedded, Rendered):
            if not embedded.fragments:
                continue
            number = str(len(written))
            # A placeholder: otherwise rendered text would have to be parsed into a tree
            # again.
            element.append(etree.ProcessingInstruction("fragments", number))
            written.append("".join(embedded.fragments))
            continue
        items = [embedded] if isinstance(embedded, Resource) else embedded
        element.extend([_element(item, vocabulary, written) for item in items])
    for name, value in resource.properties.items():
        child = etree.SubElement(element, name)
        if isinstance(value, Mapping):
            for key, text in value.items():
                etree.SubElement(child, "value", key=key).text = text
        else:
            child.text = _lexical(value)
    return element


def _add_link(element: etree._Element, link: Link, vocabulary: Vocabulary) -> None:
    child = etree.SubElement(
        element, "link", rel=vocabulary.expand(link.rel), href=link.href
    )
    if link.title is not None:
        child.set("title", link.title)
    if link.type is not None:
        child.set("type", link.type)
    if link.templated:
        child.set("templated", "true")


def _lexical(value: Value) -> str | None:
    match value:
        case None | "":
            return None
        case bool():
            return "true" if value else "false"
        case Decimal():
            return f"{value:f}"
        case _:
            return str(value)
