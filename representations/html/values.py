"""Values as people read them: money, sizes, dates, lengths of time."""

import re
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

from markupsafe import Markup, escape

from representations.resource import Value

LOCALE = "en"
UNITS = ("bytes", "kB", "MB", "GB", "TB")
THOUSAND = 1000
NOTHING = Markup('<span class="soft">—</span>')
DAY = 24


_FLAGS = {
    True: Markup('<span class="flag yes">Yes</span>'),
    False: Markup('<span class="flag no">No</span>'),
}


def markup_of(text: str) -> Markup:
    """Return markup whose values were escaped before."""
    # `Markup.format` takes three times as long, and a table has hundreds of cells.
    return Markup(text)  # noqa: S704


def size_text(size: int | Decimal) -> str:
    """Write a number of bytes: ``16 kB``, ``3.2 MB``."""
    amount, unit = float(size), 0
    while amount >= THOUSAND and unit < len(UNITS) - 1:
        amount, unit = amount / THOUSAND, unit + 1
    digits = 1 if unit > 1 and amount < 100 else 0  # noqa: PLR2004
    return f"{amount:.{digits}f} {UNITS[unit]}"


def hours_text(hours: int) -> str:
    """Write hours, in days where they are whole: ``7 days``, ``36 hours``."""
    if hours and hours % DAY == 0:
        days = hours // DAY
        return f"{days} day{'s' if days != 1 else ''}"
    return f"{hours} hour{'s' if hours != 1 else ''}"


def money_text(amount: Decimal | int, currency: str) -> str:
    """Write an amount of money: ``€4.50``; without a currency it is a number."""
    if not currency:
        return f"{amount:f}" if isinstance(amount, Decimal) else str(amount)
    return _money_in(currency, amount)


@lru_cache(maxsize=4096)
def _money_in(currency: str, amount: Decimal | int) -> str:
    # Loaded at its first use: the other formats do without it.
    from babel.numbers import format_currency

    return str(format_currency(amount, currency, locale=LOCALE))


def number_text(number: int | Decimal) -> str:
    """Write a number with its thousands apart."""
    return f"{number:,}"


def date_markup(text: str) -> Markup:
    """Write a moment, as it is shown in the store's time zone."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return escape(text)
    day = f"{moment.day} {moment:%b %Y, %H:%M}"
    start = f'<time datetime="{moment.isoformat()}" title="{escape(text)}">'
    return markup_of(f"{start}{day}</time>")


def choice_text(choice: str) -> str:
    """Write one of a few words: ``flat_rate`` is Flat rate."""
    words = choice.replace("_", " ").replace(".", ": ")
    return words[:1].upper() + words[1:] if words else "None"


def flag_markup(value: object) -> Markup:
    """Write yes or no, which colours alone would not say."""
    return _FLAGS[bool(value)]


def address_markup(address: str, names: Mapping[str, str]) -> Markup:
    """Write a link; the name of what is there is its text, where it is known."""
    # Any other scheme, such as javascript:, would run in our own origin.
    if not re.match("https?://", address):
        return escape(address)
    text = names.get(address) or address.removeprefix("https://").removeprefix(
        "http://"
    )
    return markup_of(f'<a href="{escape(address)}">{escape(text)}</a>')


def value_markup(
    value: Value,
    kind: str = "text",
    currency: str = "",
    names: Mapping[str, str] | None = None,
    zero: str = "",
) -> Markup:
    """Write a value of some kind; what is null or empty is a dash."""
    if value is None or value == "":
        return NOTHING
    if isinstance(value, str):
        return _text(value, kind, names or {})
    # Before numbers: in Python a bool is an int as well.
    if isinstance(value, bool) or kind == "flag":
        return flag_markup(value)
    if isinstance(value, (int, Decimal)):
        return _number(value, kind, currency, zero)
    if isinstance(value, Mapping):
        return _texts(value)
    return _text(str(value), kind, names or {})


def _number(value: int | Decimal, kind: str, currency: str, zero: str) -> Markup:
    if zero and not value:
        return escape(zero)
    if kind == "money":
        return escape(money_text(value, currency))
    if kind == "bytes":
        return markup_of(size_text(value))
    if kind == "hours":
        return markup_of(hours_text(int(value)))
    return markup_of(number_text(value))


def _text(value: str, kind: str, names: Mapping[str, str]) -> Markup:
    if kind == "date":
        return date_markup(value)
    if kind == "digest":
        return Markup('<code class="digest">{}</code>').format(value)
    if kind == "choice":
        return escape(choice_text(value))
    if kind == "address" or value.startswith(("http://", "https://")):
        return address_markup(value, names)
    if kind == "multiline" or "\n" in value:
        return Markup('<span class="lines" dir="auto">{}</span>').format(value)
    # A name in Arabic must not turn the punctuation around it.
    return markup_of(f'<bdi dir="auto">{escape(value)}</bdi>')


def _texts(value: Mapping[str, str]) -> Markup:
    """Write texts by their keys, such as the legal values of a property."""
    rows = (
        Markup("<li><code>{}</code> {}</li>").format(key or '""', text)
        for key, text in value.items()
    )
    return Markup('<ul class="plain">{}</ul>').format(Markup("").join(rows))


def plain_value(value: Any) -> str:
    """Write a value for an input of a form."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return f"{value:f}"
    return "" if value is None else str(value)
