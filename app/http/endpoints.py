"""The views that every resource has, made of its declaration and its service.

A resource says what is its own (how rows are found, checked, changed); the order of
things is the same for all: format, the body's type, token, target, body, checks,
file, transaction.
"""

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from tempfile import SpooledTemporaryFile
from typing import Any

from flask import Flask, Request, Response, current_app, g, request
from werkzeug.wsgi import FileWrapper

from app.database import Row, Snapshot, Transaction
from app.errors import BadRequest, Forbidden, Invalid, NotFound, RequestError
from app.http import affordances, bodies, json_patch
from app.http.bulk import Member, Result, each, ids_of, many, names_ids, status_of
from app.http.bulk import document as results_document
from app.http.call import Call
from app.http.catalogue import Branch, Catalogue, Kind
from app.http.conditional import Validators
from app.http.documents import NOTHING
from app.http.embedding import ALWAYS_COUNT, Embedder
from app.http.idempotency import Done, Once, once
from app.http.media_types import MULTIPART
from app.http.pagination import PAGING, Window, page_links, with_query
from app.http.query_language import Asked, collection_query, item_query
from app.http.routes import Route, note
from app.services.access import Principal
from app.services.downloadables import NewFile
from app.services.listing import Listing, Page, Selection, version_of_all
from representations import (
    COLLECTION_REPRESENTATIONS,
    CSV,
    LINK_HEADER,
    REPRESENTATIONS,
    Action,
    Embedded,
    Link,
    Rendered,
    Representation,
    Resource,
    Value,
)
from schemas.base import ResourceSchema
from schemas.errors import FieldError

View = Callable[..., Response]
Record = Mapping[str, Any]

Problems = Callable[[Snapshot, Record, Record], Iterable[FieldError]]
"""Gives what is wrong with values, beyond their schema, of or in a record."""

EXTENSION = "sirenhall"
MISSING = object()

TABLE_ROWS = 1000
"""Rows that are read at once for a table."""

TABLE_CHUNK = 64 * 1024
MAX_TABLE_IN_MEMORY = 2**20


@dataclass(frozen=True, kw_only=True)
class ItemService:
    """What a resource does with one: `problems` are beyond its schema.

    `remove` gives the keys of blobs that are to go after the commit.
    """

    find: Callable[[Snapshot, Principal, int], Record]
    problems: Problems = lambda _db, _record, _whole: ()
    change: Callable[[Transaction, Record, dict[str, Any], NewFile | None], None]
    remove: Callable[[Transaction, Record], list[str] | None]
    is_removable: Callable[[Snapshot, Record], bool] = lambda _db, _record: True


@dataclass(frozen=True, kw_only=True)
class CollectionService:
    """What a resource does with many.

    `owner` gives the record that the collection belongs to, or raises `NotFound`.
    `version` is another one whenever a page may be another. `page` is given the
    owner, what is selected, and the part of it. `create` gives the new id, and perhaps
    properties that only this answer has; `create_scope` is the only one that may, where
    not all that may write may create.
    """

    owner: Callable[[Snapshot, Principal, int], Record]
    version: Callable[[Snapshot, Record], object]
    page: Callable[[Call, Record, Selection, Window], Page]
    create: (
        Callable[
            [Transaction, Record, dict[str, Any], NewFile | None],
            tuple[int, dict[str, Value]],
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


def route(  # noqa: PLR0913 - each says one thing of an address
    app: Flask,
    path: str,
    views: Mapping[str, View],
    words: Mapping[str, str],
    *,
    is_negotiated: bool = True,
    profile: str = "",
    is_collection: bool = False,
    offers: tuple[Representation, ...] = REPRESENTATIONS,
    media_types: tuple[str, ...] = (),
    is_public: bool = False,
) -> None:
    """Publish views under a path, with HEAD and OPTIONS.

    `words` says what each method does, for the OPTIONS body. What is not negotiated
    (a file's bytes) ignores Accept, but for its errors. `profile` is the resource
    whose schema describes it, `offers` are the formats of GET; what it is otherwise is
    for the description of the API (see `Route`).
    """
    note(
        app,
        Route(
            path,
            words,
            is_negotiated,
            profile,
            is_collection,
            offers,
            media_types,
            is_public,
        ),
    )
    methods = {*views, "OPTIONS", *(["HEAD"] if "GET" in views else [])}
    allow = ", ".join(sorted(methods))

    def options(call: Call, **_ids: Any) -> Response:
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
                    for method, text in words.items()
                    if method in methods
                ]
            },
        )
        return call.respond(document, headers={"Allow": allow, **extra})

    extra = _body_headers(views)
    for method, view in {**views, "OPTIONS": options}.items():
        app.add_url_rule(
            path,
            endpoint=f"{method} {path}",
            view_func=_handling(
                view,
                is_negotiated=is_negotiated or method == "OPTIONS",
                profile=profile,
                offers=offers if method == "GET" else REPRESENTATIONS,
            ),
            methods=[method],
            provide_automatic_options=False,
        )


