"""What a resource brings along, and how an address is published.

A resource says what is its own (how rows are found, checked, changed). The order of
things is the same for all, in `item_views` and `collection_views`: format, the body's
type, token, target, body, checks, file, transaction.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flask import Flask, Request, Response, current_app, g, request

from app.database import Snapshot, Transaction
from app.errors import InsufficientStorage
from app.http.bodies import body_reader
from app.http.context import RequestContext
from app.http.pagination import Window
from app.http.routes import Route, register_route
from app.services.auth.authentication import Principal
from app.services.catalogue.main_files import NewFile
from app.services.rows.listing import Page, Selection
from representations import (
    REPRESENTATIONS,
    Action,
    Link,
    Resource,
    Value,
)
from schemas.base.errors import FieldError

View = Callable[..., Response]
Record = Mapping[str, Any]

Problems = Callable[[Snapshot, Record, Record], Iterable[FieldError]]
"""Gives what is wrong with values, beyond their schema, of or in a record."""

EXTENSION = "sirenhall"


def not_supported(*_arguments: Any) -> Any:
    """Stand for what a resource cannot do; its method is never published."""
    raise TypeError("this was not to be done")


@dataclass(frozen=True, slots=True)
class Created:
    """What creating came to: an id, and perhaps properties that only this answer has.

    What there was already `is_new` no more.
    """

    id: int
    extra: Mapping[str, Value] = field(default_factory=dict)
    is_new: bool = True


@dataclass(frozen=True, kw_only=True)
class ResourceAction:
    """What a POST without a body does to a resource, besides what all can.

    `words` are for OPTIONS, `message` for the answer (with the record's columns in
    braces). Under the `suffix` it has an address of its own, too.
    """

    name: str
    title: str
    words: str
    message: str
    do: Callable[[Transaction, Record], None]
    suffix: str = ""
    is_offered: Callable[[Record], bool] = lambda _record: True


@dataclass(frozen=True, kw_only=True)
class ItemService:
    """What a resource does with one: `problems` are beyond its schema.

    `remove` gives the keys of blobs that are to go after the commit. What is
    left out cannot be done.
    """

    find: Callable[[Snapshot, Principal, int], Record]
    problems: Problems = lambda _db, _record, _whole: ()
    change: Callable[[Transaction, Record, dict[str, Any], NewFile | None], None] = (
        not_supported
    )
    remove: Callable[[Transaction, Record], list[str] | None] = not_supported
    action: ResourceAction | None = None
    further: Callable[[str], Sequence[Action]] = lambda _href: ()
    """Gives what else may be done with the resource at an address."""
    is_removable: Callable[[Snapshot, Record], bool] = lambda _db, _record: True


@dataclass(frozen=True, kw_only=True)
class CollectionService:
    """What a resource does with many.

    `owner` gives the record that the collection belongs to, or raises `NotFound`.
    `version` is another one whenever a page may be another. `page` is given the
    owner, what is selected, and the part of it. `create_scope` is the only one that
    may create, where not all that may write may.
    """

    owner: Callable[[Snapshot, Principal, int], Record]
    version: Callable[[Snapshot, Record], object]
    page: Callable[[RequestContext, Record, Selection, Window], Page]
    create: (
        Callable[
            [Transaction, Record, dict[str, Any], NewFile | None],
            Created,
        ]
        | None
    ) = None
    problems: Problems = lambda _db, _owner, _values: ()
    create_scope: str | None = None
    usual: tuple[str, Any] | None = None
    """A column and its value that are meant where a query is silent about it."""

    def may_create(self, principal: Principal) -> bool:
        """Tell whether a token may create."""
        scopes = {None, principal.scope}
        is_offered = self.create is not None and self.create_scope in scopes
        return is_offered and principal.can_write


def publish_route(app: Flask, route: Route, views: Mapping[str, View]) -> None:
    """Publish views at an address, with HEAD and OPTIONS."""
    register_route(app, route)
    methods = {*views, "OPTIONS", *(["HEAD"] if "GET" in views else [])}
    allow = ", ".join(sorted(methods))

    def options(call: RequestContext, **_ids: Any) -> Response:
        document = Resource(
            classes=("options",),
            links=[Link("self", call.url, "What can be done here")],
            embedded={
                "fx:methods": [
                    Resource(
                        classes=("method",),
                        rel="fx:methods",
                        properties={"method": method, "description": text},
                    )
                    for method, text in route.words.items()
                    if method in methods
                ]
            },
        )
        return call.respond(document, headers={"Allow": allow, **extra})

    extra = {**_body_headers(views), **route.options_headers}
    for method, view in {**views, "OPTIONS": options}.items():
        app.add_url_rule(
            route.path,
            endpoint=f"{method} {route.path}",
            view_func=_handling(route, method, view),
            methods=[method],
            provide_automatic_options=False,
            # Some write the slash at the end, and some do not.
            strict_slashes=not route.path.endswith("/"),
        )


def _body_headers(views: Mapping[str, View]) -> dict[str, str]:
    found = {}
    for method, header in (("POST", "Accept-Post"), ("PATCH", "Accept-Patch")):
        if method in views:
            found[header] = ", ".join(body_reader.accepted_types(method))
    return found


def _handling(route: Route, method: str, view: View) -> Callable[..., Response]:
    is_negotiated = route.negotiates(method)
    needs_version = route.is_api and method != "OPTIONS"
    profile = route.profile
    # Customers download, and merchants delete, when the disk is full.
    goes_on = method in {"GET", "HEAD", "DELETE"}
    offers = route.offers if method == "GET" else REPRESENTATIONS

    def handle(**ids: Any) -> Response:
        call: RequestContext = g.call
        call.profile, call.offers = profile, offers
        if needs_version:
            _ = call.is_foxy
        if is_negotiated:
            _ = call.choice
        try:
            return view(call, **ids)
        except InsufficientStorage:
            if not goes_on:
                raise
            # Nothing was changed, so that it can be done again.
            call.close()
            call.installation.make_room()
            return view(call, **ids)

    return handle


def open_call() -> None:
    """Make the call that the views and the error handler share.

    What cannot be understood is refused here, before the request is routed.
    """
    # The request itself, not the proxy, which looks it up each time.
    real: Request = request._get_current_object()  # type: ignore[attr-defined] # noqa: SLF001
    call = g.call = RequestContext(current_app.extensions[EXTENSION], real)
    call.settle()
