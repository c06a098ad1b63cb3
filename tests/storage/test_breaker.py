"""A store that does not answer is not asked for a while."""

import pytest

from app.errors import Unavailable
from app.storage import breaker
from app.storage.breaker import MOST_FAILURES, MOST_SLOW, OPEN_SECONDS, Breaker


@pytest.fixture
def clock(monkeypatch):
    class Clock:
        now = 1000.0

        def monotonic(self):
            return self.now

    clock = Clock()
    monkeypatch.setattr(breaker, "time", clock)
    return clock


@pytest.fixture
def tried(clock):
    return Breaker()


def attempt(tried, clock, *, seconds=0.0, fails=True):
    with tried.call() as call:
        clock.now += seconds
        call.has_failed = fails


def is_refused(tried, clock):
    try:
        attempt(tried, clock, fails=False)
    except Unavailable as error:
        assert error.retry_after
        return True
    return False


def test_some_failures_in_a_row_open_it_and_a_success_closes_it(tried, clock):
    for _ in range(MOST_FAILURES - 1):
        attempt(tried, clock)
    assert not is_refused(tried, clock)
    for _ in range(MOST_FAILURES):
        attempt(tried, clock)
    assert is_refused(tried, clock)
    clock.now += OPEN_SECONDS
    assert not is_refused(tried, clock)
    assert not is_refused(tried, clock)


def test_one_call_finds_out_and_the_others_wait_for_its_answer(tried, clock):
    for _ in range(MOST_FAILURES):
        attempt(tried, clock)
    clock.now += OPEN_SECONDS
    with tried.call() as call:
        assert is_refused(tried, clock)
        call.has_failed = True
    assert is_refused(tried, clock)


def test_one_call_that_hung_is_enough_where_nothing_else_succeeded(tried, clock):
    attempt(tried, clock, seconds=40)
    assert is_refused(tried, clock)


def test_a_call_that_hung_is_not_enough_where_others_succeed(tried, clock):
    with tried.call() as call:
        clock.now += 40
        attempt(tried, clock, fails=False)
        call.has_failed = True
    assert not is_refused(tried, clock)


def test_calls_that_hang_side_by_side_refuse_more_before_they_end(tried, clock):
    calls = [tried.call() for _ in range(MOST_SLOW)]
    for call in calls:
        call.__enter__()
    assert not is_refused(tried, clock)
    clock.now += 11
    assert is_refused(tried, clock)
    for call in calls:
        call.__exit__(None, None, None)
    assert not is_refused(tried, clock)
