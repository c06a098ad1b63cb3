"""The parser of the query language of collections.

`GRAMMAR` is the grammar. Names are looked up in the declarations. Every error is a 400
that names its position and what would be right.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from app.errors import BadRequest, Problem
from app.http.hypermedia.declaration import LinkTo, Relation
from app.http.hypermedia.registry import ResourceRegistry, ResourceType, ZoomNode
from app.http.pagination import PAGING, Query, Window, window
from app.http.query.lexer import (
    Mistake,
    Step,
    Text,
    characters,
    is_any,
    keyed,
    members,
    path_of,
    pattern,
    plain,
    range_of,
    read_value,
    readable,
    split_at,
    start_of,
    unknown,
    wildcards,
    without_wildcard,
)
from app.http.query.query_limits import (
    MAX_DEPTH,
    MAX_FIELDS,
    MAX_ORDER,
    MAX_RELATIONS,
    MAX_VALUES,
    MAX_WORDS,
    MAX_ZOOM,
)
from app.http.query.suggestions import about_name, about_operator, about_order, close_to
from app.services.rows.filters import (
    All,
    AnyOf,
    Compare,
    Condition,
    Defined,
    Exists,
    Like,
    Not,
)
from app.services.rows.listing import Order, Selection
from app.services.rows.search_text import contains_pattern, search_words
from schemas.base.fields import Choice, Property, Reference
from schemas.base.filter_values import (
    ID_PROPERTY,
    Interval,
    Nature,
    choice,
    flag,
    identity,
    intervals,
    nature,
    text_value,
)
from schemas.values.normalization import nfc

GRAMMAR = r"""
query       = *( parameter "=" value )                   all must hold
parameter   = path [ ":" operator ]                      or limit, order, zoom, ...
path        = *( relation ":" ) property                 item_category:code
property    = name [ "[" text "]" ]                      attributes:name[color]
value       = alternative *( "|" alternative )           any may hold
alternative = [ parameter "=" ] term
term        = text | text ".." text | text *( "," text )     "*" is a wildcard

