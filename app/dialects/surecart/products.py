"""SureCart's products, read-only: downloadables."""

from collections.abc import Sequence
from typing import Any

from flask import Flask, Response

from app.database import Snapshot
from app.dialects.base import json_response, known_principal
from app.dialects.filters import is_one_of
from app.dialects.surecart.protocol import (
    DIALECT,
    Listed,
    envelope,
    list_query,
    principal,
)
from app.errors import NotFound
from app.http.context import RequestContext
from app.services.catalogue import downloadables, prices
from app.services.principal import StorePrincipal
from app.services.reference_data import currency_unit
from app.services.rows.filters import (
    EVERYTHING,
    NOTHING,
    AnyOf,
    Condition,
    Defined,
    Not,
)
from app.services.rows.row_types import DownloadableColumns, DownloadableRow

NAME = "product"
_HAS_FILE = AnyOf((Defined("file_name", is_text=True), Defined("url", is_text=True)))


def _condition_of_absent_flag(value: bool) -> Condition:  # noqa: FBT001 - a filter's only value
    """Return the condition of a flag that no product has."""
    return NOTHING if value else EVERYTHING


LISTED = Listed(
    listing=downloadables.EVERY_IN_STORE,
    row_type=DownloadableColumns,
    sortable={
        "created_at": "date_created",
        "updated_at": "date_modified",
        "name": "name",
    },
    flags={
        "archived": lambda value: is_one_of("is_archived", [value]),
        "downloadable": lambda value: _HAS_FILE if value else Not(_HAS_FILE),
        "featured": _condition_of_absent_flag,
        "ad_hoc": _condition_of_absent_flag,
    },
    several={
        "ids": lambda _db, _who, ids: is_one_of("uuid", [uuid.lower() for uuid in ids]),
        "product_collection_ids": lambda _db, _who, _ids: NOTHING,
        "product_group_ids": lambda _db, _who, _ids: NOTHING,
    },
    searched="search_text",
)


def find_product(db: Snapshot, who: StorePrincipal, uuid: str) -> DownloadableRow:
    """Return the downloadable that a product is. Raise `NotFound`."""
    product_id = downloadables.find_id_by_uuid(db, who.store_id, uuid.lower())
    if product_id is None:
        raise NotFound("there is no product with this id")
    return downloadables.find_downloadable(db, who, product_id)


def find_products(
    db: Snapshot, who: StorePrincipal, uuids: Sequence[str]
) -> dict[str, Any]:
    """Write products by their ids."""
    currency = prices.currency_of_store(db, who.store_id)
    rows = LISTED.rows(db, who, [is_one_of("uuid", uuids)], len(uuids))
    return {row["uuid"]: product_json(row, currency) for row in rows}


def product_json(record: DownloadableColumns, currency: str) -> dict[str, Any]:
    """Write a downloadable as a product; money is in the currency's smallest unit."""
    amount = record["price"] // currency_unit(currency)
    return {
        "id": record["uuid"],
        "object": NAME,
        "archived": bool(record["is_archived"]),
        "archived_at": record["date_archived"],
        "description": record["description"] or None,
        "metadata": {},
        "metrics": {
            "currency": currency.lower(),
            "max_price_amount": amount,
            "min_price_amount": amount,
            "prices_count": 1,
        },
        "name": record["name"],
        "shipping_enabled": False,
        "sku": record["code"],
        "status": "published" if record["is_published"] else "draft",
        "stock_enabled": False,
        "created_at": record["date_created"],
        "updated_at": record["date_modified"],
    }


def _list(context: RequestContext) -> Response:
    """Handle a GET of many."""
    rows, pagination = LISTED.page(context, list_query(context))
    currency = prices.currency_of_store(context.db, known_principal(context).store_id)
    return json_response(
        envelope([product_json(row, currency) for row in rows], pagination)
    )


def _get_product(context: RequestContext, uuid: str) -> Response:
    """Handle a GET of a product."""
    record = find_product(context.db, principal(context), uuid)
    return json_response(
        product_json(record, prices.currency_of_store(context.db, record["store_id"]))
    )


def publish(app: Flask) -> None:
    """Register the routes."""
    DIALECT.publish(app, "/products", {"GET": "List products"}, {"GET": _list})
    summaries = {"GET": "Retrieve a product"}
    DIALECT.publish(app, "/products/<uuid>", summaries, {"GET": _get_product})
