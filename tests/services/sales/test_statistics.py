"""Sums of any period, which are read from days and from whole months."""

import itertools
from collections import Counter
from datetime import UTC, datetime

import pytest

from app.services.sales import statistics
from app.services.sales.statistics import Period

DAYS = (
    *("2025-12-31", "2026-01-01", "2026-01-02", "2026-01-31", "2026-02-01"),
    *("2026-02-14", "2026-02-27", "2026-02-28", "2026-03-01", "2026-03-31"),
    *("2026-04-01", "2026-12-31", "2027-01-01"),
)
"""Days at the edges of months and years, and one in the middle."""


@pytest.fixture
def downloads(installation):
    """Give how often each item was downloaded on each day: a number of its own."""
    counts = {}
    with installation.database.writing() as tx:
        for number, (day, item) in enumerate(itertools.product(DAYS, (1, 2)), 1):
            moment = int(
                datetime.fromisoformat(f"{day}T12:00").replace(tzinfo=UTC).timestamp()
            )
            record = {"store_id": 1, "downloadable_id": item, "timezone": "UTC"}
            for _ in range(number):
                statistics.add_download(
                    tx, record, moment, is_first=False, is_redirected=False
                )
            done = {**record, "date_created": moment}
            statistics.add_bytes(tx, done, 10 * number, is_completed=True)
            counts[day, item] = number
    return counts


PERIODS = [Period(*pair) for pair in itertools.combinations_with_replacement(DAYS, 2)]


def test_all_groups_of_any_period_have_the_sums_of_its_days(installation, downloads):
    with installation.database.reading() as db:
        for period in PERIODS:
            inside = {
                key: count
                for key, count in downloads.items()
                if period.start <= key[0] <= period.end
            }
            by_item = Counter()
            for (_, item), count in inside.items():
                by_item[item] += count
            total = statistics.totals(db, "store_id", 1, period)
            assert total["downloads"] == sum(inside.values()), period
            assert total["bytes_sent"] == 10 * sum(inside.values()), period
            rows = statistics.by_downloadable(db, "store_id", 1, period)
            found = {row["downloadable_id"]: row["downloads"] for row in rows}
            assert found == by_item, period
            days = statistics.by_day(db, "store_id", 1, period)
            assert len(days) == len({day for day, _ in inside}), period
            for item, count in by_item.items():
                alone = statistics.by_downloadable(db, "downloadable_id", item, period)
                assert [row["downloads"] for row in alone] == [count], period
                of_item = statistics.totals(db, "downloadable_id", item, period)
                assert of_item["downloads"] == count, period


def test_what_ends_after_a_change_of_the_time_zone_is_not_lost(installation):
    moment = int(datetime(2026, 3, 1, 0, 30, tzinfo=UTC).timestamp())
    record = {"store_id": 1, "downloadable_id": 1, "timezone": "UTC"}
    with installation.database.writing() as tx:
        statistics.add_download(tx, record, moment, is_first=True, is_redirected=False)
        later = {**record, "timezone": "America/New_York", "date_created": moment}
        statistics.add_bytes(tx, later, 7, is_completed=True)
    with installation.database.reading() as db:
        period = Period("2026-02-01", "2026-03-31")
        sums = statistics.totals(db, "store_id", 1, period)
    assert (sums["downloads"], sums["completed"], sums["bytes_sent"]) == (1, 1, 7)
