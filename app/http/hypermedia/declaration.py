"""The declaration of a resource, from which everything else is generated.

A declaration names a resource's properties (by its schema), links, URLs and texts.
Documents, forms, OPTIONS and the relation pages are generated from it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from schemas.base.schema import ResourceSchema


@dataclass(frozen=True, slots=True)
class Relation:
    """A join to the targets of a link: their column `theirs` equals our `ours`."""

    kind: str
    ours: str = "id"
    theirs: str = "id"

    @property
    def is_many(self) -> bool:
        """Whether there may be any number of targets."""
        return self.theirs != "id"


@dataclass(frozen=True, slots=True)
class LinkTo:
    """A link of a resource: path and title may have columns in braces.

    With `when`, the link is there only while one of those columns is not null. With
    a `relation`, it can be zoomed and filtered through. With `counted_by`, the column
    that counts its targets, they are embedded wherever the resource is shown.
    """

    rel: str
    path: str
    title: str
    when: tuple[str, ...] = ()
    relation: Relation | None = None
    counted_by: str = ""
    menu: str = ""
    """The name in the menu of a store's pages; empty if it is not there."""
    method: str = "GET"
    """POST for what is done there rather than looked at."""
    is_file: bool = False
    """Whether bytes are there rather than a document."""

    def is_present(self, values: Mapping[str, Any]) -> bool:
        """Return whether a resource with these values has the link."""
        return not self.when or any(values[name] is not None for name in self.when)


ERRORS = "fx:errors"
"""The relation of the errors in an answer; as in Foxy's API, they are embedded."""

TO_STORE = LinkTo(
    "fx:store",
    "/stores/{store_id}",
    "This Store",
    relation=Relation("store", "store_id"),
)
"""What everything that belongs to a store links."""


@dataclass(eq=False, kw_only=True)
class Declaration:
    """A resource: `name` is its relation, `columns` the order of a row's values."""

    name: str
    plural: str
    path: str
    title: str
    description: str
    collection_description: str
    schema: ResourceSchema
    columns: tuple[str, ...]
    links: tuple[LinkTo, ...]

    @property
    def rel(self) -> str:
        """The relation of one."""
        return f"fx:{self.name}"

    @property
    def collection_rel(self) -> str:
        """The relation of many."""
        return f"fx:{self.plural}"

    @cached_property
    def label(self) -> str:
        """The name in words: item category."""
        return self.name.replace("_", " ")

    @cached_property
    def heading(self) -> str:
        """The name in a title: Item Category."""
        return self.label.title()

    def done(self, number: int, verb: str, *, for_people: bool = False) -> str:
        """Return the message of a change, such as created, of the one with an id.

        Programs get the words of Foxy's API, which some of them look for.
        """
        if for_people:
            return f"{self.label.capitalize()} {number} is {verb}."
        return f"{self.name} {number} {verb} successfully."

    @cached_property
    def one(self) -> str:
        """The name with its article: an item category."""
        article = "an" if self.name[0] in "aeiou" else "a"
        return f"{article} {self.label}"

    @cached_property
    def many(self) -> str:
        """The names in words: item categories."""
        return self.plural.replace("_", " ")

    @cached_property
    def item_methods(self) -> dict[str, str]:
        """The summaries of the methods of an item."""
        return {
            "GET": f"View {self.one}",
            "PATCH": f"Update {self.one} (send only the properties you want to modify)",
            "PUT": f"Replace {self.one} (send the entire representation)",
            "DELETE": f"Delete {self.one}",
            **STANDARD_METHODS,
        }

    @cached_property
    def collection_methods(self) -> dict[str, str]:
        """The summaries of the methods of the collection."""
        return {
            "GET": f"View a list of {self.many}",
            "POST": f"Create a new {self.label}",
            **STANDARD_METHODS,
        }


STANDARD_METHODS = {
    "HEAD": "Get just the header response",
    "OPTIONS": "Get a response explaining which HTTP methods are supported",
}
