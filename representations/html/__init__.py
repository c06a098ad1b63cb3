"""HTML, for people: a document as a page to read, and to work with.

A page is rendered from the same document as the other formats: its properties, links,
embedded resources and actions. `Display` says what values mean to people.

Tested in `tests/http/views/test_page_forms.py`.
"""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from functools import cache, lru_cache
from typing import Any, ClassVar

import jinja2
from markupsafe import Markup

from representations.html.charts import BarChart, bar_chart
from representations.html.forms import FormPage, PageForm, groups_of, page_forms
from representations.html.table import Table, cells, filters_for_people
from representations.html.values import choice_text, plain_value, value_markup
from representations.representation import Representation
from representations.resource import (
    Action,
    Display,
    Form,
    Link,
    Resource,
    Viewer,
    Vocabulary,
)
from representations.slots import Rendered

NOBODY = Viewer({})
OF_PAGES = frozenset({"self", "first", "prev", "next", "last"})
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
                table=Table(resource, display, viewer.currency)
                if is_table and display
                else None,
                forms=page_forms(resource, viewer),
                table_of=lambda section: Table(
                    section, section.display, viewer.currency
                ),
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
    environment.filters["cells"] = cells
    environment.filters["onward"] = _onward
    environment.filters["plain"] = plain_value
    environment.filters["choice"] = choice_text
    environment.globals["bars_of"] = _bars_of
    environment.globals["form_body"] = _form_body
    environment.globals["filter_body"] = _filter_body
    return environment


def render_page(template: str, viewer: Viewer | None, **values: Any) -> bytes:
    """Write a page that is of no resource, such as the one to sign in."""
    page = page_environment().get_template(template)
    return page.render(viewer=viewer or NOBODY, **values).encode() + b"\n"


def _form_body(form: PageForm, prefix: str) -> Markup:
    """Return the inputs of a form; those that are the same for all are kept."""
    fields = form.action.fields
    if form.failure is None and isinstance(fields, Form):
        return _kept_form_body(fields, form.display, prefix)
    return _write_groups(form.groups, prefix)


@lru_cache(maxsize=128)
def _kept_form_body(fields: Form, display: Display | None, prefix: str) -> Markup:
    return _write_groups(groups_of(fields, display, {}, None), prefix)


def _write_groups(groups: Sequence[Any], prefix: str) -> Markup:
    return _macro("body", groups, prefix)


def _filter_body(table: Table, action: Action) -> Markup:
    """Return the fields of a filter; those of a page without one are kept."""
    filters = table.filters(action)
    if isinstance(action.fields, Form) and not any(value for _, value in filters):
        return _kept_filter_body(action.fields, table.display)
    return _macro("filter_body", filters, table.display)


@lru_cache(maxsize=128)
def _kept_filter_body(fields: Form, display: Display) -> Markup:
    filters = [(field, "") for field in filters_for_people(fields, display)]
    return _macro("filter_body", filters, display)


def _macro(name: str, *arguments: Any) -> Markup:
    macros: Any = page_environment().get_template("forms.html").module
    return Markup(getattr(macros, name)(*arguments))  # noqa: S704 - escaped by Jinja


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


def _onward(resource: Resource) -> list[Link]:
    """Return the links of a page that its table and its forms do not have."""
    acted = {action.href for action in resource.actions}
    return [
        link
        for link in resource.links
        if link.rel not in OF_PAGES
        and link.method != "PUT"
        and not (link.method == "POST" and link.href in acted)
    ]


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
    number = (resource.href or "").rpartition("/")[2]
    if display and number.isdecimal():
        return f"{display.heading} {number}"
    if display and resource.href:
        return display.heading
    return resource.title or _self(resource.links).title or "Sirenhall"


def _self(links: Sequence[Link]) -> Link:
    found = [link for link in links if link.rel == "self"]
    return found[0] if found else Link("self", "")


__all__ = ["FormPage", "Html", "PageForm", "render_page", "title_of"]
