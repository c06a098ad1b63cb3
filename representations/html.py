"""HTML, for people: the document as a page to read and follow."""

from collections.abc import Sequence
from functools import cache
from typing import ClassVar

import jinja2

from representations.representation import Representation
from representations.resource import Link, Resource, Vocabulary
from representations.slots import Rendered


class Html(Representation):
    """A page without scripts; what one can do is shown as the request to send."""

    name = "html"
    title = "HTML"
    media_types: ClassVar[tuple[str, ...]] = ("text/html", "application/xhtml+xml")
    has_actions = True
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
        """Write the page; it links what programs get instead."""
        page = _template().render(
            resource=resource,
            vocabulary=vocabulary,
            title=_title(resource),
            embedded=_lists(resource),
            lists=_lists,
            item_title=_title,
            heading=_heading,
            others=self._elsewhere(resource),
        )
        return page.encode() + b"\n"

    def _elsewhere(self, resource: Resource) -> list[Link]:
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


def _heading(rel: str) -> str:
    """Return the name of a relation in words."""
    return rel.rpartition(":")[2].replace("_", " ").capitalize()


def _lists(resource: Resource) -> dict[str, Sequence[Resource]]:
    """Return what is embedded in a resource, also a single one, as lists."""
    return {
        rel: [items] if isinstance(items, Resource) else items
        for rel, items in resource.embedded.items()
        if not isinstance(items, Rendered)
    }


@cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("representations"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    return environment.get_template("resource.html")


def _title(resource: Resource) -> str:
    named = resource.properties.get("name") or resource.properties.get("store_name")
    if isinstance(named, str):
        return named
    if "collection" in resource.classes and resource.title is None:
        return resource.classes[0].replace("_", " ").capitalize()
    return resource.title or _self(resource.links).title or "Sirenhall"


def _self(links: object) -> Link:
    found = [link for link in links if link.rel == "self"]  # type: ignore[attr-defined]
    return found[0] if found else Link("self", "")
