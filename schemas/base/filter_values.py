"""Parse the values of filters, for each type of property.

A property with an order is compared by intervals of its stored, whole-numbered form:
a date without a time is a day, and a price finer than any that is stored lies between
two of them. So one rule serves all operators, and nothing is ever rounded.

Tested in `tests/http/query/test_parser.py`.
"""

import calendar
import math
import re
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from enum import Enum
from zoneinfo import ZoneInfo

from schemas.base.fields import (
    UNREPRESENTABLE,
    Amount,
    Boolean,
    Choice,
    Date,
    Integer,
    Property,
    Reference,
)
from schemas.values.local_time import moments_between
from schemas.values.money import MONEY_UNIT

_NUMBER = re.compile(r"[+-]?[0-9]{1,100}(\.[0-9]{1,20})?", re.ASCII)
_DATE = re.compile(
    r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2})"
    r"(?:[T ]([0-9]{2}):([0-9]{2})(?::([0-9]{2}))?"
    # A plus sign that was not encoded arrives as a space.
    r"(Z|[+ -][0-9]{2}:?[0-9]{2})?)?)?)?",
    re.ASCII,
)
DATE_FORM = (
    "a date such as 2026, 2026-04, 2026-04-16, 2026-04-16T09:33, 2026-04-16T09:33:28 "
    "(in the store's time zone) or 2026-04-16T09:33:28-0700"
)


ID_PROPERTY = Integer("The number of the resource.", read_only=True)
"""What every resource can be filtered and sorted by, though few show it."""

ID_PROPERTY.attribute = ID_PROPERTY.name = "id"


class Nature(Enum):
    """The ways in which values of a property can be compared."""

    TEXT = "text"
    NUMBER = "number"
    FLAG = "flag"
    CHOICE = "choice"
    IDENTITY = "identity"


@dataclass(frozen=True, slots=True)
class Interval:
    """The stored values that a text stands for; empty where `low` is over `high`."""

    low: int
    high: int


class Unreadable(Exception):
    """A value is not one of the property's; the text says what it must be."""


def nature(field: Property) -> Nature:
    """Return the kind of comparison of a property."""
    if isinstance(field, Integer | Amount | Date):
        return Nature.NUMBER
    if isinstance(field, Boolean):
        return Nature.FLAG
    if isinstance(field, Reference):
        return Nature.IDENTITY
    return Nature.CHOICE if isinstance(field, Choice) else Nature.TEXT


def intervals(field: Property, text: str, zone: str) -> tuple[Interval, ...]:
    """Return the stored values that a number or a date stands for, in their order.

    `zone` is that of dates without an offset. A date has several where clocks are set
    back across midnight. Raise `Unreadable`.
    """
    if isinstance(field, Date):
        return _period(text.strip(), zone)
    if not _NUMBER.fullmatch(text.strip()):
        is_whole = isinstance(field, Integer)
        form = "a whole number" if is_whole else "a decimal number such as 9.95"
        raise Unreadable(f"must be {form}")
    number = Decimal(text.strip())
    if isinstance(field, Amount):
        # The stored form: integers of ten-thousandths.
        number *= MONEY_UNIT
    # Beyond what a database can hold, all numbers are alike.
    number = max(min(number, Decimal(2**62)), Decimal(-(2**62)))
    # For 9.95001 the lower end is above the upper one: no stored price can be equal.
    return (Interval(math.ceil(number), math.floor(number)),)


def flag(text: str) -> bool:
    """Read true, false, 1 or 0. Raise `Unreadable`."""
    found = Boolean.words.get(text.strip().lower())
    if found is None:
        raise Unreadable("must be true or false")
    return found


def identity(field: Reference, text: str, base: str) -> int:
    """Read the address of another resource. Raise `Unreadable`."""
    found = field.address.fullmatch(text.strip().removeprefix(base))
    if not found:
        path = field.path.format(id="…")
        raise Unreadable(f"must be the address of one of the {field.target}: {path}")
    return int(found[1])


def text_value(text: str) -> str:
    """Check that the database can store a text. Raise `Unreadable`."""
    if UNREPRESENTABLE.search(text):
        raise Unreadable("contains a character that no property can have")
    return text


def choice(field: Choice, text: str) -> str:
    """Check that a text is a legal value. Raise `Unreadable`."""
    if text not in field.choices:
        known = ", ".join(c or '"" (empty)' for c in field.choices)
        raise Unreadable(f"must be one of {known}")
    return text


def _period(text: str, zone: str) -> tuple[Interval, ...]:
    found = _DATE.fullmatch(text)
    if not found:
        raise Unreadable(f"must be {DATE_FORM}")
    year, month, day, hour, minute, second, offset = found.groups()
    try:
        start = datetime(  # noqa: DTZ001 - what clocks show, in a zone to be found
            int(year),
            int(month or 1),
            int(day or 1),
            int(hour or 0),
            int(minute or 0),
            int(second or 0),
        )
        if month is None:
            end = start.replace(month=12, day=31, hour=23, minute=59, second=59)
        elif day is None:
            last = calendar.monthrange(start.year, start.month)[1]
            end = start.replace(day=last, hour=23, minute=59, second=59)
        elif hour is None:
            end = start.replace(hour=23, minute=59, second=59)
        else:
            end = start if second else start + timedelta(seconds=59)
        return tuple(
            Interval(low, high)
            for low, high in moments_between(start, end, _zone(offset, zone))
        )
    except (ValueError, OverflowError):
        raise Unreadable(f"must be {DATE_FORM}") from None


def _zone(offset: str | None, zone: str) -> ZoneInfo | timezone:
    if offset is None:
        return ZoneInfo(zone)
    if offset == "Z":
        return ZoneInfo("UTC")
    digits = offset[1:].replace(":", "")
    shift = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return timezone(-shift if offset[0] == "-" else shift)
