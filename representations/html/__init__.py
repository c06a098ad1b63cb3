"""HTML, for people: a document as a page to read, and to work with.

A page is rendered from the same document as the other formats: its properties, links,
embedded resources and actions. `Display` says what values mean to people.

Tested in `tests/http/views/test_page_forms.py`.
"""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from functools import cache
from typing import Any, ClassVar

import jinja2

from representations.html.charts import BarChart, bar_chart
from representations.html.forms import FormPage, PageForm, page_forms
from representations.html.table import Table
from representations.html.values import choice_text, plain_value, value_markup
from representations.representation import Representation
from representations.resource import Link, Resource, Viewer, Vocabulary
from representations.slots import Rendered

NOBODY = Viewer({})
MOST_BARS, MOST_DAYS = 20, 366


class Html(Representation):
    """A page that works without scripts; forms are what one can do."""

    name = "html"
    title = "HTML"
    media_types: ClassVar[tuple[str, ...]] = ("text/html", "application/xhtml+xml")
    has_actions = True
    lists_choices = True
    is_for_people = True

    def __init__(
        self,
        others: Sequence[Representation] = (),
        tables: Sequence[Representation] = (),
    ) -> None:
        """Store the formats to link: of all resources, and of collections."""
        self.others = others
        self.tables = tables

    def render(self, resource: Resource, vocabulary: Vocabulary) -> bytes:
        """Write the page, with links to the other formats."""
        viewer = vocabulary.viewer or NOBODY
        display = resource.display
        is_table = "total_items" in resource.properties
        page = (
            page_environment()
            .get_template("resource.html")
            .render(
                resource=resource,
                vocabulary=vocabulary,
                viewer=viewer,
                display=display,
                title=title_of(resource),
                embedded=_lists(resource),
                lists=_lists,
                item_title=title_of,
                heading=_heading,
                others=self._links_elsewhere(resource),
                table=Table(resource, display) if is_table and display else None,
                forms=page_forms(resource, viewer),
                table_of=lambda section: Table(section, section.display),
            )
        )
        return page.encode() + b"\n"

    def _links_elsewhere(self, resource: Resource) -> list[Link]:
        address, _, query = (resource.href or _self(resource.links).href).partition("?")
        if not address:
            return []
        kept = [part for part in query.split("&") if part.partition("=")[0] != "format"]
        tables = self.tables if "total_items" in resource.properties else ()
        start = "?" + "&".join([*filter(None, kept), "format="])
        return [
            Link("alternate", address + start + other.name, other.title)
            for other in (*self.others, *tables)
        ]


@cache
def page_environment() -> jinja2.Environment:
    """Return the Jinja environment of the pages."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("representations"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        # A misspelt name in a template is an error in tests, not an empty page.
        undefined=jinja2.StrictUndefined,
    )
    environment.filters["value"] = value_markup
    environment.filters["plain"] = plain_value
    environment.filters["choice"] = choice_text
    environment.globals["bars_of"] = _bars_of
    return environment


def render_page(template: str, viewer: Viewer | None, **values: Any) -> bytes:
    """Write a page that is of no resource, such as the one to sign in."""
    page = page_environment().get_template(template)
    return page.render(viewer=viewer or NOBODY, **values).encode() + b"\n"


def _bars_of(resource: Resource, rows: Sequence[Resource]) -> BarChart:
    """Return the chart of the downloads of each group; days go from left to right."""
    values = [
        (
            str(next(iter(row.properties.values()))),
            int(str(row.properties["downloads"])),
        )
        for row in rows
    ]
    if resource.properties.get("group") != "day":
        return bar_chart(values[:MOST_BARS])
    # The database has rows only for days with downloads; a chart needs them all.
    known = dict(values)
    first = date.fromisoformat(str(resource.properties["from"]))
    last = date.fromisoformat(str(resource.properties["to"]))
    number = min((last - first).days + 1, MOST_DAYS)
    days = [(last - timedelta(days=n)).isoformat() for n in range(number)][::-1]
    return bar_chart([(day, known.get(day, 0)) for day in days])


def _heading(rel: str) -> str:
    """Return the name of a relation in words."""
    return rel.rpartition(":")[2].replace("_", " ").capitalize()


def _lists(resource: Resource) -> Mapping[str, Sequence[Resource]]:
    """Return the embedded resources of a resource, each relation as a list."""
    return {
        rel: [items] if isinstance(items, Resource) else items
        for rel, items in resource.embedded.items()
        if not isinstance(items, Rendered)
    }


def title_of(resource: Resource) -> str:
    """Return the name of a resource for people."""
    display = resource.display
    names = [display.named_by] if display else []
    for name in (*names, "name", "store_name"):
        value = resource.properties.get(name)
        if isinstance(value, str) and value:
            return value
    # A collection has no name of its own but that of its class.
    if "collection" in resource.classes and resource.title is None:
        return resource.classes[0].replace("_", " ").capitalize()
    if display and resource.href:
        return f"{display.heading} {resource.href.rpartition('/')[2]}"
    return resource.title or _self(resource.links).title or "Sirenhall"


def _self(links: Sequence[Link]) -> Link:
    found = [link for link in links if link.rel == "self"]
    return found[0] if found else Link("self", "")


__all__ = ["FormPage", "Html", "PageForm", "render_page", "title_of"]
