"""Convert local times to moments, also where clocks are set back or forward.

A time that clocks skip is no moment, and one that they repeat is two. Where clocks are
set back across midnight, a day is in two parts (St. John's did so at 00:01 until 2011).
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, tzinfo

from schemas.values.dates import EARLIEST, LATEST

MARGIN = 26 * 3600
"""Seconds by which local time and UTC differ at most, and more."""

DAY = 86_400
STEPS = ((7 * DAY, 6 * 3600), (DAY * 400, DAY))
"""How far apart offsets are looked at, in seconds, for a period of up to so many."""

Span = tuple[int, int]
"""The first and the last second since 1970."""


def moments_between(start: datetime, end: datetime, zone: tzinfo) -> list[Span]:
    """Return the moments at which clocks show `start` to `end`, both naive.

    What clocks skip is an empty span where it would be: its end is before its start.
    """
    first, last = _seconds(start), _seconds(end)
    found: list[Span] = []
    skipped: int | None = None
    for low, high, offset in _offsets(first - MARGIN, last + MARGIN, zone):
        # What clocks show in this part is its moments plus the offset.
        span = max(low, first - offset), min(high, last - offset)
        if span[0] > span[1]:
            if skipped is None and low + offset > last:
                skipped = low
        elif found and found[-1][1] + 1 == span[0]:
            found[-1] = found[-1][0], span[1]
        else:
            found.append(span)
    after = first if skipped is None else skipped
    return found or [(after, after - 1)]


def _seconds(naive: datetime) -> int:
    return int(naive.replace(tzinfo=UTC).timestamp())


def _offsets(low: int, high: int, zone: tzinfo) -> Iterator[tuple[int, int, int]]:
    """Yield parts of a period with the offset from UTC that clocks have in each."""
    step = next((s for most, s in STEPS if high - low <= most), STEPS[-1][1])
    begin, offset = low, _offset(low, zone)
    position = low
    while position < high:
        after = min(position + step, high)
        found = _offset(after, zone)
        if found != offset:
            change = _change(position, after, offset, zone)
            yield begin, change - 1, offset
            begin, offset = change, found
        position = after
    yield begin, high, offset


def _change(low: int, high: int, offset: int, zone: tzinfo) -> int:
    """Return the first moment that has another offset."""
    # A binary search, because the tz database can only be asked for an offset at a
    # moment.
    while high - low > 1:
        middle = (low + high) // 2
        if _offset(middle, zone) == offset:
            low = middle
        else:
            high = middle
    return high


def _offset(moment: int, zone: tzinfo) -> int:
    # Beyond the calendar, clocks stay as they are at its ends.
    known = min(max(moment, EARLIEST), LATEST)
    shown = datetime.fromtimestamp(known, zone).utcoffset() or timedelta()
    return int(shown.total_seconds())
