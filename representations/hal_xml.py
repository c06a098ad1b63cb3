"""HAL XML as Foxy speaks it: full relation URIs, links before state, no curies."""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, ClassVar

from lxml import etree

from representations.compiled import CLOSE, OPEN
from representations.representation import Representation
from representations.resource import Link, Rendered, Resource, Slot, Value, Vocabulary

# Stands for the embedded resources that a template has already written.
PLACEHOLDER = b"<?fragments ?>"


def _escape_attribute(text: str) -> str:
    text = _escape_text(text).replace('"', "&quot;")
    return text.replace("\t", "&#9;").replace("\n", "&#10;")


def _escape_text(text: str) -> str:
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
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
        body = etree.tostring(_element(resource, vocabulary), encoding="utf-8")
        fragments = [
            fragment
            for embedded in resource.embedded.values()
            if isinstance(embedded, Rendered)
            for fragment in embedded.fragments
        ]
        if fragments:
            body = body.replace(PLACEHOLDER, "".join(fragments).encode(), 1)
        return self.prologue.encode() + body + b"\n"

    def render_embedded(self, resource: Resource, vocabulary: Vocabulary) -> str:
        """Write the element, the same as in its own document."""
        return etree.tostring(_element(resource, vocabulary), encoding="unicode")

    def expression(self, place: str, slot: Slot, value: str, text: str) -> str:
        """Write an element's content and end, or a piece of an attribute."""
        if not place.startswith(">"):
            return f"attribute({text})" if slot.is_text else text
        end = place[place.index(CLOSE) + 1 :]
        if slot.is_text and not slot.is_plain:
            # Null and the empty string alike are an empty element.
            return f'">" + escape({text}) + "{end}" if {value} else "/>"'
        written = f'f">{{{text}}}{end}"'
        return f'"/>" if {value} is None else {written}' if slot.nullable else written

    def escape(self, text: str) -> str:
        """Escape text for an attribute, as lxml does."""
        return _escape_attribute(text)


def _element(resource: Resource, vocabulary: Vocabulary) -> etree._Element:
    element = etree.Element("resource")
    if resource.href is not None:
        element.set("href", resource.href)
    if resource.rel is not None:
        element.set("rel", vocabulary.expand(resource.rel))
    for link in resource.links:
        _add_link(element, link, vocabulary)
    for embedded in resource.embedded.values():
        if isinstance(embedded, Rendered):
            if embedded.fragments:
                element.append(etree.ProcessingInstruction("fragments"))
        else:
            element.extend([_element(item, vocabulary) for item in embedded])
    for name, value in resource.properties.items():
        etree.SubElement(element, name).text = _lexical(value)
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
