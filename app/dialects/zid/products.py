"""Zid's downloadable products: list, read, create, update and delete."""

import re
import time
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from flask import Flask, Response

from app.database import Snapshot, Transaction
from app.dialects import base
from app.dialects.base import json_response
from app.dialects.filters import is_one_of, matches, select_all_of
from app.dialects.zid import serializer
from app.dialects.zid.protocol import (
    DIALECT,
    GROUPS,
    ZidPrincipal,
    ensure_filters,
    envelope,
    page_window,
    reader,
)
from app.errors import BadRequest, Conflict, Invalid, NotFound, Problem
from app.http.context import RequestContext
from app.services.catalogue import downloadables, item_categories, offers, translations
from app.services.rows.filters import EVERYTHING, NOTHING, Condition
from app.services.rows.listing import Order, records_of
from app.services.rows.row_types import (
    OfferedDownloadableColumns,
    OfferedDownloadableRow,
)
from app.services.sales import purchases
from schemas.base.errors import FieldError
from schemas.dialects.zid import ZidProductSchema
from schemas.downloadable import DownloadableSchema
from schemas.translation import TranslationSchema

MAX_IDS = 100
FILTERS = ("search", "sku", "slug", "is_published", "ids", "product_class")
TRANSLATED = {
    "name": "name",
    "description": "description",
    "short_description": "short_description",
    "title": "seo_title",
    "description_for_search": "seo_description",
}
NONE = "there is no product with this id"
LONGEST_SLUG = 190
MANY_SLUGS = 1000
_SCHEMA = ZidProductSchema()
_OF_DOWNLOADABLE = {
    "price": "price",
    "sku": "code",
    "download_limit": "max_downloads_per_customer",
    "expiration_period": "max_downloads_time_period",
}
_OF_OFFER = {
    "slug": "slug",
    "sale_price": "sale_price",
    "cost": "cost",
    "barcode": "barcode",
    "keywords": "keywords",
    "is_taxable": "is_taxable",
    "display_order": "display_order",
    "min_quantity_per_cart": "min_quantity",
    "max_quantity_per_cart": "max_quantity",
    "availability_period_start": "available_from",
    "availability_period_end": "available_until",
    "sale_price_period_start": "sale_price_start",
    "sale_price_period_end": "sale_price_end",
}
_THEIRS = {ours: theirs for theirs, ours in (_OF_DOWNLOADABLE | _OF_OFFER).items()}
_RESTRICTIONS = frozenset(_SCHEMA.inner("purchase_restrictions").writable)
_EMPTY = ("slug", "barcode", "keywords")
"""What is an empty text here where it is null there."""

_DOWNLOADABLE = DownloadableSchema()


# -- reading ------------------------------------------------------------------------


def find_product(db: Snapshot, who: ZidPrincipal, uuid: str) -> OfferedDownloadableRow:
    """Return the downloadable that a product is, with its offer. Raise `NotFound`."""
    product_id = downloadables.find_id_by_uuid(db, who.store_id, uuid.lower())
    if product_id is None:
        raise NotFound(NONE)
    record = offers.offer_with_downloadable(db, who.principal, product_id)
    is_shown = record["is_published"] and not record["is_archived"]
    if who.is_customer and not is_shown:
        raise NotFound(NONE)
    return record


def _products_json(
    db: Snapshot, who: ZidPrincipal, records: Sequence[OfferedDownloadableColumns]
) -> list[dict[str, Any]]:
    """Write products, whose languages and sales are looked up at once."""
    ids = [record["id"] for record in records]
    translated = [r["id"] for r in records if r["translation_count"]]
    texts = translations.translations_of(db, translated)
    sold = purchases.purchase_counts(db, ids)
    return [
        serializer.product(
            who, record, texts.get(record["id"], {}), sold.get(record["id"])
        )
        for record in records
    ]


def _response(
    db: Snapshot, who: ZidPrincipal, record: OfferedDownloadableRow
) -> Response:
    [product] = _products_json(db, who, [record])
    return json_response(product)


def _list(context: RequestContext) -> Response:
    """Handle a GET of many."""
    who = reader(context, context.db)
    problems: list[Problem] = []
    asked = page_window(context, problems)
    made = _filters(context, problems)
    if problems:
        raise BadRequest(problems=problems)
    # Zid has no archive: what is archived here is not there for its clients.
    made.append(is_one_of("is_archived", [False]))
    if who.is_customer:
        made.append(is_one_of("is_published", [True]))
    order = (Order("id", is_descending=True),)
    page = offers.IN_STORE.page(
        context.db,
        who.store_id,
        select_all_of(made, order),
        limit=asked.size,
        offset=asked.offset,
        timezone=who.store["timezone"],
    )
    records = records_of(offers.WHOLE, OfferedDownloadableColumns, page.rows)
    total = downloadables.count_downloadables(context.db, who.store_id)
    return json_response(
        {
            "total_products_count": total,
            # Zid's clients read each of these counts; this server has one class of
            # product.
            "normal_products_count": 0,
            "voucher_products_count": 0,
            "grouped_products_count": 0,
            "downloadable_products_count": total,
            "dynamic_bundle_products_count": 0,
            "donation_item_count": 0,
            "crowd_funding_count": 0,
            **envelope(
                context, asked, page.total, _products_json(context.db, who, records)
            ),
        }
    )


