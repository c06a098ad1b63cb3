"""A collection as a table: what its addresses and those of its filters are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from urllib.parse import parse_qsl, urlencode

from markupsafe import Markup, escape

from representations.html.values import markup_of, value_markup
from representations.resource import Action, Display, Field, Resource

PAGING = frozenset({"limit", "offset", "page"})
SHOWN_APART = frozenset({*PAGING, "order", "search", "format", "fields", "zoom"})
"""The parameters that are no filters."""


@dataclass(frozen=True)
class Column:
    """A column: its heading, where a click on that leads, and how it writes a cell."""

    names: tuple[str, ...]
    label: str
    kinds: tuple[str, ...]
    zeros: tuple[str, ...]
    currency: str
    opening: str
    """The tag of a cell; narrow screens show the label beside each value."""

    href: str = ""
    order: str = ""
    """ascending or descending, as aria-sort says it; empty if it is not sorted by."""

    def text(self, item: Resource) -> str:
        """Return what is in the cell of a row: a value, or two as in ``3 of 5``."""
        first = self._value(item, 0)
        if len(self.names) > 1 and item.properties[self.names[1]]:
            return f"{first} of {self._value(item, 1)}"
        return first

    def _value(self, item: Resource, at: int) -> Markup:
        value = item.properties[self.names[at]]
        kind, zero = self.kinds[at], self.zeros[at]
        return value_markup(value, kind, self.currency, item.names, zero)


def cells(item: Resource, columns: Sequence[Column]) -> Markup:
    """Return the cells of a row, but for the first, which is its heading."""
    # In one piece: hundreds of small ones are what a page of Jinja spends its time on.
    return markup_of(
        "".join([f"{one.opening}{one.text(item)}</td>" for one in columns[1:]])
    )


class Table:
    """A page of a collection, by the query in its address."""

    def __init__(self, resource: Resource, display: Display, currency: str) -> None:
        self.resource = resource
        self.display = display
        self.currency = currency
        self.address, _, query = (resource.href or "").partition("?")
        self.query = parse_qsl(query, keep_blank_values=True)

    def link(self, *without: str, **changes: str) -> str:
        """Return the address with other parameters, on its first page."""
        # Another order or filter has other pages, so the position in this one is lost.
        left_out = {*without, *changes, *PAGING, "format"}
        kept = [pair for pair in self.query if pair[0] not in left_out]
        query = urlencode([*kept, *changes.items()])
        return f"{self.address}?{query}" if query else self.address

    @cached_property
    def order(self) -> tuple[str, bool]:
        """The property that the page is sorted by, and whether it descends."""
        name, _, way = dict(self.query).get("order", "").strip().partition(" ")
        return name.rstrip(","), way.strip().lower() == "desc"

    @cached_property
    def columns(self) -> list[Column]:
        """The columns with what sorts by them."""
        return [self._column(names) for names in self.display.columns]

    def _column(self, names: tuple[str, ...]) -> Column:
        display, first = self.display, names[0]
        column = _column(names, display, self.currency)
        if first not in display.sortable:
            return column
        by, descends = self.order
        if by != first:
            return replace(column, href=self.link(order=first))
        # A second click on the same heading turns the order round.
        way = first if descends else f"{first} desc"
        order = "descending" if descends else "ascending"
        return replace(column, href=self.link(order=way), order=order)

    @property
    def search(self) -> str:
        """The words that were searched for."""
        return dict(self.query).get("search", "")

    @property
    def chips(self) -> list[tuple[str, str]]:
        """What the page is narrowed by, and where it leads without that."""
        found = []
        for name, value in self.query:
            if name == "search" and value:
                found.append((f"“{value}”", self.link("search")))
            # A field of the filter that was left empty narrows nothing.
            elif name not in SHOWN_APART and (value or ":" in name):
                label = self.display.labels.get(name, name)
                found.append((f"{label}: {value}", self.link(name)))
        return found

    @property
    def kept(self) -> list[tuple[str, str]]:
        """The parameters that a search keeps."""
        return [
            pair for pair in self.query if pair[0] not in {*PAGING, "search", "format"}
        ]

    @property
    def csv_href(self) -> str:
        """The address of the same rows as a table for spreadsheets."""
        kept = [pair for pair in self.query if pair[0] not in {*PAGING, "format"}]
        return f"{self.address}?{urlencode([*kept, ('format', 'csv')])}"

    def filters(self, action: Action) -> list[tuple[Field, str]]:
        """Return the fields of a filter that people use, with their values."""
        values: Mapping[str, str] = dict(self.query)
        fields = filters_for_people(action.fields, self.display)
        return [(field, values.get(field.name, "")) for field in fields]

    def kept_by_filter(self, action: Action) -> list[tuple[str, str]]:
        """Return the parameters that a filter keeps: those that are no fields of it."""
        fields = {field.name for field, _ in self.filters(action)}
        left_out = {*PAGING, *fields, "format", "order"}
        return [pair for pair in self.query if pair[0] not in left_out]

    @property
    def orders(self) -> list[tuple[str, str, bool]]:
        """What the page can be sorted by: a parameter, its name, and if it is now.

        Narrow screens have no headings to click on.
        """
        by, descends = self.order
        found = []
        for column in self.columns:
            name = column.names[0]
            if name in self.display.sortable:
                is_now = name == by
                found += [
                    (name, column.label, is_now and not descends),
                    (
                        f"{name} desc",
                        f"{column.label}, descending",
                        is_now and descends,
                    ),
                ]
        return found

    def is_searched(self, action: Action) -> bool:
        """Return whether the collection has a search."""
        return any(field.name == "search" for field in action.fields)

    @property
    def pages(self) -> Mapping[str, str]:
        """The addresses of the other pages by their relations."""
        rels = ("first", "prev", "next", "last")
        return {link.rel: link.href for link in self.resource.links if link.rel in rels}

    @property
    def extent(self) -> str:
        """Which of how many are shown: ``21 to 40 of 345``."""
        values = self.resource.properties
        total, count = (
            int(str(values["total_items"])),
            int(str(values["returned_items"])),
        )
        start = int(str(values["offset"]))
        if not count:
            return f"{total:,} in all"
        return f"{start + 1:,} to {start + count:,} of {total:,}"

    def has_columns(self, rows: Sequence[Resource]) -> bool:
        """Return whether the rows have what the columns show; `fields` may leave it."""
        names = [name for names in self.display.columns for name in names]
        return bool(names) and all(
            name in row.properties for row in rows for name in names
        )


@lru_cache(maxsize=512)
def _column(names: tuple[str, ...], display: Display, currency: str) -> Column:
    """Return a column that nothing sorts by."""
    label = display.labels.get(names[0], names[0])
    return Column(
        names,
        label,
        tuple(display.kinds.get(name, "text") for name in names),
        tuple(display.zeros.get(name, "") for name in names),
        currency,
        f'<td data-label="{escape(label)}">',
    )


@lru_cache(maxsize=128)
def filters_for_people(fields: Sequence[Field], display: Display) -> list[Field]:
    """Return the fields of a filter by what a table shows, and by choices."""
    shown = {name for names in display.columns for name in names}
    return [
        field
        for field in fields
        if field.name not in SHOWN_APART and (field.name in shown or field.options)
    ]
