"""Build documents from rows, plainly or by compiled row templates.

The plain way builds a `Resource` and is the reference. Items inside a page, which
are many, are written by templates; a test holds both to the same bytes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.http.hypermedia.declaration import Declaration, LinkTo
from representations import (
    Embedded,
    Link,
    Rendered,
    Representation,
    Resource,
    Slot,
    Value,
    Vocabulary,
)
from representations.row_template import (
    BASE,
    VOCABULARY,
    Fill,
    Template,
    compile_template,
    marker,
)
from schemas.base.fields import Date, Property, Reference
from schemas.values.dates import date_text

TIMEZONE = "timezone"


@dataclass(frozen=True, slots=True)
class RenderContext:
    """Under which URLs a document is made."""

    base: str
    vocabulary: Vocabulary
    hides_secrets: bool = False
    """Whether who reads it may not write, and so has no use for secrets."""


Inside = Mapping[str, Embedded]
"""What is embedded in a resource, by relation."""

NOTHING: dict[str, Any] = {}
CACHED_TEMPLATES = 64
"""Templates of one kind of resource; one takes about 15 KB."""


@dataclass(frozen=True, slots=True)
class _Variant:
    """The properties of a row that select one of several templates.

    `present` tells of each conditional column whether it is not null; `embedded`
    gives each relation, whether it has one target, and whether it has any.
    """

    present: tuple[bool, ...]
    fields: tuple[str, ...] | None = None
    embedded: tuple[tuple[str, bool, bool], ...] = ()


def _column(record: Mapping[str, Any], name: str, _default: object) -> Any:
    """Return a column; marshmallow's own accessor looks for attributes as well."""
    return record[name]


