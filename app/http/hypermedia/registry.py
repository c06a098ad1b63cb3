"""The registry of resource types, by their names."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from app.http.hypermedia.declaration import Declaration, LinkTo
from app.http.hypermedia.document_builder import ItemDocuments
from app.services.rows.listing import Source
from app.services.rows.localization import Localization
from schemas.base.fields import Property, Upload
from schemas.base.filter_values import ID_PROPERTY


@dataclass(eq=False)
class ResourceType:
    """A kind of resource: what is declared of it, and where its rows come from.

    `named_by` is the property whose value may stand in brackets for the name.
    """

    declaration: Declaration
    source: Source
    named_by: str | None = None
    localization: Localization | None = None
    documents: ItemDocuments = field(init=False)

    def __post_init__(self) -> None:
        """Create the builder of its documents."""
        self.documents = ItemDocuments(self.declaration)

    @cached_property
    def filterable(self) -> dict[str, Property]:
        """The properties that a query can be about."""
        columns = self.source.by_name
        return {
            name: prop
            for name, prop in self.declaration.schema.shown.items()
            if prop.column in columns
            and not isinstance(prop, Upload)
            # What may not be seen may not be asked about.
            and not prop.is_secret
        }

    @cached_property
    def sortable(self) -> dict[str, Property]:
        """The properties that a query can sort by, the id among them."""
        return {ID_PROPERTY.column: ID_PROPERTY, **self.filterable}

    @cached_property
    def always_embedded(self) -> LinkTo | None:
        """The link whose targets are embedded wherever the resource is shown."""
        return next((link for link in self.declaration.links if link.counted_by), None)

    @cached_property
    def relations(self) -> dict[str, LinkTo]:
        """The links that can be zoomed and filtered through, by their short names."""
        return {
            link.rel.partition(":")[2]: link
            for link in self.declaration.links
            if link.relation is not None
        }


ResourceRegistry = Mapping[str, ResourceType]


@dataclass(frozen=True, slots=True)
class ZoomNode:
    """A relation to embed, and what to embed in its targets."""

    link: LinkTo
    branches: tuple["ZoomNode", ...] = ()
