"""What the world agrees on: currencies and their decimals, countries, time zones."""

from functools import cache
from zoneinfo import available_timezones


@cache
def currency_digits(currency: str) -> int:
    """Tell how many decimals an amount of a currency has (ISO 4217)."""
    from babel.numbers import get_currency_precision

    return get_currency_precision(currency)


@cache
def is_currency(code: str) -> bool:
    """Whether there is such a currency."""
    from babel.numbers import is_currency as known

    return known(code)


@cache
def _countries() -> frozenset[str]:
    from babel import Locale

    codes = map(str, Locale("en").territories)
    return frozenset(code for code in codes if len(code) == 2)  # noqa: PLR2004


def is_country(code: str) -> bool:
    """Whether there is such a country (ISO 3166-1 alpha-2)."""
    return code in _countries() - {"EU", "EZ", "UN", "ZZ", "XA", "XB"}


@cache
def _timezones() -> frozenset[str]:
    return frozenset(available_timezones() - {"localtime", "Factory"})


def is_timezone(name: str) -> bool:
    """Whether there is such a time zone (IANA)."""
    return name in _timezones()
