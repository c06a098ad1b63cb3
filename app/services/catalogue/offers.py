"""Offers: how a shop offers a downloadable; each has one.

Tested in `tests/resources/test_downloadables.py`.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import bindparam, func, insert, select, update

from app.database import RowStatement, Snapshot, Statement, Transaction
from app.errors import Conflict
from app.models import DOWNLOADABLES, OFFERS, STORES
from app.services.catalogue import downloadables, main_files, prices
from app.services.principal import Principal
from app.services.rows import listing
from app.services.rows.row_types import OfferedDownloadableRow, OfferRow
from app.services.rows.search_text import escape_like
from app.services.rows.tenancy import find_scoped
from schemas.base.errors import FieldError
from schemas.offer import OfferSchema

_O, _D = OFFERS.c, DOWNLOADABLES.c
_USUAL, _ = OfferSchema().read({}, partial=False)
_OFFERED = tuple(
    c if _USUAL[c.name] is None else func.coalesce(c, _USUAL[c.name]).label(c.name)
    for c in OFFERS.c
    if c.name in _USUAL
)
_HAS_OFFER = _O.downloadable_id == _D.id
SOURCE = listing.register_source(
    name="offer",
    table=DOWNLOADABLES,
    columns=(_D.id, _D.store_id, *_OFFERED, _D.date_modified),
    joined=DOWNLOADABLES.outerjoin(OFFERS, _HAS_OFFER),
    searched=None,
)
WHOLE = listing.register_source(
    name="downloadable_with_offer",
    table=DOWNLOADABLES,
    columns=(*downloadables.SOURCE.columns, *_OFFERED),
    joined=main_files.WITH_MAIN_FILE.outerjoin(OFFERS, _HAS_OFFER),
)
_BY_ID = RowStatement(
    OfferRow,
    # What only one is asked for comes last: the columns of a page come first.
    SOURCE.rows()
    .add_columns(
        STORES.c.date_modified.label("store_modified"),
        _D.revision,
        _D.price,
    )
    .where(_D.id == bindparam("id")),
)
_WHOLE_BY_ID = RowStatement(
    OfferedDownloadableRow,
    WHOLE.rows().add_columns(_D.revision).where(_D.id == bindparam("id")),
)
_IS_THERE = Statement(
    select(_O.downloadable_id).where(_O.downloadable_id == bindparam("id"))
)
_BY_SLUG = Statement(
    select(_O.downloadable_id).where(
        _O.store_id == bindparam("store_id"), _O.slug == bindparam("slug")
    )
)
_SLUGS = Statement(
    select(_O.slug).where(
        _O.store_id == bindparam("store_id"),
        _O.slug.like(bindparam("start"), escape="\\"),
    )
)
_PERIODS = (
    ("sale_price_start", "sale_price_end"),
    ("available_from", "available_until"),
)
IN_STORE = listing.Listing(WHOLE, owner="store_id")


def find_offer(db: Snapshot, principal: Principal, downloadable_id: int) -> OfferRow:
    """Return the offer of a downloadable. Raise `NotFound`."""
    return find_scoped(db, _BY_ID, principal, downloadable_id)


def offer_with_downloadable(
    db: Snapshot, principal: Principal, downloadable_id: int
) -> OfferedDownloadableRow:
    """Return a downloadable together with its offer. Raise `NotFound`."""
    return find_scoped(db, _WHOLE_BY_ID, principal, downloadable_id)


def offer_problems(
    db: Snapshot, record: OfferRow, values: Mapping[str, Any]
) -> Iterator[FieldError]:
    """Yield errors for a sale price above the price, and for inverted ranges."""
    currency = prices.currency_of_store(db, record["store_id"])
    for name in ("sale_price", "cost"):
        if values[name] is not None:
            yield from prices.amount_problems(name, values[name], currency)
    sale = values["sale_price"]
    if sale is not None and sale > record["price"]:
        text = "sale_price must be less than or equal to the price"
        yield FieldError("sale_price", "too_large", text)
    for start, end in _PERIODS:
        if None not in {values[start], values[end]} and values[end] <= values[start]:
            yield FieldError(end, "too_small", f"{end} must be after {start}")
    least, most = values["min_quantity"], values["max_quantity"]
    if least is not None and most is not None and most < least:
        text = "max_quantity must be greater than or equal to min_quantity"
        yield FieldError("max_quantity", "too_small", text)


def update_offer(tx: Transaction, record: OfferRow, values: Mapping[str, Any]) -> None:
    """Change how a downloadable is offered. Raise `Conflict`."""
    slug = values.get("slug")
    if slug:
        taken = with_slug(tx, record["store_id"], slug)
        # Also held by a unique index; this error names the property and who has it.
        if taken not in {None, record["id"]}:
            text = f"slug {slug} is already in use by downloadable {taken}"
            raise Conflict.about("slug", text)
    # A downloadable is sold without an offer, too; the row comes with its first value.
    if tx.value(_IS_THERE, id=record["id"]) is None:
        row = {"downloadable_id": record["id"], "store_id": record["store_id"]}
        tx.execute(insert(OFFERS).values(**{**_USUAL, **values, **row}))
    elif values:
        tx.execute(
            update(OFFERS).where(_O.downloadable_id == record["id"]).values(**values)
        )
    downloadables.parts_changed(tx, record)


def slugs_from(db: Snapshot, store_id: int, start: str) -> set[str]:
    """Return the slugs of a store that begin so."""
    pattern = f"{escape_like(start)}%"
    return {str(row[0]) for row in db.rows(_SLUGS, store_id=store_id, start=pattern)}


def with_slug(db: Snapshot, store_id: int, slug: str) -> int | None:
    """Return the id of a store's downloadable that has a slug."""
    found = db.value(_BY_SLUG, store_id=store_id, slug=slug)
    return None if found is None else int(found)
