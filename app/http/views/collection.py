"""Views of a collection: read a page or a table, create, change several at once.

Tested in `tests/http/views/test_cached_pages.py`.
"""

import sys
from collections.abc import Callable, Sequence
from functools import partial
from tempfile import SpooledTemporaryFile
from typing import Any

from flask import Flask, Response
from werkzeug.wsgi import FileWrapper

from app.caching import cache_short_keys
from app.database import Row, Snapshot, Transaction
from app.errors import BadRequest, Forbidden, NotFound
from app.http.bodies.body_reader import Body
from app.http.context import RequestContext
from app.http.headers.conditional import Validators
from app.http.hypermedia import action_builder
from app.http.hypermedia.display import display_of, names_of_references
from app.http.hypermedia.document_builder import NOTHING
from app.http.media_types import MULTIPART
from app.http.pagination import PAGING, Query, Window, page_links, with_query
from app.http.query.parser import CollectionQuery, collection_query
from app.http.responses import (
    build_response,
    render,
    respond_to_change,
    respond_unchanged,
)
from app.http.routes import Route
from app.http.routing import View, publish_route
from app.http.views.bulk import (
    Member,
    Result,
    each_member,
    ids_of,
    named_ids,
    read_members,
    results_document,
    status_of,
)
from app.http.views.idempotency import IdempotentRequest
from app.http.views.item import ItemViews
from app.http.views.operations import CollectionService, Created, Record
from app.http.views.write_checks import (
    ensure_valid,
    file_problems,
    keeping_file,
    needed_file,
    store_of,
    with_local_references,
)
from app.http.views.write_request import write_once, write_request
from app.services.principal import Principal
from app.services.rows.listing import Listing, Page, Selection, version_of_all
from app.storage import CHUNK
from representations import (
    COLLECTION_REPRESENTATIONS,
    CSV,
    Action,
    Embedded,
    Rendered,
    Resource,
    Value,
)
from representations.csv_table import MARK

TABLE_ROWS = 1000
"""Rows that are read at once for a table."""

MAX_TABLE_IN_MEMORY = 2**20

CACHED_QUERIES = 32
"""Queries of one collection whose meaning is cached."""


Creation = Callable[[Transaction, Record, dict[str, Any], Any], Created]


