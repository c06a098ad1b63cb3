"""Embed related resources in documents, as `zoom` asks for.

Each relation costs one query, however many rows it starts from. What a resource always
has with it (its attributes) comes the same way, where there is any.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from app.database import Row, Snapshot
from app.errors import BadRequest, Problem
from app.http.hypermedia.document_builder import RenderContext
from app.http.hypermedia.registry import (
    ResourceRegistry,
    ResourceType,
    ZoomNode,
)
from app.services.rows.listing import related_rows
from app.services.rows.localization import Localization
from representations import Embedded, Rendered, Representation, Resource

Record = Mapping[str, Any]

MAX_EMBEDDED = 300
MAX_ALWAYS = 100_000
"""No bound for what comes with the rows of a page: its own rules bound it."""

MAX_ALWAYS_INSIDE = 3000
"""What comes with resources that are embedded themselves, perhaps many times."""


Localize = Callable[[Localization | None, Sequence[str], Sequence[Row]], Sequence[Row]]


@dataclass(slots=True)
class Embedder:
    """Finds and writes what is embedded in one answer.

    Without a representation, documents are built rather than written.
    """

    db: Snapshot
    registry: ResourceRegistry
    render_context: RenderContext
    representation: Representation | None
    localized: Localize | None = None
    left: int = field(default=MAX_EMBEDDED)
    left_inside: int = field(default=MAX_ALWAYS_INSIDE)

    def inside(
        self, kind: ResourceType, rows: Sequence[Record], branches: Sequence[ZoomNode]
    ) -> list[dict[str, Any]]:
        """Return the embedded resources of each row. Raise `BadRequest` if too many."""
        found: list[dict[str, Any]] = [{} for _ in rows]
        always = kind.always_embedded
        if always and any(row[always.counted_by] for row in rows):
            self._embed(rows, ZoomNode(always), found, is_asked=False)
        for branch in branches:
            self._embed(rows, branch, found, is_asked=True)
        return found

    def _embed(
        self,
        rows: Sequence[Record],
        branch: ZoomNode,
        found: list[dict[str, Any]],
        *,
        is_asked: bool,
    ) -> None:
        relation = branch.link.relation
        if relation is None or not rows:
            return
        # Each key once, in a stable order.
        keys = sorted({row[relation.ours] for row in rows} - {None})
        targets = self._targets(relation.kind, relation.theirs, keys, is_asked)
        documents = self._documents(self.registry[relation.kind], targets, branch)
        # Grouped in Python: one query for all rows instead of one for each.
        groups: dict[Any, list[Any]] = {}
        group_rows: dict[Any, list[Record]] = {}
        for target, document in zip(targets, documents, strict=True):
            groups.setdefault(target[relation.theirs], []).append(document)
            group_rows.setdefault(target[relation.theirs], []).append(target)
        for row, inside in zip(rows, found, strict=True):
            group = groups.get(row[relation.ours], [])
            if is_asked:
                self._spend(len(group))
                target_type = self.registry[relation.kind]
                self._spend_inside(target_type, group_rows.get(row[relation.ours], []))
            # An empty list says that there are none; a missing one says that nobody
            # asked.
            if group or (is_asked and relation.is_many):
                inside[branch.link.rel] = self._joined(
                    group, is_one=not relation.is_many
                )

    def _targets(
        self,
        kind: str,
        column: str,
        keys: list[Any],
        is_asked: bool,  # noqa: FBT001
    ) -> list[dict[str, Any]]:
        if not keys:
            return []
        # One more than the limit shows that it was exceeded, without reading the rest.
        most = MAX_EMBEDDED + 1 if is_asked else MAX_ALWAYS
        found = related_rows(self.db, kind, column, keys, most=most)
        localization = self.registry[kind].localization
        if not (self.localized and found and localization):
            return found
        names = tuple(found[0])
        values = [tuple(row.values()) for row in found]
        rows = self.localized(localization, names, values)
        return [dict(zip(names, row, strict=True)) for row in rows]

    def _documents(
        self, kind: ResourceType, rows: Sequence[dict[str, Any]], branch: ZoomNode
    ) -> Sequence[str | Resource]:
        inside = self.inside(kind, rows, branch.branches)
        if self.representation is None:
            return [
                kind.documents.resource(row, self.render_context, None, i)
                for row, i in zip(rows, inside, strict=True)
            ]
        return kind.documents.fragments(
            [tuple(row.values()) for row in rows],
            self.representation,
            self.render_context,
            insides=inside,
            rel=branch.link.rel,
        )

    def _joined(self, group: list[Any], *, is_one: bool) -> Embedded:
        if self.representation is not None:
            return Rendered(group, is_one)
        documents: list[Resource] = group
        return documents[0] if is_one else documents

    def _spend_inside(self, kind: ResourceType, rows: Sequence[Record]) -> None:
        """Count what comes along with resources each time they are embedded."""
        always = kind.always_embedded
        if always is None:
            return
        # One store embedded in 300 items repeats its attributes 300 times.
        self.left_inside -= sum(row[always.counted_by] for row in rows)
        if self.left_inside < 0:
            self.left = 0
            self._spend(1)

    def _spend(self, number: int) -> None:
        self.left -= number
        if self.left < 0:
            text = (
                f"zoom would embed more than {MAX_EMBEDDED} resources in one answer, "
                f"or {MAX_ALWAYS_INSIDE} attributes along with them; "
                "ask for fewer with limit, or follow the links"
            )
            raise BadRequest(problems=[Problem(text, "too_many", "zoom")])
