"""The operations of a resource's service that views call.

Tested in `tests/resources/test_item_categories.py`.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic

from app.database import R, Snapshot, Transaction
from app.http.context import RequestContext
from app.http.pagination import Window
from app.services.principal import Principal
from app.services.rows.listing import Page, Selection
from app.storage import NewFile
from representations import Action, Resource, Value
from schemas.base.errors import FieldError

Record = Mapping[str, Any]

Problems = Callable[[Snapshot, R, Record], Iterable[FieldError]]
"""Gives what is wrong with values, beyond their schema, of or in a record."""


def not_supported(*_arguments: Any) -> Any:
    """Stand for what a resource cannot do; its method is never published."""
    raise TypeError("this was not to be done")


@dataclass(frozen=True, slots=True)
class Created:
    """A created resource: its id, and properties that only this response has.

    `addresses` are properties, too: their values are paths of this server. What there
    was already `is_new` no more.
    """

    id: int
    extra: Mapping[str, Value] = field(default_factory=dict)
    addresses: Mapping[str, str] = field(default_factory=dict)
    is_new: bool = True


@dataclass(frozen=True, kw_only=True)
class ResourceAction(Generic[R]):
    """An action of a resource, which a POST without a body performs.

    `summary` are for OPTIONS, `message` for the answer (with the record's columns in
    braces). Under the `suffix` it has an address of its own, too.
    """

    name: str
    title: str
    summary: str
    message: str
    do: Callable[[Transaction, R], None]
    suffix: str = ""
    is_offered: Callable[[R], bool] = lambda _record: True


@dataclass(frozen=True, kw_only=True)
class ItemService(Generic[R]):
    """The functions of a service for one resource; `problems` go beyond its schema.

    `remove` gives the keys of blobs that are to go after the commit. What is
    left out cannot be done.
    """

    find: Callable[[Snapshot, Principal, int], R]
    problems: Problems[R] = lambda _db, _record, _whole: ()
    change: Callable[[Transaction, R, dict[str, Any], NewFile | None], None] = (
        not_supported
    )
    remove: Callable[[Transaction, R], list[str] | None] = not_supported
    action: ResourceAction[R] | None = None
    extra_actions: Callable[[str], Sequence[Action]] = lambda _href: ()
    """Gives what else may be done with the resource at an address."""
    is_removable: Callable[[Snapshot, R], bool] = lambda _db, _record: True
    page_sections: Callable[[RequestContext, R], Sequence[Resource]] = (
        lambda _context, _record: ()
    )
    """Gives what else its page shows, each with a title."""


@dataclass(frozen=True, kw_only=True)
class CollectionService(Generic[R]):
    """The functions of a service for a collection.

    `owner` gives the record that the collection belongs to, or raises `NotFound`.
    `version` is another one whenever a page may be another. `page` is given the
    owner, what is selected, and the part of it. `create_scope` is the only one that
    may create, where not all that may write may.
    """

    owner: Callable[[Snapshot, Principal, int], R]
    version: Callable[[Snapshot, R], object]
    page: Callable[[RequestContext, R, Selection, Window], Page]
    create: (
        Callable[
            [Transaction, R, dict[str, Any], NewFile | None],
            Created,
        ]
        | None
    ) = None
    problems: Problems[R] = lambda _db, _owner, _values: ()
    create_scope: str | None = None
    default_filter: tuple[str, Any] | None = None
    """A column and its value that are meant where a query is silent about it."""

    def may_create(self, principal: Principal) -> bool:
        """Return whether a token may create."""
        scopes = {None, principal.scope}
        is_offered = self.create is not None and self.create_scope in scopes
        return is_offered and principal.can_write
