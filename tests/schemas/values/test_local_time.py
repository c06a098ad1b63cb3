"""Each moment is found by the filter of the day that clocks show, and of no other."""

from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.base.fields import Date
from schemas.base.filter_values import intervals

FIRST, LAST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2036, 1, 1, tzinfo=UTC)
LOW, HIGH = int(FIRST.timestamp()), int(LAST.timestamp()) - 1
ZONES = sorted(available_timezones() - {"localtime", "Factory"})
FIELD = Date("A date.")
HOUR = 3600


def offset(moment, zone):
    shown = datetime.fromtimestamp(moment, zone).utcoffset()
    return int(shown.total_seconds())


def day_of(moment, zone):
    return datetime.fromtimestamp(moment, zone).date()


def changes(zone):
    """Yield the moments from which on clocks have another offset."""
    position, before = LOW, offset(LOW, zone)
    while position < HIGH:
        after = min(position + 5 * 24 * HOUR, HIGH)
        now = offset(after, zone)
        if now != before:
            low, high = position, after
            while high - low > 1:
                middle = (low + high) // 2
                low, high = (
                    (middle, high) if offset(middle, zone) == before else (low, middle)
                )
            yield high
            before = now
        position = after


@cache
def filtered(day, name):
    return intervals(FIELD, day.isoformat(), name)


def finders(moment, name):
    """Give the days around a moment whose filters find it."""
    utc = datetime.fromtimestamp(moment, UTC).date()
    days = [utc + timedelta(days=shift) for shift in (-2, -1, 0, 1, 2)]
    return [
        day
        for day in days
        if any(part.low <= moment <= part.high for part in filtered(day, name))
    ]


# It takes nine seconds; random moments are tried below.
@pytest.mark.endurance
def test_every_moment_around_every_change_of_clocks_is_found_once():
    """All zones, 2000 to 2035; between two changes, days are of 24 hours."""
    seen = set()
    for name in ZONES:
        zone = ZoneInfo(name)
        found = tuple(changes(zone))
        key = offset(LOW, zone), found, tuple(offset(c, zone) for c in found)
        if key in seen:
            # Another name of the same zone.
            continue
        seen.add(key)
        filtered.cache_clear()
        for change in found:
            midnight = change + offset(change, zone)
            midnight = change - midnight % (24 * HOUR)
            moments = {change - 1, change, midnight - 1, midnight}
            moments |= {change + shift * HOUR for shift in (-25, -1, 1, 23, 24, 25)}
            for moment in moments:
                assert finders(moment, name) == [day_of(moment, zone)], (name, moment)
    assert len(seen) > 100


@given(st.sampled_from(ZONES), st.integers(LOW, HIGH))
def test_any_moment_is_found_by_one_day_one_month_and_one_year(name, moment):
    day = day_of(moment, ZoneInfo(name))
    assert finders(moment, name) == [day]
    for text in (day.isoformat()[:7], day.isoformat()[:4]):
        parts = intervals(FIELD, text, name)
        assert any(part.low <= moment <= part.high for part in parts)
    others = [str(day.year + 1), str(day.year - 1)]
    others.append((day.replace(day=1) - timedelta(days=1)).isoformat()[:7])
    for text in others:
        parts = intervals(FIELD, text, name)
        assert not any(part.low <= moment <= part.high for part in parts)


@pytest.mark.parametrize("month", ["2006-10", "2000", "2011-11", "2011"])
def test_the_days_of_a_period_are_the_period(month):
    """Months and years at whose ends clocks were set back across midnight, too."""
    for name in ("America/St_Johns", "Pacific/Apia", "America/Sao_Paulo", "Asia/Gaza"):
        start = date.fromisoformat(
            f"{month}-01-01"[:10] if len(month) == 4 else f"{month}-01"
        )
        end = start.replace(month=12 if len(month) == 4 else start.month, day=28)
        end = (end + timedelta(days=4)).replace(day=1) - timedelta(days=1)
        seconds = 0
        day = start
        while day <= end:
            seconds += sum(p.high - p.low + 1 for p in filtered(day, name))
            day += timedelta(days=1)
        whole = sum(p.high - p.low + 1 for p in intervals(FIELD, month, name))
        assert seconds == whole


def test_a_day_that_clocks_skip_is_empty_where_it_would_be():
    [part] = intervals(FIELD, "2011-12-30", "Pacific/Apia")
    assert part.low == part.high + 1
    before = filtered(date(2011, 12, 29), "Pacific/Apia")
    after = filtered(date(2011, 12, 31), "Pacific/Apia")
    assert before[-1].high + 1 == part.low == after[0].low


def test_an_hour_that_clocks_repeat_is_found_twice():
    [first, second] = intervals(FIELD, "2026-10-25T02:30", "Europe/Berlin")
    assert (first.high - first.low, second.low - first.low) == (59, HOUR)


def test_an_hour_that_clocks_skip_is_empty():
    [part] = intervals(FIELD, "2026-03-29T02:30", "Europe/Berlin")
    assert part.low == part.high + 1


@pytest.mark.parametrize("name", ["UTC", "Asia/Tokyo", "America/Los_Angeles"])
@pytest.mark.parametrize("text", ["9999-12-31", "9999", "0001-01-01", "0001"])
def test_the_ends_of_the_calendar_are_dates(name, text):
    [part] = intervals(FIELD, text, name)
    assert part.low < part.high