class CollectionViews:
    """GET of a page or a table, POST, and changes of those that a query names."""

    takes_arrays = frozenset({"POST"})
    gives_results = frozenset({"POST", "PATCH", "DELETE"})

    def __init__(
        self, items: ItemViews, path: str, service: CollectionService[Any]
    ) -> None:
        self.items = items
        self.declaration = items.declaration
        self.path = path
        if path.startswith("/stores/"):
            items.collection_path = path
        self.service = service
        self.filter_form = action_builder.filter_form(items.kind)
        self._parse = cache_short_keys(
            lambda query, *_: sum([len(n) + len(v) for n, v in query]),
            entries=CACHED_QUERIES,
        )(self._parse_query)
        self.views: dict[str, View] = {"GET": self.show}
        self.summaries = dict(self.declaration.collection_methods)
        if self.service.create:
            one = self.declaration.label
            self.views |= {
                "POST": self.create,
                "PATCH": self.change_many,
                "DELETE": self.remove_many,
            }
            self.summaries["POST"] += ", or several of them (send a JSON array)"
            self.summaries["PATCH"] = f"Change each {one} of ?id:in=… alike"
            self.summaries["DELETE"] = f"Delete each {one} of ?id:in=…"
        else:
            self.summaries.pop("POST")

    def register_routes(self, app: Flask) -> None:
        """Register the routes."""
        path = self.path.replace("{id}", "<id:owner_id>")
        route = Route(
            path,
            self.summaries,
            profile=self.declaration.name,
            is_collection=True,
            offers=COLLECTION_REPRESENTATIONS,
            takes_arrays=self.takes_arrays,
            gives_results=self.gives_results,
        )
        publish_route(app, route, self.views)

    def show(self, context: RequestContext, owner_id: int = 0) -> Response:
        """Handle a GET with a page."""
        owner = self.service.owner(context.db, context.principal, owner_id)
        asked = self.parse_query(context, owner)
        validators = self.validators(context, owner, asked)
        unchanged = respond_unchanged(context, validators)
        if unchanged:
            return unchanged
        # Not from the page cache: a table may be very large.
        if context.choice.representation is CSV:
            return self._table(context, owner, asked, validators)
        pages = context.installation.page_cache
        # All that makes the bytes, so two clients share a page only if it would be the
        # same.
        key = f"{context.request.path} {validators.made_of}"
        # A form that was refused is shown once.
        page = None if context.failure else pages.get(key)
        if page is None:
            page = render(context, self.document(context, owner, asked))
            if not context.failure:
                pages.put(key, page)
        headers = validators.headers
        if page.languages:
            headers = {**headers, "Content-Language": page.languages}
        return build_response(context, page.body, headers=headers, links=page.links)

    def _table(
        self,
        context: RequestContext,
        owner: Record,
        asked: CollectionQuery,
        validators: Validators,
    ) -> Response:
        """Return all rows, or the requested page, as a table.

        It is written to a file that may be any size, so that no slow reader keeps the
        database.
        """
        is_page = any(name in PAGING for name, _ in context.query)
        position = asked.window.offset if is_page else 0
        left = asked.window.limit if is_page else sys.maxsize
        names = self.declaration.columns
        # Small tables stay in memory; large ones go to disk.
        table = SpooledTemporaryFile(MAX_TABLE_IN_MEMORY)  # noqa: SIM115 - sent later
        shown = asked.fields or ("id", *self.declaration.schema.shown)
        table.write(CSV.head(shown, MARK if asked.has_mark else ""))
        while left > 0:
            window = Window(min(left, TABLE_ROWS), position)
            rows = self.service.page(context, owner, asked.selection, window).rows
            table.write(
                CSV.rows(
                    self.items.documents.resource(
                        dict(zip(names, row, strict=True)),
                        context.render_context,
                        shown,
                    )
                    for row in self._localized(context, rows)
                )
            )
            position, left = position + len(rows), left - len(rows)
            # The last page; asking for an empty one would cost another query.
            if len(rows) < window.limit:
                break
        context.release_connection()
        response = build_response(context, b"", headers=validators.headers)
        disposition = f'attachment; filename="{self.declaration.plural}.csv"'
        response.headers["Content-Disposition"] = disposition
        # Known, because the whole table is written; so a client notices a broken
        # connection.
        response.headers["Content-Length"] = str(table.tell())
        table.seek(0)
        # Werkzeug closes what it has read.
        response.response = FileWrapper(table, CHUNK)
        response.direct_passthrough = True
        return response

    def validators(
        self, context: RequestContext, owner: Record, asked: CollectionQuery
    ) -> Validators:
        """Tag a page as it is shown to this call."""
        version = self.service.version(context.db, owner)
        # A change is about the collection, whatever else was shown with it.
        related_version = (
            version_of_all(context.db, store_of(owner)) if asked.reaches_out else None
        )
        may_create = self.service.may_create(context.principal)
        return context.validators(
            version,
            None,
            *(owner.get("timezone"), may_create, related_version),
            *self.items.choices(context, store_of(owner)),
        )

    def document(
        self, context: RequestContext, owner: Record, asked: CollectionQuery
    ) -> Resource:
        """Build the document of a page; the database is given back."""
        shown = asked.window
        page = self.service.page(context, owner, asked.selection, shown)
        embedded = self._embedded(context, self._localized(context, page.rows), asked)
        context.release_connection()
        returned = len(page.rows)
        representation = context.choice.representation
        document = Resource(
            classes=(self.declaration.plural, "collection"),
            href=context.url,
            properties={
                "total_items": str(page.total) if context.is_foxy else page.total,
                "returned_items": returned,
                "limit": shown.limit,
                "offset": shown.offset,
            },
            links=page_links(
                context.url,
                context.query,
                shown,
                total=page.total,
                returned=returned,
                foxy=context.is_foxy,
            ),
            embedded={self.declaration.collection_rel: embedded},
        )
        # The first link is self, with the query of this page.
        document.href = document.links[0].href
        if representation.has_actions:
            document.actions = self._actions(context, owner)
        if representation.is_for_people:
            document.display = display_of(self.items.kind)
        return document

    def _localized(self, context: RequestContext, rows: Sequence[Row]) -> Sequence[Row]:
        """Return rows in the language of the client."""
        localization = self.items.kind.localization
        return context.localized(localization, self.declaration.columns, rows)

    def parse_query(
        self, context: RequestContext, owner: Record, *, is_usual: bool = True
    ) -> CollectionQuery:
        """Read the query; without `is_usual`, what is archived is meant, too.

        Raise `BadRequest`.
        """
        zone = str(owner.get("timezone", "UTC"))
        return self._parse(context.query, zone, context.urls.base, is_usual)

    def _parse_query(
        self,
        query: Query,
        zone: str,
        base: str,
        is_usual: bool,  # noqa: FBT001
    ) -> CollectionQuery:
        return collection_query(
            query,
            self.items.kind,
            self.items.registry,
            zone=zone,
            base=base,
            default_filter=self.service.default_filter if is_usual else None,
        )

    def _embedded(
        self, context: RequestContext, rows: Sequence[Row], asked: CollectionQuery
    ) -> Embedded:
        items = self.items
        names = self.declaration.columns
        representation = context.choice.representation
        # HTML and CSV have no row templates and use the plain documents.
        is_compiled = representation.slot is not None
        records: list[Record] = []
        if asked.zoom or not is_compiled or self._embed_always(rows):
            records = [dict(zip(names, row, strict=True)) for row in rows]
        insides = items.insides(
            context, records, asked.zoom, representation if is_compiled else None
        )
        documents = items.documents
        if is_compiled:
            written = documents.fragments(
                rows,
                representation,
                context.render_context,
                fields=asked.fields,
                insides=insides,
            )
            return Rendered(written)
        columns = display_of(items.kind).names
        if representation.is_for_people and columns and not (asked.fields or insides):
            found = [
                documents.table_row(record, context.render_context, columns)
                for record in records
            ]
        else:
            found = [
                documents.resource(record, context.render_context, asked.fields, inside)
                for record, inside in zip(
                    records, insides or [NOTHING] * len(records), strict=True
                )
            ]
        if representation.is_for_people:
            base = context.urls.base
            known = names_of_references(
                context.db, items.registry, items.kind, records, base
            )
            for document in found:
                document.display, document.names = display_of(items.kind), known
        return found

    def _embed_always(self, rows: Sequence[Row]) -> bool:
        """Return whether rows have something that is always embedded."""
        always = self.items.kind.always_embedded
        if always is None:
            return False
        position = self.declaration.columns.index(always.counted_by)
        return any(row[position] for row in rows)

    def _actions(self, context: RequestContext, owner: Record) -> list[Action]:
        actions = []
        if self.service.may_create(context.principal):
            actions = action_builder.create_actions(
                self.declaration,
                context.url,
                self.items.choices(context, store_of(owner)),
            )
            # Bulk changes are offered only for an explicit list of ids, never for a
            # whole collection.
            if named_ids(context.query):
                href = with_query(context.url, context.query)
                actions += action_builder.several_actions(
                    self.declaration, href, can_update="PATCH" in self.gives_results
                )
        actions.append(
            action_builder.filter_action(
                self.declaration, context.url, self.filter_form
            )
        )
        return actions

    def create(self, context: RequestContext, owner_id: int = 0) -> Response:
        """Handle a POST."""
        service = self.service

        def authorize(principal: Principal) -> None:
            if not service.may_create(principal):
                raise Forbidden(
                    f"creating {self.declaration.many} needs a token with the scope "
                    f"{service.create_scope}; yours has {principal.scope}"
                )
            service.owner(context.db, principal, owner_id)

        def respond(body: Body, state: IdempotentRequest) -> Response:
            create = self._create_many if body.is_array else self._create_one
            return create(context, owner_id, body, state)

        schema = self.declaration.schema
        return write_once(context, schema, authorize, respond, takes_many=True)

    @property
    def _creation(self) -> Creation:
        """The function that creates a resource. Raise `TypeError` if there is none."""
        if self.service.create is None:
            raise TypeError(f"no {self.declaration.name} can be created here")
        return self.service.create

    def _create_one(
        self,
        context: RequestContext,
        owner_id: int,
        body: Body,
        state: IdempotentRequest,
    ) -> Response:
        service, schema = self.service, self.declaration.schema
        create, principal = self._creation, context.writer

        values, wrong = schema.read(
            with_local_references(schema, body.values, context),
            partial=False,
            is_strict=context.preferences.is_strict,
        )
        wrong += file_problems(context, schema, body, is_new=True)
        wrong += body.problems

        def checked(db: Snapshot) -> Record:
            owner: Record = service.owner(db, principal, owner_id)
            errors = [*wrong]
            ensure_valid(schema, values, errors, service.problems(db, owner, values))
            return owner

        with keeping_file(context, body, checked) as file, context.writing() as tx:
            # Checked again inside the transaction: another request may have changed
            # what was checked.
            owner = checked(tx)
            made = create(tx, owner, values, file)
            record = self.items.service.find(tx, principal, made.id)
            respond = self._created(context, record, made)
            # The stored response must be committed with its effect, so it is rendered
            # inside.
            if state.has_key:
                return state.store_response(tx, respond())
        # Others need not wait for their turn to write while this is rendered.
        return respond()

    # -- several in one request ---------------------------------------------

    def _create_many(
        self,
        context: RequestContext,
        owner_id: int,
        body: Body,
        state: IdempotentRequest,
    ) -> Response:
        service, schema = self.service, self.declaration.schema
        create, principal = self._creation, context.writer
        is_strict = context.preferences.is_strict
        if not body.members:
            raise BadRequest(
                f"the array is empty: put the {self.declaration.many} to create into it"
            )
        members = read_members(
            schema,
            body,
            is_strict=is_strict,
            prepared=lambda values: with_local_references(schema, values, context),
        )
        with context.writing() as tx:
            owner = service.owner(tx, principal, owner_id)

            def created(member: Member) -> Result:
                values = member.values
                rule_errors = [*service.problems(tx, owner, values)]
                if schema.needs_file:
                    rule_errors += needed_file(has_file=False, is_new=True)
                ensure_valid(schema, values, list(member.errors), rule_errors)
                made = create(tx, owner, values, None)
                record = self.items.service.find(tx, principal, made.id)
                href = self.items.address(context, record)
                status, message = self._outcome(made)
                return Result(status, message, href, extra=_extra(context, made))

            works = [partial(created, member) for member in members]
            results = each_member(tx, works, is_whole=is_strict)
            response = self._results(context, results, 201)
            return state.store_response(tx, response)

    def change_many(self, context: RequestContext, owner_id: int = 0) -> Response:
        """Handle a PATCH: the same change to each of the ids that are named."""

        def authorize(principal: Principal) -> None:
            self.service.owner(context.db, principal, owner_id)
            ids_of(context.query)
            if context.request.mimetype == MULTIPART:
                raise BadRequest(
                    "a file is for one resource, not for several: send JSON"
                )

        with write_request(context, self.declaration.schema, authorize) as body:
            # The form has no values to start from: what is empty was not filled in.
            body.values = {n: v for n, v in body.values.items() if v not in ("", [])}
            sent = self.items.sent(context, body, "PATCH")

            def change(tx: Transaction, record: Record) -> Result:
                changes = self.items.changes(context, tx, record, body, sent)
                if changes:
                    self.items.apply(context, tx, record, changes, None)
                message = self.declaration.done(record["id"], "changed")
                return Result(200, message, self.items.address(context, record))

            return self._each_named(context, owner_id, change)

    def remove_many(self, context: RequestContext, owner_id: int = 0) -> Response:
        """Handle a DELETE of the ids that are named."""
        keys: list[str] = []

        def remove(tx: Transaction, record: Record) -> Result:
            keys.extend(self.items.service.remove(tx, record) or [])
            message = self.declaration.done(record["id"], "deleted")
            return Result(200, message, self.items.address(context, record))

        response = self._each_named(context, owner_id, remove)
        context.installation.removal.remove(keys)
        return response

    def _each_named(
        self,
        context: RequestContext,
        owner_id: int,
        work: Callable[[Transaction, Record], Result],
    ) -> Response:
        principal = context.writer
        ids = ids_of(context.query)
        with context.writing() as tx:
            owner = self.service.owner(tx, principal, owner_id)
            version = self.service.version(tx, owner)
            context.ensure_may_change({"revision": version, "date_modified": None})
            asked = self.parse_query(context, owner, is_usual=False)
            page = self.service.page(
                context, owner, asked.selection, Window(len(ids), 0)
            )
            position = self.declaration.columns.index("id")
            there = {row[position] for row in page.rows}

            def one(item_id: int) -> Result:
                if item_id not in there:
                    text = f"there is no {self.declaration.label} {item_id} here"
                    raise NotFound(text)
                return work(tx, self.items.service.find(tx, principal, item_id))

            works = [partial(one, item_id) for item_id in ids]
            results = each_member(tx, works, is_whole=context.preferences.is_strict)
            return self._results(context, results, 200)

    def _results(
        self, context: RequestContext, results: list[Result], success_status: int
    ) -> Response:
        found = results_document(context.url, results)
        return respond_to_change(
            context,
            lambda: found,
            status_of(results, success_status),
            # Only the body says which failed, and what was created.
            may_be_empty=success_status != 201  # noqa: PLR2004
            and not any(r.is_failure for r in results),
            after=context.url,
        )

    def _outcome(self, made: Created, *, for_people: bool = False) -> tuple[int, str]:
        """Return status and message of what was created, or there already."""
        if made.is_new:
            message = self.declaration.done(made.id, "created", for_people=for_people)
            return 201, message
        return 200, f"{self.declaration.name} {made.id} is there already."

    def _created(
        self, context: RequestContext, record: Record, made: Created
    ) -> Callable[[], Response]:
        """Return a function that builds the response without reading the database."""
        for_people = context.choice.representation.is_for_people
        status, message = self._outcome(made, for_people=for_people)
        removable = self.items.offers_removal(context, record)
        headers = self.items.validators(context, record, removable).headers
        headers["Location"] = self.items.address(context, record)
        extra = _extra(context, made)
        shown = {**extra, "message": message}
        document = self.items.document(context, record, removable, shown)
        document.once = tuple(extra)
        return partial(
            respond_to_change,
            context,
            lambda: document,
            status,
            headers,
            # What only this answer has must not be lost.
            may_be_empty=not extra,
        )


def _extra(context: RequestContext, made: Created) -> dict[str, Value]:
    """Return the properties that only the answer to a creation has."""
    base = context.urls.base
    return {
        **made.extra,
        **{name: base + path for name, path in made.addresses.items()},
    }


def listing_page(
    listing: Listing,
) -> Callable[[RequestContext, Record, Selection, Window], Page]:
    """Read pages of a listing whose owner has an id and a time zone."""

    def page(
        context: RequestContext, owner: Record, selection: Selection, window: Window
    ) -> Page:
        return listing.page(
            context.db,
            owner["id"],
            selection,
            limit=window.limit,
            offset=window.offset,
            timezone=owner["timezone"],
        )

    return page
