"""Compiles a resource's rendering: rendered once with markers, then filled in.

The plain renderer writes a prototype whose values are markers. Cutting the text at
the markers leaves a template whose constant parts (names, links, titles, curies) are
never built again; a page of a hundred items costs a hundred string formattings. No
format is written twice: what the template says is what the plain renderer said.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from representations.representation import Encode, Representation
from representations.resource import Resource, Vocabulary

# Private-use characters, so that no format escapes a marker.
OPEN, CLOSE = "\ue000", "\ue001"
BASE = f"{OPEN}base{CLOSE}"
VOCABULARY = Vocabulary(f"{OPEN}rels{CLOSE}")

# Base URLs that a template is kept for; a server has one or a few.
KEPT_BASES = 16


@dataclass(frozen=True, slots=True)
class Slot:
    """A value of the row: its position, and how it is written.

    `lexical` is given values that are not None; `is_text` values are strings.
    """

    index: int
    lexical: Callable[[Any], str]
    is_text: bool


def marker(number: int) -> str:
    """Name the slot of that number inside a prototype."""
    return f"{OPEN}{number}{CLOSE}"


@dataclass(slots=True)
class Template:
    """A rendering with its values cut out."""

    text: str
    encoders: Sequence[tuple[int, Encode]]
    escape: Callable[[str], str]
    _bound: dict[tuple[str, str], str] = field(default_factory=dict)

    def bind(self, base: str, vocabulary: Vocabulary) -> str:
        """Give the format string for documents under that base URL."""
        key = base, vocabulary.base
        bound = self._bound.get(key)
        if bound is None:
            if len(self._bound) >= KEPT_BASES:
                self._bound.clear()
            rels = self.escape(vocabulary.base).replace("%", "%%")
            bound = self.text.replace(BASE, self.escape(base).replace("%", "%%"))
            bound = self._bound[key] = bound.replace(VOCABULARY.base, rels)
        return bound

    def fill(self, bound: str, row: Sequence[Any]) -> str:
        """Write the values of a row into a bound format string."""
        return bound % tuple([encode(row[i]) for i, encode in self.encoders])


def compile_template(
    representation: Representation, prototype: Resource, slots: Sequence[Slot]
) -> Template:
    """Cut the rendering of a prototype at its markers.

    The prototype's hrefs start with `BASE`, and the value of slot *n* is
    ``marker(n)``, alone or inside a longer string.
    """
    rendered = representation.render_embedded(prototype, VOCABULARY)
    pattern = representation.slot
    if pattern is None:
        raise TypeError(f"{representation.name} cannot be compiled")
    parts: list[str] = []
    encoders: list[tuple[int, Encode]] = []
    position = 0
    for match in pattern.finditer(rendered):
        slot = slots[int(match[match.lastindex or 1])]
        encode = representation.encoder(match[0], slot.lexical, is_text=slot.is_text)
        encoders.append((slot.index, encode))
        parts += [rendered[position : match.start()].replace("%", "%%"), "%s"]
        position = match.end()
    parts.append(rendered[position:].replace("%", "%%"))
    return Template("".join(parts), encoders, representation.escape)