def _filters(context: RequestContext, problems: list[Problem]) -> list[Condition]:
    made = []
    ensure_filters(context, FILTERS, problems)
    for name, value in context.query:
        if name not in FILTERS:
            continue
        if name == "search":
            # Zid searches a product's texts; ours are folded into one column.
            words = base.search_words(value, name, problems)
            made.append(matches("search_text", words))
        elif name == "sku":
            made.append(is_one_of("code", [value]))
        elif name == "slug":
            made.append(is_one_of("slug", [value]))
        elif name == "ids":
            ids = [uuid.strip().lower() for uuid in value.split(",")]
            if len(ids) > MAX_IDS:
                text = f"ids may have {MAX_IDS} values at most"
                problems.append(Problem(text, "too_many", name))
            made.append(is_one_of("uuid", ids))
        elif name == "product_class":
            is_ours = value == "downloadable"
            # A store here sells downloads only, so any other class has no products.
            made.append(EVERYTHING if is_ours else NOTHING)
        elif value.lower() in {"true", "false"}:
            made.append(is_one_of("is_published", [value.lower() == "true"]))
        else:
            problems.append(Problem(f"{name} must be true or false", "invalid", name))
    return made


def _get_product(context: RequestContext, uuid: str) -> Response:
    """Handle a GET of a product."""
    who = reader(context, context.db)
    return _response(context.db, who, find_product(context.db, who, uuid))


# -- writing ------------------------------------------------------------------------


def _create(context: RequestContext) -> Response:
    """Handle a POST."""
    reader(context, context.db)
    sent = _values(context, "POST")
    with context.writing() as tx:
        who = reader(context, tx)
        # Texts are first brought into languages, since the name in the own language
        # becomes the downloadable's.
        sent = _in_languages(who, sent, who.store_language.lower())
        own = _own_language(who, sent)
        values = _downloadable_values(sent, own)
        values.setdefault("code", _new_sku(who))
        record_id = _create_product(tx, who, values, own)
        record = offers.offer_with_downloadable(tx, who.principal, record_id)
        texts = _texts(sent, own)
        offer = _offer_values(sent)
        if not offer.get("slug"):
            # Every product of Zid has a slug.
            offer["slug"] = _free_slug(tx, who, values["name"], record_id)
        _set_texts(tx, record, texts, own, offer)
        _set_offer(tx, who, record_id, offer)
        return _response(
            tx, who, offers.offer_with_downloadable(tx, who.principal, record_id)
        )


def _change(context: RequestContext, uuid: str) -> Response:
    """Handle a PATCH."""
    reader(context, context.db)
    sent = _values(context, "PATCH")
    with context.writing() as tx:
        who = reader(context, tx)
        record = find_product(tx, who, uuid)
        own = who.own_language(record)
        known = translations.translations_of(tx, [record["id"]])[record["id"]]
        sent = _in_languages(who, sent, own, known)
        stored: Mapping[str, Any] = record
        values = {
            name: value
            # Unchanged values are left out, so that a client that sends back what it
            # got causes no event.
            for name, value in _downloadable_values(sent, own).items()
            if stored[name] != value
        }
        if not values.get("name", "-").strip():
            text = f"name can't be blank in {own}, the product's own language"
            _ensure([FieldError("name", "required", text)])
        if "sale_price" in sent and "price" in values:
            # Which of the two comes first must not matter.
            _set_offer(tx, who, record["id"], {"sale_price": None})
        if values:
            whole = {**record, **values}
            _ensure(downloadables.downloadable_problems(tx, who.store_id, whole))
            plain = downloadables.find_downloadable(tx, who.principal, record["id"])
            _conflicting(
                lambda: downloadables.update_downloadable(tx, plain, values, None)
            )
        offer = _offer_values(sent)
        _set_texts(tx, record, _texts(sent, own, known), own, offer)
        _set_offer(tx, who, record["id"], offer)
        return _response(
            tx, who, offers.offer_with_downloadable(tx, who.principal, record["id"])
        )


