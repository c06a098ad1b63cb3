"""A queue in which the writers of a process take turns, for a limited time."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from app.engines import busy
from app.metrics import METRICS, REFUSED_WRITES

STUCK_SECONDS = 1.0
"""Seconds for which a writer waits after another that waited in vain."""

FEW = 4
"""Writers that may wait meanwhile: each holds a thread, most likely in vain."""


class Turn:
    """A place in the queue, until a moment."""

    def __init__(self, seconds: float) -> None:
        self.has_come = False
        """Whether the database let us write."""
        self._deadline = time.monotonic() + seconds

    @property
    def seconds_left(self) -> float:
        """The seconds that are left to wait."""
        return max(0.0, self._deadline - time.monotonic())


class WriterQueue:
    """Writers wait here, and not in the polling of SQLite; at most `most` at a time.

    Each that waits holds a thread, and some threads must stay for readers.
    """

    def __init__(self, most: int) -> None:
        self.is_stuck = False
        self._lock = threading.Lock()
        self._most = most
        self._waiting = 0
        self._counting = threading.Lock()

    @contextmanager
    def turn(self, seconds: float) -> Iterator[Turn]:
        """Wait for a turn, for some seconds. Raise `Unavailable`."""
        # While another program holds the database, further writers fail fast instead of
        # piling up.
        turn = Turn(min(seconds, STUCK_SECONDS) if self.is_stuck else seconds)
        try:
            if not self._lock.acquire(blocking=False):
                self._wait(turn)
            try:
                yield turn
            finally:
                # One success is enough to lift the short limit again.
                self.is_stuck = not turn.has_come
                self._lock.release()
        finally:
            if not turn.has_come:
                METRICS.add(REFUSED_WRITES)

    def _wait(self, turn: Turn) -> None:
        with self._counting:
            # Refuse at once: a queue longer than the timeout only wastes threads.
            if self._waiting >= (FEW if self.is_stuck else self._most):
                raise busy()
            self._waiting += 1
        try:
            if not self._lock.acquire(timeout=turn.seconds_left):
                raise busy()
        finally:
            with self._counting:
                self._waiting -= 1
