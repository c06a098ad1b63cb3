"""Makes documents of rows: plainly, or by templates compiled from the plain way.

The plain way builds a `Resource` and is the reference. Items inside a page, which
are many, are written by templates; a test holds both to the same bytes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.http.declaration import Declaration, LinkTo
from representations import Link, Representation, Resource, Slot, Value, Vocabulary
from representations.compiled import (
    BASE,
    VOCABULARY,
    Fill,
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
        self._conditional = tuple(
            columns.index(name) for link in declaration.links for name in link.when
        )
        self._templates: dict[tuple[str, tuple[bool, ...]], Template] = {}

    # -- plainly ------------------------------------------------------------

    def resource(self, record: Mapping[str, Any], place: Place) -> Resource:
        """Build the document of a record."""
        shown = self.schema.dump(record)
        for name in self.schema.references():
            shown[name] = place.base + shown[name]
        present = [link for link in self.declaration.links if link.is_present(record)]
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
        bound: dict[tuple[bool, ...], Fill] = {}
        written = []
        for row in rows:
            variant = tuple([row[i] is not None for i in self._conditional])
            fill = bound.get(variant)
            if fill is None:
                template = self._template(representation, variant)
                fill = bound[variant] = template.bind(place.base, place.vocabulary)
            written.append(fill(row))
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
        zone = columns.index(TIMEZONE)
        fields = {f.column: f for f in self.schema.shown.values()}
        references = {f.column for f in self.schema.references().values()}
        slots, keys = [], {}
        for index, column in enumerate(columns):
            field = fields.get(column)
            is_text = bool(field and field.is_text and column not in references)
            nullable = bool(field and (field.allow_none or field.dump_only))
            if isinstance(field, Date):
                slot = Slot(
                    index, date_text, is_text, nullable, is_plain=True, beside=zone
                )
            else:
                # Numbers and texts write themselves.
                lexical = field.lexical if field and field.lexical is not str else None
                slot = Slot(index, lexical, is_text, nullable)
            slots.append(slot)
            keys[column] = marker(index)
        properties = {
            name: BASE + field.path.format(id=keys[field.column])
            if isinstance(field, Reference)
            else keys[field.column]
            for name, field in self.schema.shown.items()
        }
        values: dict[str, Any] = {
            columns[index]: "" if is_there else None
            for index, is_there in zip(self._conditional, variant, strict=True)
        }
        links = [link for link in self.declaration.links if link.is_present(values)]
        place = Place(BASE, VOCABULARY)
        return slots, self._assemble(properties, keys, links, place)
