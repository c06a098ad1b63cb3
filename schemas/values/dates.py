"""Convert dates between their stored and shown forms.

Tested in `tests/schemas/values/test_money_and_dates.py`.
"""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

# Time zones change their offset at full quarters of an hour.
EARLIEST, LATEST = -62_135_337_600, 253_402_041_600
"""Seconds since 1970 that every time zone can show: days within the years 1 to 9999."""

QUARTER = 900
DAY = 86_400


def moment_stored(moment: datetime) -> int:
    """Return the stored form of a moment. Raise `OverflowError` out of range."""
    seconds = int(moment.timestamp())
    if not EARLIEST <= seconds <= LATEST:
        raise OverflowError
    return seconds


def day_text(seconds: int, timezone: str) -> str:
    """Return the day of a moment in a time zone: ``2015-04-16``."""
    return date_text(seconds, timezone)[:10]


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