def _delete(context: RequestContext, uuid: str) -> Response:
    """Handle a DELETE. Raise `Conflict` for what was sold."""
    with context.writing() as tx:
        who = reader(context, tx)
        record = find_product(tx, who, uuid)
        plain = downloadables.find_downloadable(tx, who.principal, record["id"])
        try:
            keys = downloadables.delete_downloadable(tx, plain)
        except Conflict:
            raise Conflict(
                "the product was sold, and its customers keep what they paid for; set "
                "is_published to false instead"
            ) from None
    # Only after the commit: a rollback must find the bytes still there.
    context.installation.removal.remove(keys)
    return Response(status=204)


def _values(context: RequestContext, method: str) -> dict[str, Any]:
    """Read a body, and flatten its nested groups. Raise `Invalid`."""
    body = base.read_members(context, _SCHEMA, method)
    values, errors = _SCHEMA.read(body, partial=method == "PATCH")
    sent = _SCHEMA.meant({n: v for n, v in values.items() if n in body})
    if sent.get("is_draft") and sent.get("is_published"):
        text = "is_published can't be true for a draft: send one of the two"
        errors.append(FieldError("is_published", "exclusive", text))
    if method == "POST" and "name" in sent and not any(sent["name"].values()):
        errors.append(FieldError("name", "required", "name can't be blank"))
    for group in GROUPS:
        if sent.get(group) is None:
            continue
        # A group that is sent changes only the members that it has.
        inner, wrong = _SCHEMA.inner(group).read(sent[group], partial=True)
        sent[group] = inner
        errors += [
            FieldError(f"{group}.{e.property}", e.code, e.message) for e in wrong
        ]
    if errors:
        raise Invalid.of(errors)
    if "seo" in sent:
        # Null removes the whole group.
        seo = sent.pop("seo") or {"title": None, "description": None}
        if "title" in seo:
            sent["title"] = seo["title"]
        if "description" in seo:
            sent["description_for_search"] = seo["description"]
    for group in GROUPS:
        sent |= sent.pop(group, None) or {}
    return sent


def _own_language(who: ZidPrincipal, sent: Mapping[str, Any]) -> str:
    """Return the language of a new product: the store's, if it has that name."""
    languages = [language for language, text in sent["name"].items() if text]
    for language in (who.store_language.lower(), *who.languages):
        if language in languages:
            return language
    # The name is required, so there is at least one.
    return str(languages[0])


def _in_languages(
    who: ZidPrincipal, sent: dict[str, Any], own: str, known: Iterable[str] = ()
) -> dict[str, Any]:
    """Return a bare text as one in the language of the client.

    That is one of the `known` ones where any fits, also one of a region.
    """
    asked = [one for one in who.languages if _is_language(one)]
    there = {own, who.store_language.lower(), *known}
    language = translations.best_language(asked, there, "") or next(iter(asked), own)
    for theirs in TRANSLATED:
        texts = sent.get(theirs)
        # The schema reads a plain text as one under an empty language.
        if texts and "" in texts:
            sent[theirs] = {language: texts[""]}
    return sent


def _is_language(name: str) -> bool:
    _, errors = TranslationSchema().read({"language": name}, partial=True)
    return not errors


def _downloadable_values(sent: Mapping[str, Any], own: str) -> dict[str, Any]:
    """Return the sent values that belong to the downloadable itself."""
    values = {
        ours: sent[theirs]
        for theirs, ours in _OF_DOWNLOADABLE.items()
        if theirs in sent and not (theirs == "sku" and not sent["sku"])
    }
    for name in downloadables.TEXTS:
        # Null means no text in any language, the own one included.
        if name in sent and own in (sent[name] or {own: ""}):
            values[name] = (sent[name] or {own: ""})[own]
    if "is_draft" in sent or "is_published" in sent:
        is_draft, is_published = sent.get("is_draft"), sent.get("is_published")
        values["is_published"] = bool(
            not is_draft if is_published is None else is_published
        )
    return values


def _texts(
    sent: Mapping[str, Any], own: str, known: Iterable[str] = ()
) -> dict[str, dict[str, str]]:
    """Return the texts in other languages, by language and by our name for them.

    What is null is so in all languages that are `known`.
    """
    found: dict[str, dict[str, str]] = {}
    for theirs, ours in TRANSLATED.items():
        texts = sent.get(theirs, {})
        for language, text in (
            dict.fromkeys(known, "") if texts is None else texts
        ).items():
            if language != own:
                found.setdefault(language, {})[ours] = text
    return found


def _offer_values(sent: Mapping[str, Any]) -> dict[str, Any]:
    """Return the sent values of the offer, without texts in the store's language."""
    values = {
        ours: sent[theirs] for theirs, ours in _OF_OFFER.items() if theirs in sent
    }
    for name in _EMPTY:
        if name in values:
            values[name] = values[name] or ""
    for theirs, ours in TRANSLATED.items():
        if ours not in downloadables.TEXTS and theirs in sent:
            values[ours] = sent[theirs]
    return values