def _body_headers(views: Mapping[str, View]) -> dict[str, str]:
    found = {}
    for method, header in (("POST", "Accept-Post"), ("PATCH", "Accept-Patch")):
        if method in views:
            found[header] = ", ".join(bodies.accepted(method))
    return found


def _handling(
    view: View,
    *,
    is_negotiated: bool,
    profile: str,
    offers: tuple[Representation, ...],
) -> Callable[..., Response]:
    def handle(**ids: Any) -> Response:
        call: Call = g.call
        call.profile, call.offers = profile, offers
        if is_negotiated:
            _ = call.choice
        return view(call, **ids)

    return handle


def open_call() -> None:
    """Make the call that the views and the error handler share.

    What cannot be understood is refused here, before the request is routed.
    """
    # The request itself, not the proxy, which looks it up each time.
    real: Request = request._get_current_object()  # type: ignore[attr-defined] # noqa: SLF001
    call = g.call = Call(current_app.extensions[EXTENSION], real)
    call.settle()


class ItemViews:
    """GET, PATCH, PUT and DELETE of one."""

    def __init__(self, kind: Kind, service: ItemService, catalogue: Catalogue) -> None:
        self.kind = kind
        self.declaration = kind.declaration
        self.documents = kind.documents
        self.service = service
        self.catalogue = catalogue

    def register(self, app: Flask) -> None:
        """Publish the views under the declaration's path."""
        path = self.declaration.path.replace("{id}", "<id:item_id>")
        views: dict[str, View] = {
            "GET": self.show,
            "PATCH": self.update,
            "PUT": self.replace,
            "DELETE": self.delete,
        }
        words = self.declaration.item_methods
        route(app, path, views, words, profile=self.declaration.name)

    def show(self, call: Call, item_id: int) -> Response:
        """Answer a GET."""
        query = call.query
        asked = item_query(query, self.kind, self.catalogue) if query else None
        record = self.service.find(call.db, call.principal, item_id)
        removable = self.offers_removal(call, record)
        zoom = asked.zoom if asked else ()
        around = version_of_all(call.db, store_of(record)) if zoom else None
        validators = self.validators(call, record, removable, around)
        unchanged = call.unchanged(validators)
        if unchanged:
            return unchanged
        fields = asked.fields if asked else None
        representation = call.choice.representation
        if not representation.embeds_items_whole:
            document = self.document(call, record, removable, fields=fields, zoom=zoom)
            return call.respond(document, headers=validators.headers)
        insides = self.insides(call, [record], zoom, representation)
        row = tuple(record.values())[: len(self.declaration.columns)]
        [body] = self.documents.fragments(
            [row], representation, call.place, fields=fields, insides=insides
        )
        [links] = self.documents.fragments([row], LINK_HEADER, call.place)
        written = f"{representation.prologue}{body}\n".encode()
        return call.finish(written, headers=validators.headers, links=links)

    def offers_removal(self, call: Call, record: Record) -> bool:
        """Tell whether the answer shows that the record can be deleted."""
        return self._offers_actions(call) and self.service.is_removable(call.db, record)

    def insides(
        self,
        call: Call,
        records: Sequence[Record],
        zoom: Sequence[Branch],
        representation: Representation | None = None,
    ) -> list[dict[str, Any]] | None:
        """Give what is embedded in records, None where that is nothing."""
        if not zoom and not any(record.get(ALWAYS_COUNT) for record in records):
            return None
        embedder = Embedder(call.db, self.catalogue, call.place, representation)
        return embedder.inside(self.kind, records, zoom)

    def validators(
        self,
        call: Call,
        record: Record,
        removable: object,
        around: int | None = None,
    ) -> Validators:
        """Tag a record as it is shown to this call.

        `around` is the version of what else is shown with it.
        """
        # Its dates are written in the time zone of its store.
        modified = max(record["date_modified"], record.get("store_modified", 0))
        return call.validators(
            record["revision"],
            modified if around is None else None,
            *(record["timezone"], removable, around),
        )

    @staticmethod
    def _offers_actions(call: Call) -> bool:
        return call.choice.representation.has_actions and call.principal.can_write

    def update(self, call: Call, item_id: int) -> Response:
        """Answer a PATCH: only what is sent changes."""
        return self._change(call, item_id, "PATCH")

    def replace(self, call: Call, item_id: int) -> Response:
        """Answer a PUT: what is not sent goes back to its default."""
        return self._change(call, item_id, "PUT")

    def delete(self, call: Call, item_id: int) -> Response:
        """Answer a DELETE."""
        principal = call.writer
        with call.writing() as tx:
            record = self.service.find(tx, principal, item_id)
            call.ensure_may_change(record)
            keys = self.service.remove(tx, record) or []
        for key in keys:
            call.installation.storage.delete(key)
        href = self.address(call, record)
        message = f"{self.declaration.name} {item_id} deleted successfully."
        document = Resource(
            classes=(self.declaration.name,),
            links=[Link("self", href, self.declaration.title.format_map(record))],
            properties={"message": message},
        )
        return call.done(lambda: document)

    def document(
        self,
        call: Call,
        record: Record,
        removable: bool,  # noqa: FBT001
        extra: Mapping[str, Value] | None = None,
        *,
        fields: tuple[str, ...] | None = None,
        zoom: Sequence[Branch] = (),
    ) -> Resource:
        """Build the document of a record, with its actions where they are shown."""
        inside = (self.insides(call, [record], zoom) or [NOTHING])[0]
        document = self.documents.resource(record, call.place, fields, inside)
        if self._offers_actions(call):
            document.actions = affordances.item_actions(
                self.declaration,
                str(document.href),
                document.properties,
                is_removable=removable,
            )
        if extra:
            document.properties = {**document.properties, **extra}
        return document

    def _change(self, call: Call, item_id: int, method: str) -> Response:
        schema = self.declaration.schema
        reader = bodies.Reader(schema, call.settings, call.installation.storage)
        reader.ensure_readable(call.request, method)
        principal = call.writer
        self.service.find(call.db, principal, item_id)
        # No connection is held while a body comes in at its sender's pace.
        call.close()
        with reader.read(call.request, method) as body:

            def checked(db: Snapshot) -> tuple[Record, dict[str, Any]]:
                record = self.service.find(db, principal, item_id)
                call.ensure_may_change(record)
                return record, self.changes(call, db, record, body, method)

            with keeping_file(call, body, checked) as file, call.writing() as tx:
                record, changes = checked(tx)
                if changes or file:
                    self.service.change(tx, record, changes, file)
                    record = self.service.find(tx, principal, item_id)
        removable = self.offers_removal(call, record)
        headers = self.validators(call, record, removable).headers
        return call.done(
            lambda: self.document(call, record, removable), headers=headers
        )

    def changes(
        self, call: Call, db: Snapshot, record: Record, body: bodies.Body, method: str
    ) -> dict[str, Any]:
        """Give the values that a body changes. Raises `Invalid`."""
        schema = self.declaration.schema
        values, errors = self._sent(call, record, body, method)
        errors += _file_problems(call, schema, body, is_new=False)
        errors += body.problems
        whole = {**record, **values}
        further = self.service.problems(db, record, whole)
        _ensure_valid(schema, whole, errors, further)
        return {k: v for k, v in values.items() if record[k] != v}

    def address(self, call: Call, record: Record) -> str:
        """Give the URL of a record."""
        return call.place.base + self.declaration.path.format_map(record)

    def _sent(
        self, call: Call, record: Record, body: bodies.Body, method: str
    ) -> tuple[dict[str, Any], list[FieldError]]:
        """Give the values that a body means for a record, and what is wrong."""
        schema = self.declaration.schema
        if body.patch is not None:
            shown = self.documents.resource(record, call.place).properties
            patched = json_patch.apply(body.patch, shown)
            sent = {
                name: patched.get(name)
                for name in {**shown, **patched}
                if name not in shown or patched.get(name, MISSING) != shown[name]
            }
            gone = shown.keys() - patched.keys()
            return schema.read_patch(_with_local_references(schema, sent, call), gone)
        return schema.read(
            _with_local_references(schema, body.values, call),
            partial=method == "PATCH",
            is_strict=call.preferences.is_strict,
        )