class ItemDocuments:
    """The documents of one kind of resource."""

    def __init__(self, declaration: Declaration) -> None:
        self.declaration = declaration
        self.schema = declaration.schema
        columns = declaration.columns
        absent = [f.column for f in self.schema.references.values() if f.allow_none]
        conditional = [name for link in declaration.links for name in link.when]
        # Null where the property may be, so that links made of it are left out.
        self._secret: dict[int, str | None] = {
            columns.index(field.column): None if _is_nullable(field) else ""
            for field in self.schema.shown.values()
            if field.is_secret
        }
        self._conditional = tuple(
            columns.index(name) for name in dict.fromkeys(conditional + absent)
        )
        self._templates: dict[tuple[str, str | None, _Variant], Template] = {}

    # -- plainly ------------------------------------------------------------

    def resource(
        self,
        record: Mapping[str, Any],
        render_context: RenderContext,
        fields: tuple[str, ...] | None = None,
        inside: Inside = NOTHING,
    ) -> Resource:
        """Build the document of a record; `fields` are the properties it shows."""
        if render_context.hides_secrets and self._secret:
            names = self.declaration.columns
            hidden = {names[i]: value for i, value in self._secret.items()}
            record = {**record, **hidden}
        shown = self.schema.dump(record)
        for name in self.schema.references:
            if shown[name] is not None:
                shown[name] = render_context.base + shown[name]
        if fields is not None:
            shown["id"] = record["id"]
            shown = {name: shown[name] for name in fields}
        present = [link for link in self.declaration.links if link.is_present(record)]
        return self._assemble(shown, record, present, render_context, inside)

    def table_row(
        self,
        record: Mapping[str, Any],
        render_context: RenderContext,
        names: Sequence[str],
    ) -> Resource:
        """Build what a table shows of a record: its address, and some properties."""
        shown, references = self.schema.shown, self.schema.references
        properties: dict[str, Value] = {
            name: shown[name].serialize(shown[name].column, record, _column)
            for name in names
        }
        for name in references.keys() & properties.keys():
            if properties[name] is not None:
                properties[name] = f"{render_context.base}{properties[name]}"
        return Resource(
            classes=(self.declaration.name,),
            href=render_context.base + self.declaration.path.format_map(record),
            rel=self.declaration.rel,
            properties=properties,
        )

    def _assemble(
        self,
        properties: Mapping[str, Value],
        keys: Mapping[str, Any],
        links: Sequence[LinkTo],
        render_context: RenderContext,
        inside: Inside,
    ) -> Resource:
        declaration = self.declaration
        href = render_context.base + declaration.path.format_map(keys)
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
                        render_context.base + link.path.format_map(keys),
                        link.title.format_map(keys),
                        method=link.method,
                        is_file=link.is_file,
                    )
                    for link in links
                ),
            ],
            embedded=inside,
        )

    # -- compiled -----------------------------------------------------------

    def fragments(
        self,
        rows: Sequence[Sequence[Any]],
        representation: Representation,
        render_context: RenderContext,
        *,
        fields: tuple[str, ...] | None = None,
        insides: Sequence[Mapping[str, Rendered]] | None = None,
        rel: str | None = None,
    ) -> list[str]:
        """Write items as they stand inside another document, as `rel` there.

        Without `rel` they stand inside a collection. That is also how they stand
        alone where a format `embeds_items_whole`. `insides` is, for each row, what
        is embedded in it.
        """
        if render_context.hides_secrets and self._secret:
            rows = [self._without_secrets(row) for row in rows]
        # Most rows of a page share one variant; this avoids binding its template again.
        bound: dict[Any, Fill] = {}
        conditional = self._conditional
        written = []
        for number, row in enumerate(rows):
            # Links depend on these columns, so rows with other nulls need another
            # template.
            present = tuple([row[i] is not None for i in conditional])
            inside = insides[number] if insides else NOTHING
            # What a row shares with others is looked up, not made again.
            key = (present, _kinds_of(inside)) if inside else present
            fill = bound.get(key)
            if fill is None:
                variant = _Variant(present, fields, _kinds_of(inside))
                template = self._template(representation, rel, variant)
                fill = bound[key] = template.bind(
                    render_context.base, render_context.vocabulary
                )
            if inside:
                separator = representation.separator
                texts = [separator.join(e.fragments) for e in inside.values()]
                row = (*row, *texts)  # noqa: PLW2901
            written.append(fill(row))
        return written

    def _without_secrets(self, row: Sequence[Any]) -> Sequence[Any]:
        return [self._secret.get(i, value) for i, value in enumerate(row)]

    def _template(
        self, representation: Representation, rel: str | None, variant: _Variant
    ) -> Template:
        key = representation.name, rel, variant
        template = self._templates.get(key)
        if template is None:
            # Clients choose the fields, so the number of variants is not bounded by the
            # code.
            if len(self._templates) >= CACHED_TEMPLATES:
                self._templates.clear()
            slots, prototype = self._prototype(variant)
            template = compile_template(representation, prototype, slots, rel)
            self._templates[key] = template
        return template

    def _prototype(self, variant: _Variant) -> tuple[list[Slot], Resource]:
        """Build the document whose values are markers."""
        columns = self.declaration.columns
        slots = [self._slot(index, column) for index, column in enumerate(columns)]
        keys: dict[str, Any] = {
            column: marker(index) for index, column in enumerate(columns)
        }
        values: dict[str, Any] = {
            columns[index]: "" if is_there else None
            for index, is_there in zip(self._conditional, variant.present, strict=True)
        }
        properties = {
            name: self._address(field, keys, values)
            if isinstance(field, Reference)
            else keys[field.column]
            for name, field in self.schema.shown.items()
        }
        if variant.fields is not None:
            properties["id"] = keys["id"]
            properties = {name: properties[name] for name in variant.fields}
        links = [link for link in self.declaration.links if link.is_present(values)]
        inside: dict[str, Embedded] = {}
        for number, (rel, is_one, has_any) in enumerate(variant.embedded, len(columns)):
            # Embedded resources are rendered already, and spliced in as text.
            slots.append(Slot(number, None, False, False, is_fragment=True))  # noqa: FBT003
            inside[rel] = Rendered([marker(number)], is_one) if has_any else []
        render_context = RenderContext(BASE, VOCABULARY)
        return slots, self._assemble(properties, keys, links, render_context, inside)

    @staticmethod
    def _address(
        field: Reference, keys: Mapping[str, Any], values: Mapping[str, Any]
    ) -> str | None:
        if values.get(field.column, "") is None:
            return None
        return BASE + field.path.format(id=keys[field.column])

    def _slot(self, index: int, column: str) -> Slot:
        fields = {f.column: f for f in self.schema.shown.values()}
        references = {f.column for f in self.schema.references.values()}
        field = fields.get(column)
        is_text = bool(field and field.is_text and column not in references)
        nullable = bool(field and _is_nullable(field))
        if isinstance(field, Date):
            zone = self.declaration.columns.index(TIMEZONE)
            return Slot(
                index, date_text, is_text, nullable, is_plain=True, context_index=zone
            )
        # Numbers and texts write themselves.
        to_text = field.to_text if field and field.to_text is not str else None
        return Slot(index, to_text, is_text, nullable)


def _is_nullable(field: Property) -> bool:
    return bool(field.allow_none or field.dump_only)


def _kinds_of(inside: Mapping[str, Rendered]) -> tuple[tuple[str, bool, bool], ...]:
    return tuple([(rel, e.is_one, bool(e.fragments)) for rel, e in inside.items()])
