"""How people are shown a type of resource, from what its schema declares."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from app.database import Snapshot
from app.http.hypermedia.registry import ResourceRegistry, ResourceType
from app.services.rows.listing import related_rows
from representations import Display
from schemas.base.json_schema import label_of

MOST_NAMED = 300
"""Resources of a kind whose names a page looks up: as many as it can show."""


@lru_cache(maxsize=64)
def display_of(kind: ResourceType) -> Display:
    """Return the names, meanings, columns and groups of a resource's properties."""
    declaration, schema = kind.declaration, kind.declaration.schema
    properties = schema.properties
    return Display(
        heading=declaration.heading,
        many=declaration.many,
        named_by=schema.named_by,
        labels={name: label_of(name, field) for name, field in properties.items()},
        kinds={name: field.meaning for name, field in properties.items()},
        help={name: field.description for name, field in properties.items()},
        columns=[tuple(column.split("/")) for column in schema.columns],
        groups=list(schema.groups.items()),
        sortable=frozenset(kind.sortable),
        bulk=list(schema.bulk.items()),
        empty=schema.empty,
        zeros={name: field.zero for name, field in properties.items() if field.zero},
    )


def names_of_references(
    db: Snapshot,
    registry: ResourceRegistry,
    kind: ResourceType,
    records: Sequence[Mapping[str, Any]],
    base: str,
) -> dict[str, str]:
    """Return the names of the resources that records refer to, by their addresses.

    It costs one query for each reference that a page shows.
    """
    found: dict[str, str] = {}
    for field in kind.declaration.schema.references.values():
        target = next(
            (k for k in registry.values() if k.declaration.path == field.path), None
        )
        ids = sorted({r[field.column] for r in records if r.get(field.column)})
        if target is None or not ids:
            continue
        named_by = target.declaration.schema.named_by
        rows = related_rows(
            db, target.declaration.name, "id", ids[:MOST_NAMED], most=MOST_NAMED
        )
        for row in rows:
            name = str(row.get(named_by) or f"{target.declaration.heading} {row['id']}")
            found[base + field.path.format(id=row["id"])] = name
    return found
