"""A collection as a table: what its addresses and those of its filters are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import parse_qsl, urlencode

from representations.resource import Action, Display, Field, Resource

PAGING = frozenset({"limit", "offset", "page"})
SHOWN_APART = frozenset({*PAGING, "order", "search", "format", "fields", "zoom"})
"""The parameters that are no filters."""


@dataclass(frozen=True)
class Heading:
    """The heading of a column, and where a click on it leads."""

    names: tuple[str, ...]
    label: str
    href: str = ""
    order: str = ""
    """ascending or descending, as aria-sort says it; empty if it is not sorted by."""


class Table:
    """A page of a collection, by the query in its address."""

    def __init__(self, resource: Resource, display: Display) -> None:
        self.resource = resource
        self.display = display
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
    def headings(self) -> list[Heading]:
        """The columns with what sorts by them."""
        return [self._heading(names) for names in self.display.columns]

    def _heading(self, names: tuple[str, ...]) -> Heading:
        first = names[0]
        label = self.display.labels.get(first, first)
        if first not in self.display.sortable:
            return Heading(names, label)
        by, descends = self.order
        if by != first:
            return Heading(names, label, self.link(order=first))
        # A second click on the same heading turns the order round.
        way = first if descends else f"{first} desc"
        order = "descending" if descends else "ascending"
        return Heading(names, label, self.link(order=way), order)

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
            elif name not in SHOWN_APART:
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
        wanted = {name for names in self.display.columns for name in names}
        return [
            (field, values.get(field.name, ""))
            for field in action.fields
            if field.name not in SHOWN_APART and (field.name in wanted or field.options)
        ]

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
