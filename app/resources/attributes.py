"""Attributes: names with values that stores, categories and downloadables have."""

from collections.abc import Callable, Mapping
from typing import Any

from flask import Flask, Response

from app.database import Snapshot, Transaction
from app.http.bodies.body_reader import Reader
from app.http.context import Call
from app.http.hypermedia.declaration import TO_STORE, Declaration, LinkTo, Relation
from app.http.hypermedia.registry import Catalogue, Kind
from app.http.routing import CollectionService, ItemService, Made
from app.http.views.bulk import many, refuse_all
from app.http.views.collection import CollectionViews, pages
from app.http.views.item import ItemViews
from app.services.auth.authentication import Principal
from app.services.catalogue import attributes, downloadables, item_categories, stores
from app.services.catalogue.attributes import Owning
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
KIND = Kind(ATTRIBUTE, attributes.SOURCE, named_by="name")

Finder = Callable[[Snapshot, Principal, int], Mapping[str, Any]]

COLLECTIONS: tuple[tuple[str, Owning, Finder], ...] = (
    ("/stores/{id}/attributes", attributes.OF_STORE, stores.find),
    ("/item_categories/{id}/attributes", attributes.OF_CATEGORY, item_categories.find),
    ("/downloadables/{id}/attributes", attributes.OF_DOWNLOADABLE, downloadables.find),
)


def _change(
    tx: Transaction, record: Mapping[str, Any], values: dict[str, Any], _file: Any
) -> None:
    attributes.change(tx, record, values)


def _remove(tx: Transaction, record: Mapping[str, Any]) -> None:
    attributes.remove(tx, record)


class AttributesViews(CollectionViews):
    """The attributes of one owner, which can also be sent by name, several at once."""

    takes_arrays = frozenset({"POST", "PATCH", "PUT"})
    # A PATCH is by name here.
    gives_results = frozenset({"POST", "DELETE"})

    def __init__(
        self, items: ItemViews, path: str, owning: Owning, owner: Finder
    ) -> None:
        self.owning = owning

        def create(
            tx: Transaction,
            record: Mapping[str, Any],
            values: dict[str, Any],
            _file: Any,
        ) -> Made:
            return Made(attributes.create(tx, owning, record, values))

        service = CollectionService(
            owner=owner,
            # Whatever changes an attribute changes what it belongs to.
            version=lambda _db, record: record["revision"],
            page=pages(owning.listing),
            create=create,
        )
        super().__init__(items, path, service)
        self.views |= {"PATCH": self.patch, "PUT": self.put}
        self.words |= {
            "PATCH": "Create or change attributes by name (send one or several)",
            "PUT": "Replace all attributes (send all of them)",
        }

    def patch(self, call: Call, owner_id: int) -> Response:
        """Answer a PATCH: create or change by name."""
        return self._put(call, owner_id, "PATCH")

    def put(self, call: Call, owner_id: int) -> Response:
        """Answer a PUT: there are no others afterwards."""
        return self._put(call, owner_id, "PUT")

    def _put(self, call: Call, owner_id: int, method: str) -> Response:
        schema = self.declaration.schema
        reader = Reader(
            schema, call.settings, call.installation.storage, takes_many=True
        )
        reader.ensure_readable(call.request, method)
        principal = call.writer
        self.service.owner(call.db, principal, owner_id)
        call.close()
        with reader.read(call.request, method) as body:
            several = many(schema, body, is_strict=call.preferences.is_strict)
        refuse_all(several, unique_by="name")
        with call.writing() as tx:
            owner = self.service.owner(tx, principal, owner_id)
            call.ensure_may_change(owner)
            attributes.put(
                tx,
                self.owning,
                owner,
                [member.values for member in several],
                is_whole=method == "PUT",
            )
            owner = self.service.owner(tx, principal, owner_id)
        asked = self.asked(call, owner)
        headers = self.validators(call, owner, asked).headers
        return call.done(lambda: self.document(call, owner, asked), headers=headers)


def register(app: Flask, catalogue: Catalogue) -> None:
    """Publish the views."""
    items = ItemViews(
        KIND,
        ItemService(find=attributes.find, change=_change, remove=_remove),
        catalogue,
    )
    items.register(app)
    for path, owning, owner in COLLECTIONS:
        AttributesViews(items, path, owning, owner).register(app)
