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
    method: str = "GET"
    """POST for what is done there rather than looked at, PUT for what is put there."""
    is_file: bool = False
    """Whether bytes are there rather than a document."""


@dataclass(frozen=True, slots=True)
class Field:
    """One input of an action; `type` is an HTML input type.

    `options` are the legal values where they are few. `choices` are addresses of other
    resources with their names. All of them are at `choices_href`, a table (text/csv)
    with their names in the column `choices_name` and their addresses in `href`.
    """

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
    help: str = ""
    is_multiline: bool = False
    choices: tuple[tuple[str, str], ...] = ()
    choices_href: str = ""
    choices_name: str = ""


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
class Failure:
    """A form that was refused: what was typed, and what is wrong with it.

    `problems` are pairs of a property, empty if none is meant, and a message.
    `is_stale` if the resource was changed since the form was loaded.
    """

    method: str
    href: str
    typed: Mapping[str, str]
    problems: Sequence[tuple[str, str]]
    is_multipart: bool = False
    is_stale: bool = False


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who looks at a page, and what is on each page for them.

    `assets` are the addresses of the stylesheet and the script. `form_token` proves
    that a form is ours; it is empty where nobody needs it. `currency` is that of the
    amounts of the store.
    """

    assets: Mapping[str, str]
    name: str = ""
    store_name: str = ""
    currency: str = ""
    navigation: Sequence[Link] = ()
    sign_in: str = ""
    sign_out: str = ""
    raw: str = ""
    """The address of the raw view, which shows a resource in each format."""
    form_token: str = ""
    notice: str = ""
    failure: Failure | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Display:
    """How people are shown a resource: names and kinds of properties, columns, groups.

    Compared by identity, so that a page can keep what it has made of it.

    `kinds` says what a value means: money, bytes, hours, date, digest, flag, address,
    multiline or text. `columns` are those of a table; a column of two names is written
    as "3 of 5". `groups` are titles with their properties; what is in none is folded.
    `bulk` are changes of several at once, by their names.
    """

    heading: str
    many: str
    named_by: str
    labels: Mapping[str, str]
    kinds: Mapping[str, str]
    help: Mapping[str, str]
    columns: Sequence[tuple[str, ...]]
    groups: Sequence[tuple[str, tuple[str, ...]]]
    sortable: frozenset[str]
    bulk: Sequence[tuple[str, Mapping[str, str]]] = ()
    empty: str = ""
    zeros: Mapping[str, str] = field(default_factory=dict)
    """What 0 means, where it is no number."""

    @property
    def names(self) -> tuple[str, ...]:
        """The properties that a table shows; none if it has no columns."""
        names = [name for column in self.columns for name in column]
        return tuple(dict.fromkeys([*names, self.named_by])) if names else ()


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The base URL of our relation types: `fx:store` is `{base}store`."""

    base: str
    prefix: str = "fx"
    home: str = ""
    """The address of the starting point, where a page leads back to it."""
    viewer: "Viewer | None" = field(default=None, compare=False)
    """Who looks at a page; None for programs, and for pages that anybody may frame."""

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
    what an error has beyond what all formats show (RFC 9457's members). `display`,
    `names`, `etag`, `once` and `sections` are for pages.
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
    display: Display | None = None
    names: Mapping[str, str] = field(default_factory=dict)
    """The names of other resources by their addresses, where they are known."""
    etag: str = ""
    """The ETag of what a form changes."""
    once: Sequence[str] = ()
    """The properties that no later answer has, such as an address to sign in with."""

    sections: Sequence["Resource"] = ()
    """What else its page shows, each with a title."""
