"""Formatted prices of Zid: the amount, the symbol and the space between."""

from functools import lru_cache
from typing import TYPE_CHECKING

from app.services.reference_data import currency_digits
from schemas.values.money import money_value

if TYPE_CHECKING:
    from babel import Locale

# Marks of direction, and the dots of an Arabic symbol's end, are not shown.
_MARKS = dict.fromkeys(map(ord, "\u200e\u200f\u061c"))


@lru_cache(maxsize=256)
def locale_of(language: str) -> "Locale":
    """Return the locale of a language, English where it is not known."""
    from babel import Locale, UnknownLocaleError

    for name in (language.replace("-", "_"), language.partition("-")[0], "en"):
        try:
            return Locale.parse(name)
        except (UnknownLocaleError, ValueError):
            continue
    raise LookupError(language)


@lru_cache(maxsize=1024)
def symbol(currency: str, language: str) -> str:
    """Return the symbol of a currency, with a space on each side: `` ر.س ``."""
    from babel.numbers import get_currency_symbol

    found = get_currency_symbol(currency, locale_of(language)).translate(_MARKS)
    return f" {found.strip().rstrip('.')} "


def price_text(amount: int | None, currency: str, language: str) -> str | None:
    """Write a stored amount as a language does: ``2.00 ر.س `` or `` SAR 9.00``."""
    if amount is None:
        return None
    from babel.numbers import format_decimal

    locale = locale_of(language)
    digits = "0" * currency_digits(currency)
    pattern = f"#,##0.{digits}" if digits else "#,##0"
    number = format_decimal(
        money_value(amount), pattern, locale, decimal_quantization=False
    )
    sign = symbol(currency, language)
    is_before = (
        locale.currency_formats["standard"]
        .pattern.translate(_MARKS)
        .lstrip()
        .startswith("\u00a4")
    )
    return f"{sign}{number}" if is_before else f"{number}{sign}"
