"""The text of a document for people: indented, coloured, and with links to follow."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from html import unescape
from itertools import pairwise

from lxml import etree
from markupsafe import Markup, escape

LONGEST = 300_000
"""Characters of a document that are shown."""

OPENING, CLOSING = frozenset("{["), frozenset("}]")
# A string that the cut has left open is one part too, so that none is read twice.
_JSON = re.compile(r'"(?:[^"\\]|\\.)*+"?|[{}\[\],:]|[^\s{}\[\],:"]+')
_TAG = re.compile(r"(<[^>]*>)")
_ATTRIBUTE = re.compile(r'([^\s=<>/"]+)="([^"]*)"')


@dataclass(slots=True)
class Source:
    """A document as `markup`, and the templated addresses that are in it."""

    markup: Markup
    templates: list[str] = field(default_factory=list)
    is_cut: bool = False


def highlight(
    text: str, media_type: str, base: str, follow: Callable[[str], str]
) -> Source:
    """Colour a document by its media type.

    What begins with `base` is a link to what `follow` makes of it.
    """
    writer = _Writer(base, follow)
    shown = text[:LONGEST]
    if "json" in media_type:
        parts = _json(shown, writer)
    elif "xml" in media_type:
        parts = _xml(_indented(text)[:LONGEST], writer)
    else:
        parts = iter([escape(shown)])
    markup = Markup("").join(parts)
    return Source(markup, list(writer.templates), len(text) > LONGEST)


class _Writer:
    """Writes values, and notes the templates among them."""

    def __init__(self, base: str, follow: Callable[[str], str]) -> None:
        self.base = base
        self.follow = follow
        self.templates: dict[str, None] = {}

    def value(self, written: str, meant: str, kind: str) -> Markup:
        """Write a value, as a link if it is an address of this server."""
        shown = Markup('<span class="{}">{}</span>').format(kind, written)
        if not (meant == self.base or meant.startswith(f"{self.base}/")):
            return shown
        if "{" in meant:
            self.templates.setdefault(meant)
            return shown
        return Markup('<a href="{}">{}</a>').format(self.follow(meant), shown)


def _json(text: str, writer: _Writer) -> Iterator[Markup]:
    """Write JSON with a line for each value; numbers stay as they were written."""
    depth = 0
    for part, after in pairwise([*_JSON.findall(text), ""]):
        if part in OPENING:
            depth += 1
            yield escape(part) + ("" if after in CLOSING else _line(depth))
            continue
        if part == ",":
            yield escape(part) + _line(depth)
            continue
        if part in CLOSING:
            depth -= 1
            yield escape(part)
        elif part == ":":
            yield Markup(": ")
        elif after == ":":
            yield Markup('<span class="name">{}</span>').format(part)
        elif part.startswith('"'):
            yield writer.value(part, _meaning(part), "text")
        else:
            yield Markup('<span class="literal">{}</span>').format(part)
        if after in CLOSING:
            yield _line(depth - 1)


def _meaning(string: str) -> str:
    """Return the text of a JSON string, as it is written if it was cut."""
    try:
        return str(json.loads(string))
    except ValueError:
        return string


def _line(depth: int) -> Markup:
    return escape("\n" + "  " * depth)


def _indented(text: str) -> str:
    # It is what this server wrote; entities are not read all the same.
    parser = etree.XMLParser(
        remove_blank_text=True, resolve_entities=False, no_network=True
    )
    try:
        root = etree.fromstring(text.encode(), parser)
    except etree.XMLSyntaxError:
        # It was cut.
        return text
    return etree.tostring(root, pretty_print=True, encoding="unicode")


def _xml(text: str, writer: _Writer) -> Iterator[Markup]:
    for part in _TAG.split(text):
        if not part.startswith("<"):
            yield (
                writer.value(part, unescape(part), "text")
                if part.strip()
                else (escape(part))
            )
            continue
        end = 0
        for found in _ATTRIBUTE.finditer(part):
            yield Markup('<span class="name">{}</span>').format(
                part[end : found.start()]
            )
            yield Markup('<span class="literal">{}</span>="').format(found[1])
            yield writer.value(found[2], unescape(found[2]), "text") + '"'
            end = found.end()
        yield Markup('<span class="name">{}</span>').format(part[end:])