A backslash takes its meaning from the character after it.
""".strip()

RESERVED = (*PAGING, "order", "fields", "zoom", "search", "format", "bom")
# Several searches narrow each other, as several filters do.
ONCE = frozenset(RESERVED) - {"search"}
OPERATORS = (
    "lessthan",
    "lessthanorequal",
    "greaterthan",
    "greaterthanorequal",
    "in",
    "not",
    "isdefined",
)
BOUNDS = {
    "lessthan": "<",
    "lessthanorequal": "<=",
    "greaterthan": ">",
    "greaterthanorequal": ">=",
}
ORDERED = frozenset({Nature.NUMBER, Nature.TEXT})
# The type of a value decides the type of its SQL parameter; see rows/filters.py.
NATURE_KINDS: Mapping[Nature, type] = {
    Nature.NUMBER: int,
    Nature.IDENTITY: int,
    Nature.FLAG: bool,
    Nature.TEXT: str,
    Nature.CHOICE: str,
}


@dataclass(frozen=True, slots=True)
class CollectionQuery:
    """A parsed query of a collection."""

    window: Window
    selection: Selection
    fields: tuple[str, ...] | None
    zoom: tuple[ZoomNode, ...]
    reaches_out: bool
    """Whether rows of other kinds matter for the answer."""

    has_mark: bool
    """Whether a table begins with a byte order mark, for Excel.

    Where the query is silent, a table has one that was asked for by `format=csv`, as
    people do, and none that was asked for by Accept, as programs do.
    """


def item_query(
    query: Query, kind: ResourceType, registry: ResourceRegistry
) -> CollectionQuery:
    """Parse the query of a single resource: `fields` and `zoom`. Raise `BadRequest`."""
    shown = tuple((n, v) for n, v in query if n in {"fields", "zoom"})
    return _Parser(kind, registry, "UTC", "").read(shown)


def collection_query(
    query: Query,
    kind: ResourceType,
    registry: ResourceRegistry,
    *,
    zone: str,
    base: str,
    default_filter: tuple[str, Any] | None = None,
) -> CollectionQuery:
    """Read the query of a collection; `zone` is that of dates without an offset.

    `default_filter` is a column with the value that it must have unless a query
    mentions it.
    Raise `BadRequest` that says everything that is wrong.
    """
    return _Parser(kind, registry, zone, base).read(query, default_filter)


class _Parser:
    def __init__(
        self, kind: ResourceType, registry: ResourceRegistry, zone: str, base: str
    ) -> None:
        self.kind = kind
        self.registry = registry
        self.zone = zone
        self.base = base
        self.mentioned: set[str] = set()
        self.value_count = 0
        self.word_count = 0
        self.relations = 0
        self.reaches_out = False

    def read(
        self, query: Query, default_filter: tuple[str, Any] | None = None
    ) -> CollectionQuery:
        query = self._normalized_query(query)
        problems: list[Problem] = []
        conditions: list[Condition] = []
        found: dict[str, Any] = {
            "order": (),
            "fields": None,
            "zoom": (),
            "bom": any(name == "format" for name, _ in query),
        }
        shown = window(query, problems)
        seen: set[str] = set()
        for name, value in query:
            try:
                if name in ONCE and name in seen:
                    raise Mistake("was sent more than once", code="repeated")  # noqa: TRY301
                seen.add(name)
                if name in found:
                    found[name] = self._shaping(name, value)
                elif name == "search":
                    conditions += self._search(value)
                elif name not in RESERVED:
                    conditions.append(self._filter(name, value))
            except Mistake as mistake:
                problems.append(_worded(name, value, mistake))
        if problems:
            raise BadRequest(problems=problems)
        selection = Selection(_all(conditions), found["order"])
        # Whoever filters by is_archived wants to see archived ones.
        if default_filter and default_filter[0] not in self.mentioned:
            selection = selection.also(*default_filter)
        zoom = found["zoom"]
        reaches_out = self.reaches_out or bool(zoom)
        return CollectionQuery(
            shown, selection, found["fields"], zoom, reaches_out, found["bom"]
        )

    def _normalized_query(self, query: Query) -> Query:
        """Normalize a query as stored texts are, without what a form left empty.

        An operator is in no form: `name:not=` asks for names that are not empty.
        """
        optional = {*RESERVED, *self.kind.filterable}
        return tuple(
            (nfc(name), nfc(value))
            for name, value in query
            if value or name not in optional
        )

    def _shaping(self, name: str, value: str) -> Any:
        read: Mapping[str, Callable[[str], Any]] = {
            "order": self._order,
            "fields": self._fields,
            "zoom": self._zoom,
            "bom": lambda text: read_value(flag, text, ()),
        }
        return read[name](value)

    # -- what is shown ------------------------------------------------------

    def _order(self, value: str) -> tuple[Order, ...]:
        found: dict[str, Order] = {}
        known = self.kind.sortable
        for text, position in _few_members(value, MAX_ORDER):
            name, _, direction = text.partition(" ")
            if name not in known:
                hint = about_order(text, known)
                raise unknown(
                    "property", name, known, position, hint=hint, is_in_name=False
                )
            direction = direction.strip().lower() or "asc"
            if direction not in {"asc", "desc"}:
                place = position + len(name) + 1
                raise Mistake(f"{direction[:40]!r} must be asc or desc", place)
            if name in found:
                raise Mistake(f"names {name} twice", position, "repeated")
            found[name] = Order(known[name].column, direction == "desc")
        return tuple(found.values())

    def _fields(self, value: str) -> tuple[str, ...]:
        known = {"id": ID_PROPERTY, **self.kind.declaration.schema.shown}
        # A dictionary keeps the order and drops duplicates.
        found: dict[str, None] = {}
        for name, position in _few_members(value, MAX_FIELDS):
            if name not in known:
                hint = close_to(name, known)
                raise unknown(
                    "property", name, known, position, hint=hint, is_in_name=False
                )
            found[name] = None
        # In the order in which they always come.
        return tuple(name for name in known if name in found)

    def _zoom(self, value: str) -> tuple[ZoomNode, ...]:
        tree: dict[str, Any] = {}
        count = 0
        for path, start in _few_members(value, MAX_ZOOM):
            kind, level, position = self.kind, tree, start
            # Clients may write relations with their curie: fx:store:fx:attributes.
            names = [name for name in path.split(":") if name != "fx"]
            if len(names) > MAX_DEPTH:
                raise Mistake(f"goes deeper than {MAX_DEPTH} relations", start)
            for name in names:
                known = kind.relations
                if name not in known:
                    hint = close_to(name, known)
                    raise unknown(
                        "relation", name, known, position, hint=hint, is_in_name=False
                    )
                # Paths with a common beginning share their queries.
                count += name not in level
                level = level.setdefault(name, {})
                kind, _ = self._target(known[name])
                position += len(name) + 1
        if count > MAX_ZOOM:
            raise Mistake(f"names more than {MAX_ZOOM} relations")
        return self._branches(self.kind, tree)

    def _branches(
        self, kind: ResourceType, tree: Mapping[str, Any]
    ) -> tuple[ZoomNode, ...]:
        found = []
        for name, inner in tree.items():
            link = kind.relations[name]
            target, _ = self._target(link)
            found.append(ZoomNode(link, self._branches(target, inner)))
        return tuple(found)

    # -- which rows ---------------------------------------------------------

    def _search(self, value: str) -> Iterator[Condition]:
        column = self.kind.source.searched
        if column is None:
            raise Mistake("is not offered by this collection")
        try:
            words = search_words(readable(value))
        except ValueError as error:
            raise Mistake(str(error)) from None
        self.word_count += len(words)
        if self.word_count > MAX_WORDS:
            raise Mistake(f"has more than {MAX_WORDS} words, with the other searches")
        for word in words:
            yield Like(column, contains_pattern(word))

    def _filter(self, name: str, value: str) -> Condition:
        # Split before unescaping: an escaped bar is part of a value.
        first, *others = split_at(characters(value), "|")
        found = [self._alternative(name, first)]
        for other in others:
            key, term = keyed(other)
            try:
                found.append(self._alternative(key or name, term))
            except Mistake as mistake:
                # The position was counted from the alternative; clients count from the
                # value.
                raise mistake.moved(start_of(other) - 1) from None
        return found[0] if len(found) == 1 else AnyOf(tuple(found))

    def _alternative(self, key: str, value: Text) -> Condition:
        self._count_values(1)
        path = path_of(key)
        operator = ""
        # An operator is always last, and a property may be called like one.
        if len(path) > 1 and path[-1].selector is None and path[-1].name in OPERATORS:
            operator = path.pop().name
        else:
            self._ensure_no_operator(path)
        self._note(path)
        return self._on_path(self.kind, path, operator, value)

    def _count_values(self, number: int) -> None:
        self.value_count += number
        if self.value_count > MAX_VALUES:
            raise Mistake(f"the query has more than {MAX_VALUES} values")

    def _note(self, path: list[Step]) -> None:
        """Count what a path costs, and note which of our own properties it is about."""
        relations = len(path) - 1
        self.relations += relations
        if relations > MAX_DEPTH:
            raise Mistake(f"goes deeper than {MAX_DEPTH} relations")
        if self.relations > MAX_RELATIONS:
            raise Mistake(f"the query follows more than {MAX_RELATIONS} relations")
        own = self.kind.sortable.get(path[0].name)
        if own is not None:
            self.mentioned.add(own.column)

    def _ensure_no_operator(self, path: list[Step]) -> None:
        """Raise an error for what follows a property and is no operator."""
        kind = self.kind
        for step, following in pairwise(path):
            if step.name in kind.sortable:
                legal = operators_of(kind.sortable[step.name])
                prop = kind.sortable[step.name]
                is_text = nature(prop) is Nature.TEXT
                hint = about_operator(following.name, step.name, legal, is_text=is_text)
                raise unknown(
                    "operator", following.name, legal, following.position, hint=hint
                )
            if step.name not in kind.relations:
                return
            kind, _ = self._target(kind.relations[step.name])

    def _target(self, link: LinkTo) -> tuple[ResourceType, Relation]:
        if link.relation is None:
            raise TypeError(f"{link.rel} leads to no resource")
        return self.registry[link.relation.kind], link.relation

    def _on_path(
        self, kind: ResourceType, path: list[Step], operator: str, value: Text
    ) -> Condition:
        # "not" means that none of the resources at the end of the path has the value.
        if operator == "not":
            return Not(self._on_path(kind, path, "", value))
        if operator == "isdefined":
            wanted = read_value(flag, plain(value), value)
            defined = self._walk(kind, path, None, value)
            return defined if wanted else Not(defined)
        return self._walk(kind, path, operator, value)

    def _walk(
        self, kind: ResourceType, path: list[Step], operator: str | None, value: Text
    ) -> Condition:
        step, *rest = path
        link = kind.relations.get(step.name)
        if link is not None:
            return self._related(link, step, rest, operator, value)
        known = kind.sortable
        if step.name not in known or rest:
            others = RESERVED if kind is self.kind else ()
            legal = (*known, *kind.relations)
            raise unknown(
                "property",
                step.name,
                legal,
                step.position,
                hint=about_name(
                    step.name,
                    plain(value),
                    (*legal, *self._offered(others)),
                    lambda name: operators_of(known[name]) if name in known else (),
                ),
                others=others,
            )
        prop = known[step.name]
        if step.selector is None:
            return self._property_condition(prop, operator, value)
        if kind.named_by != step.name:
            text = f"{step.name} takes no [name]"
            raise Mistake(text, step.position, is_in_name=True)
        return self._named(kind, step.selector, operator, value)

    def _offered(self, others: Sequence[str]) -> list[str]:
        """Return the parameters of this collection."""
        is_searched = self.kind.source.searched is not None
        return [name for name in others if is_searched or name != "search"]

    def _named(
        self, kind: ResourceType, name: str, operator: str | None, value: Text
    ) -> Condition:
        """Have an attribute of that name, with that value."""
        column = kind.filterable[str(kind.named_by)].column
        named = Compare(column, "=", name)
        if operator is None:
            return named
        valued = self._property_condition(kind.filterable["value"], operator, value)
        return All((named, valued))

    def _related(
        self,
        link: LinkTo,
        step: Step,
        rest: list[Step],
        operator: str | None,
        value: Text,
    ) -> Condition:
        self.reaches_out = True
        target, relation = self._target(link)
        if step.selector is not None and not rest and target.named_by:
            inner = self._named(target, step.selector, operator, value)
        elif not rest or step.selector is not None:
            known = (*target.filterable, *target.relations)
            raise Mistake(
                f"{step.name} is a relation: name one of its properties, such as "
                f"{step.name}:{known[0]}; known are {', '.join(known)}",
                step.position,
                is_in_name=True,
            )
        else:
            inner = self._walk(target, rest, operator, value)
        return Exists(relation.kind, relation.ours, relation.theirs, inner)

    # -- one property -------------------------------------------------------

    def _property_condition(
        self, prop: Property, operator: str | None, value: Text
    ) -> Condition:
        kind = nature(prop)
        if operator is None or (operator == "" and is_any(value)):
            # `name=*` includes empty texts; `name:isdefined` does not.
            return Defined(prop.column, kind is Nature.TEXT and operator is None)
        if operator == "in":
            listed = split_at(value, ",")
            # The first is counted as the alternative that it stands in.
            self._count_values(len(listed) - 1)
            return AnyOf(tuple(self._equals(prop, member) for member in listed))
        if operator in BOUNDS:
            return self._bound(prop, operator, value)
        return self._equals(prop, value)

    def _bound(self, prop: Property, operator: str, value: Text) -> Condition:
        kind = nature(prop)
        if kind not in ORDERED:
            legal = ", ".join(operators_of(prop))
            raise Mistake(
                f"{operator} needs an order, which this property has not; "
                f"legal are {legal}"
            )
        if kind is Nature.TEXT:
            text = read_value(text_value, without_wildcard(value), value)
            return self._compare(prop, BOUNDS[operator], text)
        found = self._intervals(prop, value)
        is_upper = operator in {"greaterthan", "lessthanorequal"}
        return self._compare(
            prop, BOUNDS[operator], found[-1].high if is_upper else found[0].low
        )

    def _equals(self, prop: Property, value: Text) -> Condition:
        kind = nature(prop)
        # Two dots in a choice or a reference are just characters.
        ends = range_of(value) if kind in ORDERED else None
        if ends:
            return self._between(prop, *ends, value)
        if kind is Nature.NUMBER:
            return self._within(prop, value)
        # Numbers and dates have no wildcards: "1*" would be ambiguous.
        if kind in {Nature.TEXT, Nature.CHOICE} and wildcards(value):
            return Like(prop.column, pattern(value))
        found = read_value(lambda t: self._exact(prop, t), plain(value), value)
        return self._compare(prop, "=", found)

    def _exact(self, prop: Property, text: str) -> Any:
        if isinstance(prop, Reference):
            return identity(prop, text, self.base)
        if isinstance(prop, Choice):
            return choice(prop, text)
        return flag(text) if nature(prop) is Nature.FLAG else text_value(text)

    def _within(self, prop: Property, value: Text) -> Condition:
        parts = [self._inside(prop, part) for part in self._intervals(prop, value)]
        return parts[0] if len(parts) == 1 else AnyOf(tuple(parts))

    def _inside(self, prop: Property, part: Interval) -> Condition:
        # One comparison instead of two.
        if part.low == part.high:
            return self._compare(prop, "=", part.low)
        start = self._compare(prop, ">=", part.low)
        return All((start, self._compare(prop, "<=", part.high)))

    def _intervals(self, prop: Property, value: Text) -> tuple[Interval, ...]:
        found: tuple[Interval, ...] = read_value(
            lambda text: intervals(prop, text, self.zone), plain(value), value
        )
        return found

    def _between(
        self, prop: Property, start: Text, end: Text, value: Text
    ) -> Condition:
        if not start and not end:
            raise Mistake("a range needs a start or an end", start_of(value))
        low = self._end(prop, start, ">=") if start else None
        high = self._end(prop, end, "<=") if end else None
        if low and high and low[1] > high[1]:
            is_text = nature(prop) is Nature.TEXT
            dots = r"; write two dots as \.. to mean them" if is_text else ""
            raise Mistake(f"the range ends before it starts{dots}", start_of(value))
        return _all([end[0] for end in (low, high) if end])

    def _end(self, prop: Property, value: Text, comparison: str) -> tuple[Compare, Any]:
        """Return the condition for one end of a range, and the sort key of the end."""
        if nature(prop) is Nature.TEXT:
            text = read_value(text_value, without_wildcard(value), value)
            return self._compare(prop, comparison, text), text
        found = self._intervals(prop, value)
        bound = found[0].low if comparison == ">=" else found[-1].high
        # By the end of each: a price between two that are stored is after neither.
        return self._compare(prop, comparison, bound), found[-1].high

    def _compare(self, prop: Property, comparison: str, value: Any) -> Compare:
        return Compare(prop.column, comparison, NATURE_KINDS[nature(prop)](value))


def operators_of(prop: Property) -> tuple[str, ...]:
    """Return the operators that a property can be filtered by."""
    if nature(prop) in ORDERED:
        return OPERATORS
    return tuple(operator for operator in OPERATORS if operator not in BOUNDS)


def _all(conditions: list[Condition]) -> Condition:
    return conditions[0] if len(conditions) == 1 else All(tuple(conditions))


def _few_members(value: str, most: int) -> list[tuple[str, int]]:
    found = list(members(value, ","))
    if len(found) > most:
        raise Mistake(f"has more than {most} members")
    return found


def _worded(name: str, value: str, mistake: Mistake) -> Problem:
    where = "name" if mistake.is_in_name else "value"
    place = f", character {mistake.position} of the {where}" if mistake.position else ""
    # A response must not grow with what was sent.
    shown = value if len(value) <= 60 else f"{value[:60]}…"  # noqa: PLR2004
    parameter = f"{name[:100]}={shown}" if value else name[:100]
    text = f"{parameter}{place}: {mistake.text}"
    # What a filter looks for, such as a passcode, is not for the log.
    known = re.match(r"[\w:]{0,60}", name, re.ASCII)
    logged = f"query parameter {known[0] if known else ''}: {mistake.code}"
    return Problem(text, mistake.code, name[:100], logged)
