"""Prices: the decimals of a store's currency, and whether amounts fit them.

Tested in `tests/resources/test_downloadables.py`.
"""

from collections.abc import Iterator

from sqlalchemy import BigInteger, bindparam, func, or_, select

from app.database import Snapshot, Statement
from app.errors import Conflict
from app.models import DOWNLOADABLES, OFFERS, STORES
from app.services.reference_data import currency_digits, currency_unit
from schemas.base.errors import FieldError

_CURRENCY = Statement(select(STORES.c.currency).where(STORES.c.id == bindparam("id")))
_UNIT = bindparam("unit", type_=BigInteger)
_TOO_FINE = Statement(
    select(func.count().label("total"))
    .select_from(
        DOWNLOADABLES.outerjoin(OFFERS, OFFERS.c.downloadable_id == DOWNLOADABLES.c.id)
    )
    .where(
        DOWNLOADABLES.c.store_id == bindparam("store_id"),
        or_(
            DOWNLOADABLES.c.price % _UNIT != 0,
            OFFERS.c.sale_price % _UNIT != 0,
            OFFERS.c.cost % _UNIT != 0,
        ),
    )
)


def currency_of_store(db: Snapshot, store_id: int) -> str:
    """Return the currency of a store's prices (ISO 4217)."""
    return str(db.value(_CURRENCY, id=store_id))


def amount_problems(name: str, amount: int, currency: str) -> Iterator[FieldError]:
    """Yield an error if a stored amount has more decimals than its currency."""
    if amount % currency_unit(currency):
        yield FieldError(
            name,
            "too_many_decimals",
            f"{name} must have at most {currency_digits(currency)} decimals, as "
            f"{currency} has; it is never rounded",
        )


def ensure_prices_fit(tx: Snapshot, store_id: int, currency: str) -> None:
    """Raise `Conflict` for a currency that is too coarse for a price there is."""
    count = tx.value(_TOO_FINE, store_id=store_id, unit=currency_unit(currency))
    if count:
        noun = "downloadable has a price" if count == 1 else "downloadables have prices"
        raise Conflict(
            f"{count} {noun} with more decimals than {currency} has; change them first"
        )
