"""Serialize a downloadable as a product of Zid, for managers and for customers."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from urllib.parse import quote
from uuid import NAMESPACE_URL, uuid5

from app.dialects.zid.money import price_text, symbol
from app.dialects.zid.protocol import ZidPrincipal, moment
from app.services.catalogue.translations import best_language
from app.services.rows.row_types import OfferedDownloadableColumns
from schemas.values.money import money_value

HOURS = 24
PLACES = {"ar": "المخزون الأساسي", "en": "Main stock"}
"""What the only place of a stock is called."""

Texts = Mapping[str, Mapping[str, Any]]
"""Translations by language, in small letters."""


def product(
    who: ZidPrincipal,
    record: OfferedDownloadableColumns,
    texts: Texts,
    sold: int | None,
) -> dict[str, Any]:
    """Write a downloadable with its offer as a product."""
    currency = who.store["currency"]
    language = who.language
    name = _text(who, record, texts, "name")
    written = {
        "id": record["uuid"],
        "product_class": "downloadable",
        "sku": record["code"],
        "barcode": record["barcode"],
        "parent_id": None,
        "name": name,
        "slug": record["slug"],
        "price": money_value(record["price"]),
        "short_description": _text(who, record, texts, "short_description"),
        "sale_price": _amount(record["sale_price"]),
        "formatted_price": price_text(record["price"], currency, language),
        "formatted_sale_price": price_text(record["sale_price"], currency, language),
        "currency": currency,
        "currency_symbol": symbol(currency, language),
        "attributes": [],
        "categories": [],
        "display_order": record["display_order"],
        "has_options": False,
        "has_fields": False,
        "images": [],
        "is_draft": not record["is_published"],
        "quantity": None,
        "is_infinite": True,
        "html_url": _address(who, record),
        "weight": {"value": None, "unit": "kg"},
        "keywords": record["keywords"].split("\n") if record["keywords"] else [],
        "requires_shipping": False,
        "is_taxable": bool(record["is_taxable"]),
        "structure": "standalone",
        "seo": _seo(who, record, texts),
        "rating": _rating(),
        "store_id": who.store_id,
        "purchase_restrictions": {
            "min_quantity_per_cart": record["min_quantity"],
            "max_quantity_per_cart": record["max_quantity"],
            "availability_period_start": moment(record["available_from"]),
            "availability_period_end": moment(record["available_until"]),
            "sale_price_period_start": moment(record["sale_price_start"]),
            "sale_price_period_end": moment(record["sale_price_end"]),
        },
        "metafields": None,
        "meta": {
            "download_limit": record["max_downloads_per_customer"],
            "expiration_period": _days(record["max_downloads_time_period"]),
        },
        "related_products_settings": "AUTO_GENERATED",
        "related_products_title": None,
        "badge": None,
        "variants": [],
        "cost": _amount(record["cost"]),
        "is_published": bool(record["is_published"]),
        "waiting_customers_count": None,
        "description": _text(who, record, texts, "description"),
        "custom_user_input_fields": [],
        "custom_option_fields": [],
        "options": [],
        "related_products": [],
        "next_product": None,
        "previous_product": None,
        "group_products": None,
        "stocks": _stocks(who, record),
        "sold_products_count": sold,
    }
    if who.is_customer:
        # What it costs the merchant is not for customers, nor when it was written.
        return {**written, "cost": None}
    return {
        **written,
        "created_at": moment(record["date_created"]),
        "updated_at": moment(record["date_modified"]),
    }


def _text(
    who: ZidPrincipal, record: OfferedDownloadableColumns, texts: Texts, name: str
) -> dict[str, str] | str | None:
    """Return a text: in all its languages to managers, in the best one to customers."""
    own = who.own_language(record)
    known = {language: text[name] for language, text in texts.items()}
    stored: Mapping[str, object] = record
    known |= {own: stored[name]}
    there = {language: str(text) for language, text in known.items() if text}
    if not there:
        return None
    if not who.is_customer:
        # Sorted, so that the same product gives the same bytes.
        return dict(sorted(there.items()))
    asked = who.languages or ("en",)
    return there.get(best_language(asked, there, own)) or next(iter(there.values()))


def _seo(
    who: ZidPrincipal, record: OfferedDownloadableColumns, texts: Texts
) -> dict[str, dict[str, str] | str | None] | None:
    found = {
        "title": _text(who, record, texts, "seo_title"),
        "description": _text(who, record, texts, "seo_description"),
    }
    return found if any(found.values()) else None


def _amount(amount: int | None) -> int | Decimal | None:
    return None if amount is None else money_value(amount)


def _days(hours: int | None) -> int | float | None:
    if hours is None:
        return None
    days, rest = divmod(hours, HOURS)
    return round(hours / HOURS, 4) if rest else days


def _address(who: ZidPrincipal, record: OfferedDownloadableColumns) -> str:
    name = record["slug"] or record["uuid"]
    return f"{who.store['store_url'].rstrip('/')}/products/{quote(name)}"


def _rating() -> dict[str, Any]:
    none = {"percentage": 0, "count": 0}
    return {
        "average": 0,
        "total_count": 0,
        **{f"{number}_ratings": none for number in range(1, 6)},
    }


def _stocks(
    who: ZidPrincipal, record: OfferedDownloadableColumns
) -> list[dict[str, Any]]:
    """Return the only stock there is: the store, which never runs out."""
    place = f"sirenhall:stores/{who.store_id}/stock"
    if who.is_customer:
        name: Any = PLACES.get(who.language.partition("-")[0], PLACES["en"])
    else:
        language = who.store_language if who.store_language in PLACES else "en"
        name = {language: PLACES[language]}
    address = (who.store["region"], who.store["postal_code"], who.store["country"])
    return [
        {
            "id": str(uuid5(NAMESPACE_URL, f"{place}/{record['uuid']}")),
            "location": {
                "id": str(uuid5(NAMESPACE_URL, place)),
                "name": name,
                "type": "PHYSICAL",
                "full_address": ", ".join(part for part in address if part),
            },
            "available_quantity": None,
            "is_infinite": True,
        }
    ]
