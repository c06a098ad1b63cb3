"""Makes documents of rows: plainly, or by templates compiled from the plain way.

The plain way builds a `Resource` and is the reference. Items inside a page, which
are many, are written by templates; a test holds both to the same bytes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.http.declaration import Declaration, LinkTo
from representations import Link, Representation, Resource, Value, Vocabulary
from representations.compiled import (
    BASE,
    VOCABULARY,
    Slot,
    Template,
    compile_template,
    marker,
)
from schemas.fields import Date, Reference
from schemas.values import date_text

TIMEZONE = "timezone"


@dataclass(frozen=True, slots=True)
class Place:
    """Under which URLs a document is made."""

    base: str
    vocabulary: Vocabulary


class ItemDocuments:
    """The documents of one kind of resource."""

    def __init__(self, declaration: Declaration) -> None:
        self.declaration = declaration
        self.schema = declaration.schema
        columns = declaration.columns
        self._zone = columns.index(TIMEZONE)
        self._dates = tuple(
            columns.index(field.column)
            for field in self.schema.shown.values()
            if isinstance(field, Date)
        )
        self._conditional = tuple(
            columns.index(link.when) for link in declaration.links if link.when
        )
        self._templates: dict[tuple[str, tuple[bool, ...]], Template] = {}

    # -- plainly ------------------------------------------------------------

    def resource(self, record: Mapping[str, Any], place: Place) -> Resource:
        """Build the document of a record."""
        shown = self.schema.dump(record)
        for name in self.schema.references():
            shown[name] = place.base + shown[name]
        present = [
            link
            for link in self.declaration.links
            if link.when is None or record[link.when] is not None
        ]
        return self._assemble(shown, record, present, place)

    def _assemble(
        self,
        properties: Mapping[str, Value],
        keys: Mapping[str, Any],
        links: Sequence[LinkTo],
        place: Place,
    ) -> Resource:
        declaration = self.declaration
        href = place.base + declaration.path.format_map(keys)
        title = declaration.title.format_map(keys)
        return Resource(
            classes=(declaration.name,),
            href=href,
            rel=declaration.rel,
            properties=properties,
            links=[
                Link("self", href, title),
                *(
                    Link(
                        link.rel,
                        place.base + link.path.format_map(keys),
                        link.title.format_map(keys),
                    )
                    for link in links
                ),
            ],
        )

    # -- compiled -----------------------------------------------------------

    def fragments(
        self,
        rows: Sequence[Sequence[Any]],
        representation: Representation,
        place: Place,
    ) -> list[str]:
        """Write items as they stand inside a collection.

        That is also how they stand alone where a format `embeds_items_whole`.
        """
        bound: dict[tuple[bool, ...], tuple[Template, str]] = {}
        written = []
        for row in rows:
            variant = tuple([row[i] is not None for i in self._conditional])
            if variant not in bound:
                template = self._template(representation, variant)
                bound[variant] = template, template.bind(place.base, place.vocabulary)
            template, text = bound[variant]
            values = list(row)
            zone = row[self._zone]
            for i in self._dates:
                if values[i] is not None:
                    values[i] = date_text(values[i], zone)
            written.append(template.fill(text, values))
        return written

    def _template(
        self, representation: Representation, variant: tuple[bool, ...]
    ) -> Template:
        key = representation.name, variant
        if key not in self._templates:
            slots, prototype = self._prototype(variant)
            self._templates[key] = compile_template(representation, prototype, slots)
        return self._templates[key]

    def _prototype(self, variant: tuple[bool, ...]) -> tuple[list[Slot], Resource]:
        """Build the document whose values are markers."""
        columns = self.declaration.columns
        fields = {f.column: f for f in self.schema.shown.values()}
        slots, keys = [], {}
        for index, column in enumerate(columns):
            field = fields.get(column)
            is_text = field.is_text if field else False
            lexical = field.lexical if field else str
            if isinstance(field, Reference):
                is_text, lexical = False, str
            slots.append(Slot(index, lexical, is_text))
            keys[column] = marker(index)
        properties = {
            name: BASE + field.path.format(id=keys[field.column])
            if isinstance(field, Reference)
            else keys[field.column]
            for name, field in self.schema.shown.items()
        }
        present = dict(zip(self._conditional, variant, strict=True))
        links = [
            link
            for link in self.declaration.links
            if link.when is None or present[columns.index(link.when)]
        ]
        place = Place(BASE, VOCABULARY)
        return slots, self._assemble(properties, keys, links, place)
