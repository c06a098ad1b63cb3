"""The legal values of references in forms: other resources of the store, by name.

Tested in `tests/wire/test_forms_as_they_stand.py`.
"""

from functools import cache
from urllib.parse import parse_qsl

from app.database import Snapshot
from app.http.hypermedia.action_builder import Choices
from app.http.hypermedia.registry import ResourceRegistry, ResourceType
from app.http.query.parser import collection_query
from app.services.rows.listing import Listing, Source
from schemas.base.fields import Reference

MOST = 300
"""Choices of one field; where there are more, none are listed."""


def choices_of(
    db: Snapshot | None,
    registry: ResourceRegistry,
    kind: ResourceType,
    store_id: int,
    base: str,
) -> tuple[Choices, ...]:
    """Return the choices of the fields of a resource type.

    They are looked up by one query for each reference that has some; without a
    database they are only linked.
    """
    found = []
    for name, field in kind.declaration.schema.references.items():
        if not field.choices or field.dump_only:
            continue
        plural, _, query = field.choices.partition("?")
        target = next(k for k in registry.values() if k.declaration.plural == plural)
        named_by = target.declaration.schema.named_by
        href = f"{base}/stores/{store_id}/{plural}?{query}&fields={named_by}&format=csv"
        listed = (
            _listed(db, registry, target, store_id, query, base, field)
            if db is not None
            else ()
        )
        found.append(Choices(name, href, named_by, listed))
    return tuple(found)


@cache
def _of_store(source: Source) -> Listing:
    """Return the listing of a store's rows; its statements are kept along with it."""
    return Listing(source, owner="store_id")


def _listed(  # noqa: PLR0917 - each is another one
    db: Snapshot,
    registry: ResourceRegistry,
    target: ResourceType,
    store_id: int,
    query: str,
    base: str,
    field: Reference,
) -> tuple[tuple[str, str], ...]:
    asked = collection_query(
        tuple(parse_qsl(query)), target, registry, zone="UTC", base=base
    )
    # In the order of the ids, which is cheap however many there are.
    rows = _of_store(target.source).first_rows(
        db, store_id, asked.selection.condition, limit=MOST + 1, timezone="UTC"
    )
    if len(rows) > MOST:
        return ()
    names = target.source.names
    named_by = target.declaration.schema.named_by
    records = [dict(zip(names, row, strict=True)) for row in rows]
    found = [
        (base + field.path.format(id=record["id"]), str(record[named_by]))
        for record in records
    ]
    return tuple(sorted(found, key=lambda choice: choice[1].casefold()))
