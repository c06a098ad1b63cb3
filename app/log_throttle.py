"""Log a repeated message once in a while, with its number of repetitions.

While a database is unavailable each request would log the same line; one line a second
is enough.
"""

import logging
import threading
import time

from app.errors import cause_of

MOST_MESSAGES = 200


class Throttle:
    """Logs a message at most once in so many seconds."""

    def __init__(self, name: str, seconds: float) -> None:
        self._logger = logging.getLogger(name)
        self._seconds = seconds
        self._lock = threading.Lock()
        self._logged: dict[str, float] = {}
        self._suppressed: dict[str, int] = {}

    def log(self, message: str, cause: BaseException | None = None) -> None:
        """Log a message, unless that was done a moment ago, with its last cause."""
        moment = time.monotonic()
        with self._lock:
            before = self._logged.get(message)
            if before is not None and moment - before < self._seconds:
                self._suppressed[message] = self._suppressed.get(message, 0) + 1
                return
            if len(self._logged) >= MOST_MESSAGES:
                self._logged.clear()
                self._suppressed.clear()
            self._logged[message] = moment
            more = self._suppressed.pop(message, 0)
        found = f" ({cause_of(cause)})" if cause else ""
        times = f" ({more} times more)" if more else ""
        self._logger.warning("%s%s%s", message, found, times)
