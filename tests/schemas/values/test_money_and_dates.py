"""Money and dates, between their stored and shown forms."""

from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.values.dates import date_text
from schemas.values.money import money_stored, money_text, money_value

ZONES = [
    "UTC",
    "America/Los_Angeles",
    "Asia/Kolkata",
    "Asia/Kathmandu",
    "Europe/Berlin",
    "Australia/Lord_Howe",
    "America/St_Johns",
    "Africa/Monrovia",
]


@pytest.mark.parametrize(
    ("stored", "text"),
    [
        (0, "0"),
        (1, "0.0001"),
        (100, "0.01"),
        (100_000, "10"),
        (809_500, "80.95"),
        (99_500, "9.95"),
        (10**14, "10000000000"),
    ],
)
def test_money_is_written_without_padding(stored, text):
    assert money_text(stored) == text
    assert money_stored(Decimal(text)) == stored


@given(st.integers(0, 10**14))
def test_money_comes_back_exactly(stored):
    assert money_stored(Decimal(money_value(stored))) == stored


def test_a_date_is_written_as_foxy_does():
    text = date_text(1_429_202_008, "America/Los_Angeles")
    assert text == "2015-04-16T09:33:28-0700"


@given(st.integers(0, 4_102_444_800), st.sampled_from(ZONES))
def test_a_date_is_what_datetime_says(seconds, zone):
    moment = datetime.fromtimestamp(seconds, ZoneInfo(zone))
    assert date_text(seconds, zone) == moment.strftime("%Y-%m-%dT%H:%M:%S%z")[:24]
