"""What happens again and again is logged once in a while, without what was sent."""

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError

from app import log_throttle
from app.errors import cause_of
from app.log_throttle import MOST_MESSAGES, Throttle


@pytest.fixture
def clock(monkeypatch):
    class Clock:
        now = 1000.0

        def monotonic(self):
            return self.now

    clock = Clock()
    monkeypatch.setattr(log_throttle, "time", clock)
    return clock


def test_a_message_comes_once_and_then_with_how_often(clock, caplog):
    throttle = Throttle("t", seconds=1)
    for number in range(50):
        throttle.log("the database is busy", OSError(f"try {number}"))
    assert [r.message for r in caplog.records] == ["the database is busy (try 0)"]
    clock.now += 1
    throttle.log("the database is busy")
    assert caplog.records[-1].message == "the database is busy (49 times more)"


def test_different_messages_are_logged_each_and_not_kept_for_ever(clock, caplog):
    throttle = Throttle("t", seconds=1)
    for number in range(3 * MOST_MESSAGES):
        throttle.log(f"message {number}")
    assert len(caplog.records) == 3 * MOST_MESSAGES
    assert len(throttle._logged) <= MOST_MESSAGES


def test_no_parameter_of_a_statement_is_told():
    engine = create_engine("sqlite://")
    with engine.connect() as connection, pytest.raises(OperationalError) as found:
        connection.execute(text("SELECT * FROM missing WHERE a = :a"), {"a": "secret"})
    engine.dispose()
    assert "secret" in str(found.value)
    assert cause_of(found.value) == "no such table: missing"
