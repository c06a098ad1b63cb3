"""Logs what happens again and again once in a while, with how often it did.

While a database is away each request says so; one line a second says it as well.
"""

import logging
import threading
import time

MOST_MESSAGES = 200


class Throttle:
    """Logs a message at most once in so many seconds."""

    def __init__(self, name: str, seconds: float) -> None:
        self._logger = logging.getLogger(name)
        self._seconds = seconds
        self._lock = threading.Lock()
        self._said: dict[str, float] = {}
        self._unsaid: dict[str, int] = {}

    def log(self, message: str) -> None:
        """Log a message, unless that was done a moment ago."""
        moment = time.monotonic()
        with self._lock:
            before = self._said.get(message)
            if before is not None and moment - before < self._seconds:
                self._unsaid[message] = self._unsaid.get(message, 0) + 1
                return
            if len(self._said) >= MOST_MESSAGES:
                self._said.clear()
                self._unsaid.clear()
            self._said[message] = moment
            more = self._unsaid.pop(message, 0)
        self._logger.warning("%s%s", message, f" ({more} times more)" if more else "")