class CollectionViews:
    """GET of a page, and POST."""

    def __init__(self, items: ItemViews, path: str, service: CollectionService) -> None:
        self.items = items
        self.declaration = items.declaration
        self.path = path
        self.service = service
        self.filter_form = affordances.filter_form(items.kind)
        self.views: dict[str, View] = {"GET": self.show}
        self.words = dict(self.declaration.collection_methods)
        if self.service.create:
            one = self.declaration.label
            self.views |= {
                "POST": self.create,
                "PATCH": self.change_many,
                "DELETE": self.remove_many,
            }
            self.words["POST"] += ", or several of them (send a JSON array)"
            self.words["PATCH"] = f"Change each {one} of ?id:in=… alike"
            self.words["DELETE"] = f"Delete each {one} of ?id:in=…"
        else:
            self.words.pop("POST")

    def register(self, app: Flask) -> None:
        """Publish the views."""
        path = self.path.replace("{id}", "<id:owner_id>")
        route(
            app,
            path,
            self.views,
            self.words,
            profile=self.declaration.name,
            is_collection=True,
            offers=COLLECTION_REPRESENTATIONS,
        )

    def show(self, call: Call, owner_id: int = 0) -> Response:
        """Answer a GET with a page."""
        owner = self.service.owner(call.db, call.principal, owner_id)
        asked = self.asked(call, owner)
        validators = self.validators(call, owner, asked)
        unchanged = call.unchanged(validators)
        if unchanged:
            return unchanged
        if call.choice.representation is CSV:
            return self._table(call, owner, asked, validators)
        document = self.document(call, owner, asked)
        return call.respond(document, headers=validators.headers)

    def _table(
        self, call: Call, owner: Record, asked: Asked, validators: Validators
    ) -> Response:
        """Answer with all rows, or those of the page that is asked for, as a table.

        It is written to a file that may be any size, so that no slow reader keeps the
        database.
        """
        is_page = any(name in PAGING for name, _ in call.query)
        position = asked.window.offset if is_page else 0
        left = asked.window.limit if is_page else sys.maxsize
        names = self.declaration.columns
        table = SpooledTemporaryFile(MAX_TABLE_IN_MEMORY)  # noqa: SIM115 - sent later
        shown = asked.fields or ("id", *self.declaration.schema.shown)
        table.write(CSV.head(shown))
        while left > 0:
            window = Window(min(left, TABLE_ROWS), position)
            rows = self.service.page(call, owner, asked.selection, window).rows
            table.write(
                CSV.rows(
                    self.items.documents.resource(
                        dict(zip(names, row, strict=True)), call.place, shown
                    )
                    for row in rows
                )
            )
            position, left = position + len(rows), left - len(rows)
            if len(rows) < window.limit:
                break
        call.close()
        response = call.finish(b"", headers=validators.headers)
        disposition = f'attachment; filename="{self.declaration.plural}.csv"'
        response.headers["Content-Disposition"] = disposition
        response.headers["Content-Length"] = str(table.tell())
        table.seek(0)
        # Werkzeug closes what it has read.
        response.response = FileWrapper(table, TABLE_CHUNK)
        response.direct_passthrough = True
        return response

    def validators(self, call: Call, owner: Record, asked: Asked) -> Validators:
        """Tag a page as it is shown to this call."""
        version = self.service.version(call.db, owner)
        if asked.reaches_out:
            version = f"{version}.{version_of_all(call.db, store_of(owner))}"
        may_create = self.service.may_create(call.principal)
        return call.validators(version, None, owner.get("timezone"), may_create)

    def document(self, call: Call, owner: Record, asked: Asked) -> Resource:
        """Build the document of a page; the database is given back."""
        shown = asked.window
        page = self.service.page(call, owner, asked.selection, shown)
        embedded = self._embedded(call, page.rows, asked)
        call.close()
        returned = len(page.rows)
        representation = call.choice.representation
        document = Resource(
            classes=(self.declaration.plural, "collection"),
            href=call.url,
            properties={
                "total_items": str(page.total) if call.is_foxy else page.total,
                "returned_items": returned,
                "limit": shown.limit,
                "offset": shown.offset,
            },
            links=page_links(
                call.url,
                call.query,
                shown,
                total=page.total,
                returned=returned,
                foxy=call.is_foxy,
            ),
            embedded={self.declaration.collection_rel: embedded},
        )
        document.href = document.links[0].href
        if representation.has_actions:
            document.actions = self._actions(call)
        return document

    def asked(self, call: Call, owner: Record, *, is_usual: bool = True) -> Asked:
        """Read the query; without `is_usual`, what is archived is meant, too.

        Raises `BadRequest`.
        """
        return collection_query(
            call.query,
            self.items.kind,
            self.items.catalogue,
            zone=owner.get("timezone", "UTC"),
            base=call.place.base,
            usual=self.service.usual if is_usual else None,
        )

    def _embedded(self, call: Call, rows: Sequence[Row], asked: Asked) -> Embedded:
        items = self.items
        names = self.declaration.columns
        representation = call.choice.representation
        is_compiled = representation.slot is not None
        records: list[Record] = []
        if asked.zoom or not is_compiled or self._have_attributes(rows):
            records = [dict(zip(names, row, strict=True)) for row in rows]
        insides = items.insides(
            call, records, asked.zoom, representation if is_compiled else None
        )
        documents = items.documents
        if is_compiled:
            written = documents.fragments(
                rows,
                representation,
                call.place,
                fields=asked.fields,
                insides=insides,
            )
            return Rendered(written)
        return [
            documents.resource(record, call.place, asked.fields, inside)
            for record, inside in zip(
                records, insides or [NOTHING] * len(records), strict=True
            )
        ]

    def _have_attributes(self, rows: Sequence[Row]) -> bool:
        if ALWAYS_COUNT not in self.declaration.columns:
            return False
        position = self.declaration.columns.index(ALWAYS_COUNT)
        return any(row[position] for row in rows)

    def _actions(self, call: Call) -> list[Action]:
        actions = []
        if self.service.may_create(call.principal):
            actions = affordances.create_actions(self.declaration, call.url)
            if "DELETE" in self.views and names_ids(call.query):
                href = with_query(call.url, call.query)
                actions += affordances.several_actions(self.declaration, href)
        actions.append(
            affordances.filter_action(self.declaration, call.url, self.filter_form)
        )
        return actions

    def create(self, call: Call, owner_id: int = 0) -> Response:
        """Answer a POST."""
        service, schema = self.service, self.declaration.schema
        storage = call.installation.storage
        reader = bodies.Reader(schema, call.settings, storage, takes_many=True)
        reader.ensure_readable(call.request, "POST")
        principal = call.writer
        if not service.may_create(principal):
            raise Forbidden(
                f"creating {self.declaration.many} needs a token with the scope "
                f"{service.create_scope}; yours has {principal.scope}"
            )
        service.owner(call.db, principal, owner_id)
        call.close()
        try:
            with once(call) as state, reader.read(call.request, "POST") as body:
                state.read(body)
                if body.is_array:
                    return self._create_many(call, owner_id, body, state)
                return self._create_one(call, owner_id, body, state)
        except Done as done:
            return done.response

    def _create_one(
        self, call: Call, owner_id: int, body: bodies.Body, state: Once
    ) -> Response:
        service, schema, principal = self.service, self.declaration.schema, call.writer

        def checked(db: Snapshot) -> tuple[Record, dict[str, Any]]:
            owner = service.owner(db, principal, owner_id)
            values, errors = schema.read(
                _with_local_references(schema, body.values, call),
                partial=False,
                is_strict=call.preferences.is_strict,
            )
            errors += _file_problems(call, schema, body, is_new=True)
            errors += body.problems
            _ensure_valid(schema, values, errors, service.problems(db, owner, values))
            return owner, values

        with keeping_file(call, body, checked) as file, call.writing() as tx:
            owner, values = checked(tx)
            item_id, extra = service.create(tx, owner, values, file)  # type: ignore[misc]
            record = self.items.service.find(tx, principal, item_id)
            return state.keep(tx, self._created(call, record, extra))

    # -- several in one request ---------------------------------------------

    def _create_many(
        self, call: Call, owner_id: int, body: bodies.Body, state: Once
    ) -> Response:
        service, schema, principal = self.service, self.declaration.schema, call.writer
        is_strict = call.preferences.is_strict
        members = many(
            schema,
            body,
            is_strict=is_strict,
            prepared=lambda values: _with_local_references(schema, values, call),
        )
        with call.writing() as tx:
            owner = service.owner(tx, principal, owner_id)

            def create(member: Member) -> Result:
                values = member.values
                further = service.problems(tx, owner, values)
                _ensure_valid(schema, values, list(member.errors), further)
                item_id, extra = service.create(tx, owner, values, None)  # type: ignore[misc]
                message = f"{self.declaration.name} {item_id} created successfully."
                record = self.items.service.find(tx, principal, item_id)
                href = self.items.address(call, record)
                return Result(201, message, href, extra=extra)

            works = [partial(create, member) for member in members]
            results = each(tx, works, is_whole=is_strict)
            response = self._results(call, results, 201)
            return state.keep(tx, response)

    def change_many(self, call: Call, owner_id: int = 0) -> Response:
        """Answer a PATCH: the same change to each of the ids that are named."""
        schema = self.declaration.schema
        reader = bodies.Reader(schema, call.settings, call.installation.storage)
        reader.ensure_readable(call.request, "PATCH")
        with reader.read(call.request, "PATCH") as body:
            if body.upload is not None:
                raise BadRequest("a file is for one resource, not for several")

            def change(tx: Transaction, record: Record) -> Result:
                changes = self.items.changes(call, tx, record, body, "PATCH")
                if changes:
                    self.items.service.change(tx, record, changes, None)
                message = (
                    f"{self.declaration.name} {record['id']} changed successfully."
                )
                return Result(200, message, self.items.address(call, record))

            return self._each_named(call, owner_id, change)

    def remove_many(self, call: Call, owner_id: int = 0) -> Response:
        """Answer a DELETE of the ids that are named."""
        keys: list[str] = []

        def remove(tx: Transaction, record: Record) -> Result:
            keys.extend(self.items.service.remove(tx, record) or [])
            message = f"{self.declaration.name} {record['id']} deleted successfully."
            return Result(200, message, self.items.address(call, record))

        response = self._each_named(call, owner_id, remove)
        for key in keys:
            call.installation.storage.delete(key)
        return response

    def _each_named(
        self,
        call: Call,
        owner_id: int,
        work: Callable[[Transaction, Record], Result],
    ) -> Response:
        principal = call.writer
        ids = ids_of(call.query)
        with call.writing() as tx:
            owner = self.service.owner(tx, principal, owner_id)
            version = self.service.version(tx, owner)
            call.ensure_may_change({"revision": version, "date_modified": None})
            asked = self.asked(call, owner, is_usual=False)
            page = self.service.page(call, owner, asked.selection, Window(len(ids), 0))
            position = self.declaration.columns.index("id")
            there = {row[position] for row in page.rows}

            def one(item_id: int) -> Result:
                if item_id not in there:
                    text = f"there is no {self.declaration.label} {item_id} here"
                    raise NotFound(text)
                return work(tx, self.items.service.find(tx, principal, item_id))

            works = [partial(one, item_id) for item_id in ids]
            results = each(tx, works, is_whole=call.preferences.is_strict)
            return self._results(call, results, 200)

    def _results(self, call: Call, results: list[Result], usual: int) -> Response:
        found = results_document(call.url, results)
        return call.done(
            lambda: found,
            status_of(results, usual),
            # Which failed is said only here.
            may_be_empty=not any(r.is_failure or r.extra for r in results),
        )

    def _created(
        self, call: Call, record: Record, extra: Mapping[str, Value]
    ) -> Response:
        """Answer with what was created."""
        message = f"{self.declaration.name} {record['id']} created successfully."
        removable = self.items.offers_removal(call, record)
        headers = self.items.validators(call, record, removable).headers
        headers["Location"] = self.items.address(call, record)
        return call.done(
            lambda: self.items.document(
                call, record, removable, {**extra, "message": message}
            ),
            201,
            headers,
            # What only this answer has must not be lost.
            may_be_empty=not extra,
        )


