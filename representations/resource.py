"""The neutral document that every format renders.

A `Resource` says what a resource is (its properties), where one can go from it
(links), what it contains (embedded resources) and what one can do with it now
(actions). It knows no media type: those live one to a module beside this one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Union

from representations.slots import Rendered

Value = str | int | bool | Decimal | Mapping[str, str] | None


@dataclass(frozen=True, slots=True)
class Link:
    """A link to another resource (RFC 8288): `href` is absolute.

    `rel` is a registered relation type, or ours in the compact form `fx:store`.
    """

    rel: str
    href: str
    title: str | None = None
    templated: bool = False
    type: str | None = None


@dataclass(frozen=True, slots=True)
class Field:
    """One input of an action; `type` is an HTML input type."""

    name: str
    title: str
    type: str = "text"
    value: Value = None
    required: bool = False
    options: tuple[str, ...] = ()
    max_length: int | None = None
    minimum: int | None = None
    maximum: int | None = None
    pattern: str | None = None


class Form(tuple[Field, ...]):
    """Fields that are offered again and again, unchanged.

    Compared by identity, so that a format can keep what it has made of them.
    """

    __slots__ = ()
    __hash__ = object.__hash__

    def __eq__(self, other: object) -> bool:
        """Return whether it is the very same form."""
        return self is other


@dataclass(frozen=True, slots=True)
class Action:
    """Something a client may do now: `type` is the media type of the body."""

    name: str
    title: str
    method: str
    href: str
    type: str | None = None
    fields: tuple[Field, ...] = ()
    classes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The base URL of our relation types: `fx:store` is `{base}store`."""

    base: str
    prefix: str = "fx"
    home: str = ""
    """The address of the starting point, where a page leads back to it."""

    def expand(self, rel: str) -> str:
        """Turn a compact relation into its URI; others are left as they are."""
        prefix, colon, name = rel.partition(":")
        return self.base + name if colon and prefix == self.prefix else rel

    @property
    def template(self) -> str:
        """The URI template of the curie."""
        return self.base + "{rel}"


Embedded = Union[Sequence["Resource"], "Resource", Rendered]


@dataclass(slots=True)
class Resource:
    """A resource as a client sees it, in no particular format.

    `rel` is the relation by which a containing document names it (`fx:store`),
    `None` for a collection, as in Foxy's HAL XML. `classes` are Siren's. `problem` is
    what an error has beyond what all formats show (RFC 9457's members).
    """

    classes: tuple[str, ...] = ()
    href: str | None = None
    rel: str | None = None
    title: str | None = None
    properties: Mapping[str, Value] = field(default_factory=dict)
    links: Sequence[Link] = ()
    embedded: Mapping[str, Embedded] = field(default_factory=dict)
    actions: Sequence[Action] = ()
    problem: Mapping[str, Value] = field(default_factory=dict)
