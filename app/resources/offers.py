"""Offers: how a downloadable is offered by a shop.

Tested in `tests/resources/test_downloadables.py`.
"""

from typing import Any

from flask import Flask

from app.database import Transaction
from app.http.hypermedia.declaration import TO_STORE, Declaration, LinkTo, Relation
from app.http.hypermedia.registry import ResourceRegistry, ResourceType
from app.http.views.item import ItemViews
from app.http.views.operations import ItemService
from app.services.catalogue import offers
from app.services.rows.row_types import OfferRow
from schemas.offer import OfferSchema

OFFER = Declaration(
    name="offer",
    plural="offers",
    path="/downloadables/{id}/offer",
    title="Offer of this downloadable",
    description=(
        "How a shop offers a downloadable: sale price, periods, how many can be "
        "bought, and words to find it by. It is for the shop to keep to; what was "
        "bought is downloaded whatever it says."
    ),
    collection_description="How a shop offers its downloadables.",
    schema=OfferSchema(),
    columns=offers.SOURCE.names,
    links=(
        TO_STORE,
        LinkTo(
            "fx:downloadable",
            "/downloadables/{id}",
            "Downloadable of this offer",
            relation=Relation("downloadable", "id"),
        ),
    ),
)
RESOURCE_TYPE = ResourceType(OFFER, offers.SOURCE)


def _change(
    tx: Transaction, record: OfferRow, values: dict[str, Any], _file: Any
) -> None:
    offers.update_offer(tx, record, values)


def register_routes(app: Flask, registry: ResourceRegistry) -> None:
    """Register the routes."""
    service = ItemService(
        find=offers.find_offer, problems=offers.offer_problems, change=_change
    )
    ItemViews(RESOURCE_TYPE, service, registry).register_routes(app)