def pages(listing: Listing) -> Callable[[Call, Record, Selection, Window], Page]:
    """Read pages of a listing whose owner has an id and a time zone."""

    def page(call: Call, owner: Record, selection: Selection, window: Window) -> Page:
        return listing.page(
            call.db,
            owner["id"],
            selection,
            limit=window.limit,
            offset=window.offset,
            timezone=owner["timezone"],
        )

    return page


def store_of(record: Record) -> int | None:
    """Give the store that a record belongs to or is; None for all of them."""
    found = record.get("store_id", record.get("id"))
    return None if found is None else int(found)


@contextmanager
def keeping_file(
    call: Call, body: bodies.Body, checked: Callable[[Snapshot], Any]
) -> Any:
    """Make an uploaded file durable before its row; take it back if none comes.

    What is wrong anyway is found before the disk is synced. A failure that is not
    a refusal leaves the blob: a commit may have happened, and a row must not lose
    its file.
    """
    if body.upload is None:
        yield None
        return
    checked(call.db)
    call.close()
    file = body.keep_file()
    try:
        yield file
    except (RequestError, Done) as error:
        if file and (isinstance(error, Done) or error.is_refusal):
            call.installation.storage.delete(file.blob.key)
        raise


def _ensure_valid(
    schema: ResourceSchema,
    whole: Record,
    errors: list[FieldError],
    further: Iterable[FieldError],
) -> None:
    named = {error.property for error in errors}
    for error in (*schema.unmet(whole), *further):
        if error.property not in named:
            named.add(error.property)
            errors.append(error)
    if errors:
        order = list(schema.fields)
        errors.sort(
            key=lambda e: order.index(e.property) if e.property in order else len(order)
        )
        raise Invalid.of(errors)


def _with_local_references(
    schema: ResourceSchema, values: Mapping[str, Any], call: Call
) -> dict[str, Any]:
    """Take our own address off the URLs of other resources.

    A schema knows paths only; an address elsewhere stays whole and is refused.
    """
    result = dict(values)
    for name in schema.references():
        value = result.get(name)
        if isinstance(value, list) and len(value) == 1:
            value = value[0]
        if isinstance(value, str):
            result[name] = value.strip().removeprefix(call.place.base)
    return result


def _file_problems(
    call: Call, schema: ResourceSchema, body: bodies.Body, *, is_new: bool
) -> list[FieldError]:
    """Miss a file where one was to come along, or find an address beside it."""
    if not schema.takes_file or call.request.mimetype != MULTIPART:
        return []
    url = body.values.get("url")
    if body.upload and url:
        message = "url can't be sent together with a file: send one of them"
        return [FieldError("url", "exclusive", message)]
    if is_new and not (body.upload or url or "file" in body.values or body.problems):
        message = "file can't be blank: send it as a file part, or send url"
        return [FieldError("file", "required", message)]
    return []
