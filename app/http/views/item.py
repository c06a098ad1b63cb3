"""Views of one resource: GET, PATCH, PUT and DELETE.

Tested in `tests/resources/test_item_categories.py`.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from flask import Flask, Response

from app.database import Snapshot, Transaction
from app.http.bodies import body_reader, json_patch
from app.http.context import RequestContext
from app.http.headers.conditional import Validators, entity_tag
from app.http.hypermedia import action_builder
from app.http.hypermedia.action_builder import Choices
from app.http.hypermedia.declaration import STANDARD_METHODS
from app.http.hypermedia.display import display_of, names_of_references
from app.http.hypermedia.document_builder import NOTHING
from app.http.hypermedia.embedding import Embedder
from app.http.hypermedia.registry import ResourceRegistry, ResourceType, ZoomNode
from app.http.query.parser import item_query
from app.http.responses import (
    build_response,
    respond,
    respond_to_change,
    respond_unchanged,
)
from app.http.routes import Route
from app.http.routing import View, publish_route
from app.http.views.choices import choices_of
from app.http.views.idempotency import Replay, idempotent
from app.http.views.operations import ItemService, Record, not_supported
from app.http.views.write_checks import (
    ensure_valid,
    file_problems,
    keeping_file,
    store_of,
    with_local_references,
)
from app.http.views.write_request import write_request
from app.services.principal import Principal
from app.services.rows.listing import version_of_all
from app.storage import NewFile
from representations import (
    LINK_HEADER,
    Action,
    Link,
    Representation,
    Resource,
    Value,
)
from schemas.base.errors import FieldError

Sent = tuple[dict[str, Any], list[FieldError]]
"""The values that were sent, by column, and what is wrong with them."""

MISSING = object()
RUN = "run"
ACTIONS = frozenset({"POST"})


class ItemViews:
    """GET, PATCH, PUT and DELETE of one."""

    def __init__(
        self, kind: ResourceType, service: ItemService[Any], registry: ResourceRegistry
    ) -> None:
        self.kind = kind
        self.declaration = kind.declaration
        self.documents = kind.documents
        self.service = service
        self.registry = registry
        self.collection_path = ""
        """The path of the collection of a store: where a page leads after a delete."""

    def register_routes(self, app: Flask) -> None:
        """Register the routes under the declaration's path."""
        path = self.declaration.path.replace("{id}", "<id:item_id>")
        service, action = self.service, self.service.action
        views: dict[str, View] = {"GET": self.show}
        summaries = dict(self.declaration.item_methods)
        if service.change is not not_supported:
            views |= {"PATCH": self.update, "PUT": self.replace}
        if service.remove is not not_supported:
            views["DELETE"] = self.delete
        if action:
            views["POST"] = self.do
            summaries["POST"] = action.summary
        offered = {*views, *STANDARD_METHODS}
        summaries = {
            method: summaries[method] for method in summaries if method in offered
        }
        name = self.declaration.name
        publish_route(app, Route(path, summaries, profile=name, actions=ACTIONS), views)
        if action and action.suffix:
            summaries = {method: summaries[method] for method in ("POST", "OPTIONS")}
            # The action has its own address as well, for clients that find it by its
            # link.
            route = Route(
                f"{path}/{action.suffix}", summaries, profile=name, actions=ACTIONS
            )
            publish_route(app, route, {"POST": self.do})

    def do(self, context: RequestContext, item_id: int) -> Response:
        """Handle a POST by the resource's own operation."""
        action = self.service.action
        if action is None:
            raise TypeError(f"{self.declaration.name} has no action")
        principal = context.writer
        try:
            with idempotent(context) as state:
                # An action takes no body, so a repeated key means the same request.
                state.read(body_reader.Body({}))
                with context.writing() as tx:
                    record = self.service.find(tx, principal, item_id)
                    context.ensure_matches(record)
                    action.do(tx, record)
                    record = self.service.find(tx, principal, item_id)
                    message = action.message.format_map(record)
                    respond = self._changed(context, record, {"message": message})
                    if state.has_key:
                        return state.store_response(tx, respond())
            return respond()
        except Replay as done:
            return done.response

    def _changed(
        self,
        context: RequestContext,
        record: Record,
        extra: Mapping[str, Value] | None = None,
    ) -> Callable[[], Response]:
        """Return a function that builds the response without reading the database.

        So nothing that fails after the commit turns it into a failure.
        """
        removable = self.offers_removal(context, record)
        headers = self.validators(context, record, removable).headers
        document = self.document(context, record, removable, extra)
        return partial(respond_to_change, context, lambda: document, headers=headers)

    def show(self, context: RequestContext, item_id: int) -> Response:
        """Handle a GET."""
        query = context.query
        asked = item_query(query, self.kind, self.registry) if query else None
        record = self.service.find(context.db, context.principal, item_id)
        removable = self.offers_removal(context, record)
        zoom = asked.zoom if asked else ()
        # Embedded resources change without this one, so its ETag includes the version
        # of everything in the store.
        related_version = version_of_all(context.db, store_of(record)) if zoom else None
        validators = self.validators(context, record, removable, related_version)
        # Before anything is rendered: a 304 must cost no more than the lookup.
        unchanged = respond_unchanged(context, validators)
        if unchanged:
            return unchanged
        fields = asked.fields if asked else None
        representation = context.choice.representation
        # In Siren, HAL-FORMS and HTML an item has actions, which it does not have in a
        # page; so it is rendered in full.
        if not representation.embeds_items_whole:
            document = self.document(
                context, record, removable, fields=fields, zoom=zoom
            )
            return respond(context, document, headers=validators.headers)
        insides = self.insides(context, [record], zoom, representation)
        shown = self.localized(context, record)
        # Columns that only one is looked up with come last, and are left out.
        row = tuple(shown.values())[: len(self.declaration.columns)]
        [body] = self.documents.fragments(
            [row],
            representation,
            context.render_context,
            fields=fields,
            insides=insides,
        )
        [links] = self.documents.fragments([row], LINK_HEADER, context.render_context)
        written = f"{representation.prologue}{body}\n".encode()
        return build_response(context, written, headers=validators.headers, links=links)

    def offers_removal(self, context: RequestContext, record: Record) -> bool:
        """Return whether the response offers to delete the record."""
        if self.service.remove is not_supported or not self._offers_actions(context):
            return False
        return self.service.is_removable(context.db, record)

    def insides(
        self,
        context: RequestContext,
        records: Sequence[Record],
        zoom: Sequence[ZoomNode],
        representation: Representation | None = None,
    ) -> list[dict[str, Any]] | None:
        """Return the embedded resources of each record, None if there are none."""
        # The counts are columns of the row: a resource without attributes costs no
        # query for them.
        always = self.kind.always_embedded
        has_some = always and any(record[always.counted_by] for record in records)
        if not zoom and not has_some:
            return None
        embedder = Embedder(
            context.db,
            self.registry,
            context.render_context,
            representation,
            context.localized,
        )
        return embedder.inside(self.kind, records, zoom)

    def validators(
        self,
        context: RequestContext,
        record: Record,
        removable: object,
        related_version: int | None = None,
    ) -> Validators:
        """Tag a record as it is shown to this call.

        `related_version` is the version of what else is shown with it.
        """
        # Its dates are written in the time zone of its store.
        modified = max(
            record["date_modified"],
            record.get("store_modified", 0),
            # What is counted is no change, but shown.
            record.get("date_counted") or 0,
        )
        return context.validators(
            record["revision"],
            # What is embedded has dates of its own, so a Last-Modified would be a
            # guess.
            modified if related_version is None else None,
            *(record["timezone"], removable, related_version),
            *(record.get("number_of_downloads"), record.get("date_counted")),
            *self.choices(context, store_of(record)),
        )

    def choices(
        self, context: RequestContext, store_id: int | None
    ) -> tuple[Choices, ...]:
        """Return the choices of the fields of forms, where the format has forms."""
        if store_id is None or not self._offers_actions(context):
            return ()
        name = self.declaration.name
        if name not in context.choices:
            is_listed = context.choice.representation.lists_choices
            context.choices[name] = choices_of(
                context.db if is_listed else None,
                self.registry,
                self.kind,
                store_id,
                context.urls.base,
            )
        return context.choices[name]

    @staticmethod
    def _offers_actions(context: RequestContext) -> bool:
        return context.choice.representation.has_actions and context.principal.can_write

    def update(self, context: RequestContext, item_id: int) -> Response:
        """Handle a PATCH: only what is sent changes."""
        return self._change(context, item_id, "PATCH")

    def replace(self, context: RequestContext, item_id: int) -> Response:
        """Handle a PUT: properties that are not sent get their defaults."""
        return self._change(context, item_id, "PUT")

    def delete(self, context: RequestContext, item_id: int) -> Response:
        """Handle a DELETE."""
        principal = context.writer
        with context.writing() as tx:
            record = self.service.find(tx, principal, item_id)
            context.ensure_may_change(record)
            keys = self.service.remove(tx, record) or []
        # Only after the commit: what a rollback restores must find its bytes.
        context.installation.removal.remove(keys)
        href = self.address(context, record)
        after = self.collection_path.format(id=store_of(record))
        for_people = context.choice.representation.is_for_people
        message = self.declaration.done(item_id, "deleted", for_people=for_people)
        document = Resource(
            classes=(self.declaration.name,),
            links=[Link("self", href, self.declaration.title.format_map(record))],
            properties={"message": message},
        )
        after = context.urls.base + after if after else f"{context.urls.base}/"
        return respond_to_change(context, lambda: document, after=after)

    def document(
        self,
        context: RequestContext,
        record: Record,
        removable: bool,  # noqa: FBT001
        extra: Mapping[str, Value] | None = None,
        *,
        fields: tuple[str, ...] | None = None,
        zoom: Sequence[ZoomNode] = (),
    ) -> Resource:
        """Build the document of a record, with its actions where they are shown."""
        inside = (self.insides(context, [record], zoom) or [NOTHING])[0]
        record = self.localized(context, record)
        document = self.documents.resource(
            record, context.render_context, fields, inside
        )
        if context.choice.representation.is_for_people:
            document.display = display_of(self.kind)
            document.names = names_of_references(
                context.db, self.registry, self.kind, [record], context.urls.base
            )
            # The revision alone counts: the page is another one for each viewer.
            document.etag = entity_tag(record["revision"], "")
            document.sections = self.service.page_sections(context, record)
        if self._offers_actions(context):
            document.actions = action_builder.item_actions(
                self.declaration,
                str(document.href),
                document.properties,
                is_changeable=self.service.change is not not_supported,
                is_removable=removable,
                choices=self.choices(context, store_of(record)),
            )
            document.actions = [*document.actions, *self._further(document, record)]
        if extra:
            document.properties = {**document.properties, **extra}
        return document

    def localized(self, context: RequestContext, record: Record) -> Record:
        """Return a record in the language of the client."""
        localization = self.kind.localization
        if localization is None or not context.languages:
            return record
        names, values = tuple(record), tuple(record.values())
        [row] = context.localized(localization, names, [values])
        return dict(zip(record, row, strict=True))

    def _further(self, document: Resource, record: Record) -> Iterator[Action]:
        """Yield the actions that only this type of resource has."""
        href, action = str(document.href), self.service.action
        if action and action.is_offered(record):
            yield Action(action.name, action.title, "POST", href, classes=(RUN,))
        yield from self.service.extra_actions(href)

    def _change(self, context: RequestContext, item_id: int, method: str) -> Response:
        schema = self.declaration.schema

        def authorize(principal: Principal) -> None:
            self.service.find(context.db, principal, item_id)

        with write_request(context, schema, authorize) as body:
            principal = context.writer
            sent = self.sent(context, body, method)

            def checked(db: Snapshot) -> tuple[Record, dict[str, Any]]:
                record = self.service.find(db, principal, item_id)
                context.ensure_may_change(record)
                return record, self.changes(context, db, record, body, sent)

            with keeping_file(context, body, checked) as file, context.writing() as tx:
                record, changes = checked(tx)
                if changes or file:
                    self.apply(context, tx, record, changes, file)
                    record = self.service.find(tx, principal, item_id)
                respond = self._changed(context, record)
        return respond()

    def sent(
        self, context: RequestContext, body: body_reader.Body, method: str
    ) -> Sent | None:
        """Return the values of a body by column, and what is wrong with them.

        None for a JSON Patch, which means nothing without the record.
        """
        if body.patch is not None:
            return None
        schema = self.declaration.schema
        return schema.read(
            with_local_references(schema, body.values, context),
            partial=method == "PATCH",
            is_strict=context.preferences.is_strict,
        )

    def changes(
        self,
        context: RequestContext,
        db: Snapshot,
        record: Record,
        body: body_reader.Body,
        sent: Sent | None,
    ) -> dict[str, Any]:
        """Return the values that a body changes. Raise `Invalid`."""
        schema = self.declaration.schema
        values, wrong = sent or self._patched(context, record, body)
        errors = [*wrong, *file_problems(context, schema, body, is_new=False)]
        errors += body.problems
        # Rules are about the whole resource, so an unchanged property can be at fault,
        # too.
        whole = {**record, **values}
        rule_errors = self.service.problems(db, record, whole)
        ensure_valid(schema, whole, errors, rule_errors)
        shown = self.localized(context, record)
        # Compared with what the client saw: sending a translated text back unchanged
        # changes nothing.
        return {k: v for k, v in values.items() if shown[k] != v}

    def apply(
        self,
        context: RequestContext,
        tx: Transaction,
        record: Record,
        changes: dict[str, Any],
        file: NewFile | None,
    ) -> None:
        """Apply changes; texts are changed in the language in which they were read."""
        localization, texts = self.kind.localization, {}
        language = None
        if localization is not None and context.languages:
            language = localization.language_of(tx, record, context.languages)
            texts = {n: v for n, v in changes.items() if n in localization.names}
        if localization is not None and language and texts:
            localization.put(tx, record, language, texts)
            # Storing a translation changed the revision of the resource.
            record = self.service.find(tx, context.principal, record["id"])
            changes = {n: v for n, v in changes.items() if n not in texts}
            if not changes and not file:
                return
        self.service.change(tx, record, changes, file)

    def address(self, context: RequestContext, record: Record) -> str:
        """Return the URL of a record."""
        return context.urls.base + self.declaration.path.format_map(record)

    def _patched(
        self, context: RequestContext, record: Record, body: body_reader.Body
    ) -> Sent:
        """Apply a JSON Patch to a record; return the values that it changes."""
        schema = self.declaration.schema
        record = self.localized(context, record)
        # A JSON Patch is written against the representation that the client got (RFC
        # 6902).
        shown = self.documents.resource(record, context.render_context).properties
        patched = json_patch.apply_patch(body.patch, shown)
        sent = {
            name: patched.get(name)
            for name in {**shown, **patched}
            if name not in shown or patched.get(name, MISSING) != shown[name]
        }
        gone = shown.keys() - patched.keys()
        return schema.read_patch(with_local_references(schema, sent, context), gone)
