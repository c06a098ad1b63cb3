"""Reference data: currencies and their decimals, countries, time zones.

Tested in `tests/resources/test_property_helpers.py`.
"""

from functools import cache
from zoneinfo import available_timezones

from schemas.values.money import MONEY_DIGITS

SCRIPT = 4
"""Letters of a script's code (ISO 15924)."""


@cache
def currency_digits(currency: str) -> int:
    """Return the number of decimals of a currency's amounts (ISO 4217)."""
    from babel.numbers import get_currency_precision

    return get_currency_precision(currency)


def currency_unit(currency: str) -> int:
    """Return the smallest amount of a currency, in its stored form."""
    return int(10 ** (MONEY_DIGITS - currency_digits(currency)))


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


def currencies() -> dict[str, str]:
    """Return the currencies in use, with their English names."""
    from babel import Locale

    names = Locale("en").currencies
    return {
        code: names[code] for code in sorted(_current_currencies()) if code in names
    }


@cache
def _current_currencies() -> frozenset[str]:
    from babel.core import get_global

    used = get_global("territory_currencies").values()
    return frozenset(
        currency
        for entries in used
        for currency, _start, end, is_tender in entries
        if end is None and is_tender
    )


def countries() -> dict[str, str]:
    """Return the countries, with their English names."""
    from babel import Locale

    names = Locale("en").territories
    return {code: names[code] for code in sorted(_countries()) if is_country(code)}


def timezones() -> dict[str, str]:
    """Return the time zones, with their places in words."""
    return {
        name: name.rpartition("/")[2].replace("_", " ") for name in sorted(_timezones())
    }


def is_language(name: str) -> bool:
    """Whether there is such a language."""
    return name in languages()


@cache
def languages() -> dict[str, str]:
    """Return languages as stores name them."""
    from babel import Locale

    names = Locale("en").languages
    return {
        names[code].lower(): names[code]
        for code in sorted(names, key=names.__getitem__)
        if len(code) == 2  # noqa: PLR2004
    }


@cache
def locale_codes() -> dict[str, str]:
    """Return the locales that amounts and dates can be written in."""
    from babel import Locale
    from babel.localedata import locale_identifiers

    found = (code for code in locale_identifiers() if len(code.split("_")) == 2)  # noqa: PLR2004
    known = (code for code in sorted(found) if len(code.rpartition("_")[2]) == 2)  # noqa: PLR2004
    return {code: Locale.parse(code).get_display_name("en") or code for code in known}


@cache
def _timezones() -> frozenset[str]:
    return frozenset(available_timezones() - {"localtime", "Factory"})


def is_timezone(name: str) -> bool:
    """Whether there is such a time zone (IANA)."""
    return name in _timezones()


def likely_language(name: str) -> str:
    """Return a language with its likely script and territory (CLDR), in small letters.

    `pt` is `pt-latn-br`, and `zh-tw` is `zh-hant-tw`; an unknown one is as it was.
    """
    from babel.core import get_global

    known = get_global("likely_subtags")
    language, *rest = name.split("-")
    # Scripts have four letters, and a capital first; territories are capitals.
    parts = [p.title() if len(p) == SCRIPT else p.upper() for p in rest]
    likely = known.get("_".join([language, *parts]))
    if likely is None and len(parts) == 1 and len(parts[0]) != SCRIPT:
        # The script of the language, wherever it is spoken.
        likely = f"{known.get(language, language).rpartition('_')[0]}_{parts[0]}"
    return str(likely or name).replace("_", "-").strip("-").lower()
