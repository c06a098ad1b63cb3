"""How values are written: money and dates, between their stored and shown forms."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from zoneinfo import ZoneInfo

MONEY_DIGITS = 4
"""Decimals that a stored amount has; no currency has more (CLF has four)."""

MONEY_UNIT = 10**MONEY_DIGITS

# Time zones change their offset at full quarters of an hour.
EARLIEST, LATEST = -62_135_337_600, 253_402_041_600
"""Seconds since 1970 that every time zone can show: days within the years 1 to 9999."""

QUARTER = 900
DAY = 86_400


@lru_cache(maxsize=16_384)
def money_text(amount: int) -> str:
    """Write a stored amount without padding: 109500 is ``10.95``."""
    whole, rest = divmod(amount, MONEY_UNIT)
    if not rest:
        return str(whole)
    return f"{whole}.{rest:0{MONEY_DIGITS}d}".rstrip("0")


def money_value(amount: int) -> int | Decimal:
    """Give a stored amount as an exact number."""
    text = money_text(amount)
    return Decimal(text) if "." in text else int(text)


def money_stored(amount: Decimal) -> int:
    """Give the stored form of an amount of at most four decimals."""
    return int(amount.scaleb(MONEY_DIGITS))


def moment_stored(moment: datetime) -> int:
    """Give the stored form of a moment. Raises `OverflowError` where it has no date."""
    seconds = int(moment.timestamp())
    if not EARLIEST <= seconds <= LATEST:
        raise OverflowError
    return seconds


@lru_cache(maxsize=16_384)
def date_text(seconds: int, timezone: str) -> str:
    """Write a moment (UTC, seconds) in a time zone: ``2015-04-16T09:33:28-0700``."""
    offset, suffix = _offset(seconds // QUARTER, timezone)
    day, rest = divmod(seconds + offset, DAY)
    minutes, second = divmod(rest, 60)
    hour, minute = divmod(minutes, 60)
    return f"{_day(day)}T{hour:02d}:{minute:02d}:{second:02d}{suffix}"


@lru_cache(maxsize=4096)
def _offset(quarter: int, timezone: str) -> tuple[int, str]:
    moment = datetime.fromtimestamp(quarter * QUARTER, ZoneInfo(timezone))
    offset = moment.utcoffset() or timedelta()
    return int(offset.total_seconds()), moment.strftime("%z")[:5]


@lru_cache(maxsize=4096)
def _day(day: int) -> str:
    return datetime.fromtimestamp(day * DAY, UTC).strftime("%Y-%m-%d")
