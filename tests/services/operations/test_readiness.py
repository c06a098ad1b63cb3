"""Readiness is told within seconds, whatever hangs, and again once it is well."""

import threading
import time

import pytest

from app.services.operations import readiness
from app.services.operations.readiness import Readiness


@pytest.fixture
def checked(installation, monkeypatch):
    monkeypatch.setattr(readiness, "PATIENCE", 0.2)
    return Readiness(installation.database, installation.storage)


def test_what_hangs_is_waited_for_once(checked, installation, monkeypatch):
    goes_on = threading.Event()
    monkeypatch.setattr(type(installation.storage), "check", lambda _s: goes_on.wait())
    started = time.monotonic()
    assert "in time" in checked.problem()
    assert time.monotonic() - started >= 0.2
    started = time.monotonic()
    assert all("in time" in checked.problem() for _ in range(20))
    assert time.monotonic() - started < 0.2
    goes_on.set()
    time.sleep(0.1)
    assert checked.problem() == ""


def test_a_thread_that_cannot_be_started_is_tried_again(checked, monkeypatch):
    real = threading.Thread.start

    def fail(_self):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", fail)
    with pytest.raises(RuntimeError):
        checked.problem()
    monkeypatch.setattr(threading.Thread, "start", real)
    assert checked.problem() == ""
