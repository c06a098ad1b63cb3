"""Convert amounts between their stored and shown forms.

Tested in `tests/schemas/values/test_money_and_dates.py`.
"""

from decimal import Decimal
from functools import lru_cache

MONEY_DIGITS = 4
"""Decimals that a stored amount has; no currency has more (CLF has four)."""

MONEY_UNIT = 10**MONEY_DIGITS


@lru_cache(maxsize=16_384)
def money_text(amount: int) -> str:
    """Write a stored amount without padding: 109500 is ``10.95``."""
    whole, rest = divmod(amount, MONEY_UNIT)
    if not rest:
        return str(whole)
    return f"{whole}.{rest:0{MONEY_DIGITS}d}".rstrip("0")


def money_value(amount: int) -> int | Decimal:
    """Return a stored amount as an exact number."""
    text = money_text(amount)
    return Decimal(text) if "." in text else int(text)


def money_stored(amount: Decimal) -> int:
    """Return the stored form of an amount of at most four decimals."""
    return int(amount.scaleb(MONEY_DIGITS))
