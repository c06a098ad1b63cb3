"""Attributes: names with values that stores, categories and downloadables have."""

from collections.abc import Callable, Mapping
from typing import Any

from flask import Flask, Response

from app.database import Snapshot, Transaction
from app.http.context import RequestContext
from app.http.hypermedia.declaration import TO_STORE, Declaration, LinkTo, Relation
from app.http.hypermedia.registry import ResourceRegistry, ResourceType
from app.http.responses import respond_to_change
from app.http.views.bulk import read_members, refuse_all
from app.http.views.collection import CollectionViews, listing_page
from app.http.views.item import ItemViews
from app.http.views.operations import CollectionService, Created, ItemService
from app.http.views.write_request import write_request
from app.services.catalogue import attributes, downloadables, item_categories, stores
from app.services.catalogue.attributes import AttributeOwner
from app.services.principal import Principal
from app.services.rows.row_types import AttributeRow
from schemas.attribute import AttributeSchema

ATTRIBUTE = Declaration(
    name="attribute",
    plural="attributes",
    path="/attributes/{id}",
    title="This Attribute",
    description=(
        "An attribute is a name with a value that you give to a store, an item "
        "category or a downloadable. Collections can be filtered by them: "
        "attributes:name[color]=red."
    ),
    collection_description=(
        "The attributes of a resource, which are also embedded in it. Send several in "
        "one request: POST creates them, PATCH creates or changes them by name, PUT "
        "replaces them all."
    ),
    schema=AttributeSchema(),
    columns=attributes.SOURCE.names,
    links=(
        TO_STORE,
        LinkTo(
            "fx:item_category",
            "/item_categories/{item_category_id}",
            "Item Category of this attribute",
            when=("item_category_id",),
            relation=Relation("item_category", "item_category_id"),
        ),
        LinkTo(
            "fx:downloadable",
            "/downloadables/{downloadable_id}",
            "Downloadable of this attribute",
            when=("downloadable_id",),
            relation=Relation("downloadable", "downloadable_id"),
        ),
    ),
)
RESOURCE_TYPE = ResourceType(ATTRIBUTE, attributes.SOURCE, named_by="name")

Finder = Callable[[Snapshot, Principal, int], Mapping[str, Any]]

COLLECTIONS: tuple[tuple[str, AttributeOwner, Finder], ...] = (
    ("/stores/{id}/attributes", attributes.OF_STORE, stores.find_store),
    (
        "/item_categories/{id}/attributes",
        attributes.OF_CATEGORY,
        item_categories.find_category,
    ),
    (
        "/downloadables/{id}/attributes",
        attributes.OF_DOWNLOADABLE,
        downloadables.find_downloadable,
    ),
)


def _change(
    tx: Transaction, record: AttributeRow, values: dict[str, Any], _file: Any
) -> None:
    attributes.update_attribute(tx, record, values)


def _remove(tx: Transaction, record: AttributeRow) -> None:
    attributes.delete_attribute(tx, record)


class AttributesViews(CollectionViews):
    """The attributes of one owner, which can also be sent by name, several at once."""

    takes_arrays = frozenset({"POST", "PATCH", "PUT"})
    # A PATCH is by name here.
    gives_results = frozenset({"POST", "DELETE"})

    def __init__(
        self, items: ItemViews, path: str, owning: AttributeOwner, owner: Finder
    ) -> None:
        self.owning = owning

        def create(
            tx: Transaction,
            record: AttributeRow,
            values: dict[str, Any],
            _file: Any,
        ) -> Created:
            return Created(attributes.create_attribute(tx, owning, record, values))

        service = CollectionService[Any](
            owner=owner,
            # Whatever changes an attribute changes what it belongs to.
            version=lambda _db, record: record["revision"],
            page=listing_page(owning.listing),
            create=create,
        )
        super().__init__(items, path, service)
        self.views |= {"PATCH": self.patch, "PUT": self.put}
        self.summaries |= {
            "PATCH": "Create or change attributes by name (send one or several)",
            "PUT": "Replace all attributes (send all of them)",
        }

    def patch(self, context: RequestContext, owner_id: int) -> Response:
        """Handle a PATCH: create or change by name."""
        return self._put(context, owner_id, "PATCH")

    def put(self, context: RequestContext, owner_id: int) -> Response:
        """Handle a PUT: there are no others afterwards."""
        return self._put(context, owner_id, "PUT")

    def _put(self, context: RequestContext, owner_id: int, method: str) -> Response:
        schema = self.declaration.schema

        def authorize(principal: Principal) -> None:
            self.service.owner(context.db, principal, owner_id)

        with write_request(context, schema, authorize, takes_many=True) as body:
            several = read_members(
                schema, body, is_strict=context.preferences.is_strict
            )
        refuse_all(several, unique_by="name")
        with context.writing() as tx:
            owner = self.service.owner(tx, context.writer, owner_id)
            context.ensure_may_change(owner)
            attributes.put_attribute(
                tx,
                self.owning,
                owner,
                [member.values for member in several],
                is_whole=method == "PUT",
            )
            owner = self.service.owner(tx, context.writer, owner_id)
            asked = self.parse_query(context, owner)
            headers = self.validators(context, owner, asked).headers
            # Nothing that fails after the commit may turn it into a failure.
            document = self.document(context, owner, asked)
        return respond_to_change(context, lambda: document, headers=headers)


def register_routes(app: Flask, registry: ResourceRegistry) -> None:
    """Register the routes."""
    items = ItemViews(
        RESOURCE_TYPE,
        ItemService(find=attributes.find_attribute, change=_change, remove=_remove),
        registry,
    )
    items.register_routes(app)
    for path, owning, owner in COLLECTIONS:
        AttributesViews(items, path, owning, owner).register_routes(app)
