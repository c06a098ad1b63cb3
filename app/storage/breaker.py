"""A circuit breaker: after failures, a service is not called for a while.

Otherwise each request would wait for the timeout, and block a thread meanwhile
(Michael Nygard, Release It!, chapter 5).
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from app.errors import Unavailable

OPEN_SECONDS = 5.0
"""For so long nobody asks; then one does, and the others go by its answer."""

MOST_FAILURES = 3
"""Failures in a row that open it."""

SLOW_SECONDS, MOST_SLOW = 10.0, 8
"""It is open, too, while so many calls have waited that long and none succeeded."""


class Call:
    """A call that is under way."""

    def __init__(self) -> None:
        self.begun = time.monotonic()
        self.has_failed = False


class Breaker:
    """Counts how calls end, and refuses them while they would only wait."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        # The oldest first.
        self._under_way: dict[Call, None] = {}
        self._failures = 0
        self._last_success = time.monotonic()
        self._open_until = 0.0

    @contextmanager
    def call(self) -> Iterator[Call]:
        """Yield a call; it counts as a success unless it reports a failure.

        Raise `Unavailable` while calls are refused.
        """
        call = self._begin()
        try:
            yield call
        finally:
            self._end(call)

    def _begin(self) -> Call:
        with self._lock:
            call = Call()
            if call.begun < self._open_until or self._are_stuck(call.begun):
                raise unanswered()
            if self._failures >= MOST_FAILURES:
                # This one finds out how things are.
                self._open_until = call.begun + OPEN_SECONDS
            self._under_way[call] = None
            return call

    def _are_stuck(self, moment: float) -> bool:
        since = moment - SLOW_SECONDS
        if len(self._under_way) < MOST_SLOW or self._last_success > since:
            return False
        return sum(call.begun < since for call in self._under_way) >= MOST_SLOW

    def _end(self, call: Call) -> None:
        moment = time.monotonic()
        with self._lock:
            del self._under_way[call]
            if not call.has_failed:
                self._failures = 0
                self._open_until = 0.0
                self._last_success = moment
                return
            self._failures += 1
            has_hung = moment - call.begun > SLOW_SECONDS
            if has_hung and self._last_success <= call.begun:
                self._failures = max(self._failures, MOST_FAILURES)
            if self._failures >= MOST_FAILURES:
                self._open_until = moment + OPEN_SECONDS


def unanswered() -> Unavailable:
    """Return the error for a storage that does not answer."""
    return Unavailable(
        "the file storage does not answer as it should; please try again",
        retry_after=5,
    )