def _create_product(
    tx: Transaction, who: ZidPrincipal, values: dict[str, Any], own: str
) -> int:
    category = item_categories.first_downloaded(tx, who.store_id)
    if category is None:
        raise Conflict(
            "the store has no item_category with the item_delivery_type downloaded; "
            "make one first"
        )
    # What Zid does not know gets the defaults of our own API.
    usual, _ = _DOWNLOADABLE.read({}, partial=False)
    whole = {
        **usual,
        **values,
        "item_category_id": category,
        "language": None if own == who.store_language.lower() else own,
    }
    _ensure(downloadables.downloadable_problems(tx, who.store_id, whole))
    made: list[int] = []
    _conflicting(
        lambda: made.append(
            downloadables.create_downloadable(tx, who.store_id, whole, None)
        )
    )
    return made[0]


def _set_texts(
    tx: Transaction,
    record: Mapping[str, Any],
    texts: Mapping[str, Mapping[str, str]],
    own: str,
    offer: dict[str, Any],
) -> None:
    """Set texts in other languages; leave in an offer those in its own."""
    for language, values in texts.items():
        current = downloadables.reload_downloadable(
            tx, record["store_id"], record["id"]
        )
        translations.put_translation(tx, current, language, values, may_go=True)
    for name in ("short_description", "seo_title", "seo_description"):
        if name not in offer:
            continue
        texts = offer.pop(name) or {own: ""}
        if own in texts:
            offer[name] = texts[own]


def _set_offer(
    tx: Transaction, who: ZidPrincipal, record_id: int, values: dict[str, Any]
) -> None:
    record = offers.find_offer(tx, who.principal, record_id)
    stored: Mapping[str, Any] = record
    changes = {name: value for name, value in values.items() if stored[name] != value}
    if changes:
        _ensure(offers.offer_problems(tx, record, {**record, **changes}))
        _conflicting(lambda: offers.update_offer(tx, record, changes))


def _ensure(errors: Any) -> None:
    """Raise `Invalid` for values, by Zid's names for them."""
    found = [_renamed(error) for error in errors]
    if found:
        raise Invalid.of(found)


def _renamed(error: FieldError) -> FieldError:
    name = error.property
    theirs = _THEIRS.get(name, name)
    if theirs in _RESTRICTIONS:
        theirs = f"purchase_restrictions.{theirs}"
    message = error.message
    for ours, other in _THEIRS.items():
        message = re.sub(rf"\b{ours}\b", other, message) if ours in message else message
    return FieldError(theirs, error.code, message)


def _conflicting(work: Any) -> None:
    """Run a function, and put a conflict into Zid's words. Raise `Conflict`."""
    try:
        work()
    except Conflict as error:
        problem = error.problems[0]
        if problem.property not in _THEIRS:
            raise
        name = _THEIRS[problem.property]
        text = problem.message.replace(problem.property, name, 1)
        text = re.sub(r"by downloadable \d+", "by another product", text)
        raise Conflict.about(name, text) from None


def _new_sku(who: ZidPrincipal) -> str:
    return f"Z.{who.store_id}.{time.time_ns() // 100}"


def slug_of(name: str) -> str:
    """Create a slug of a name; letters of any script are kept."""
    text = unicodedata.normalize("NFKC", name).casefold()
    kept = [c if unicodedata.category(c)[0] in "LMN" else "-" for c in text]
    return re.sub("-+", "-", "".join(kept)).strip("-")[:LONGEST_SLUG].strip("-")


def _free_slug(tx: Transaction, who: ZidPrincipal, name: str, record_id: int) -> str:
    """Return a slug that is unique in the store."""
    first = slug_of(name)
    taken = offers.slugs_from(tx, who.store_id, first) if first else set()
    for number in range(1, MANY_SLUGS):
        slug = first if number == 1 else f"{first}-{number}"
        if slug not in taken:
            return slug
    return f"{first}-{record_id}"


def publish(app: Flask) -> None:
    """Register the routes."""
    summaries = {"GET": "List products", "POST": "Create a downloadable product"}
    DIALECT.publish(
        app, "/products/", summaries, {"GET": _list, "POST": _create}, _SCHEMA
    )
    DIALECT.publish(
        app,
        "/products/<uuid>/",
        {
            "GET": "Retrieve a product",
            "PATCH": "Update a product",
            "DELETE": "Delete a product",
        },
        {"GET": _get_product, "PATCH": _change, "DELETE": _delete},
        _SCHEMA,
    )
