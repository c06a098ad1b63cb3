"""Extend the sessions of downloads whose bytes this process is sending.

A download that takes longer than its session must still be resumable. The kernel sends
the bytes, so their progress is not known here; instead a thread extends the sessions of
all current downloads from time to time. The session of a killed process expires.
"""

import logging
import threading
import time
from collections import Counter

from app.database import Database
from app.services.sales import downloads

LONGEST_PAUSE = 60.0
"""Seconds between two extensions; shorter where sessions are."""

_LOG = logging.getLogger(__name__)


class ActiveDownloads:
    """The downloads whose bytes are being sent; `minutes` is a session's length."""

    def __init__(self, database: Database, minutes: int) -> None:
        self._database = database
        self._minutes = minutes
        self._pause = min(LONGEST_PAUSE, minutes * 60 / 4)
        self._requests: Counter[int] = Counter()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def add(self, download_id: int) -> None:
        """Extend the session of a download until it is removed as often as added."""
        if not self._minutes:
            return
        with self._lock:
            self._requests[download_id] += 1
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, daemon=True)
                self._thread.start()

    def remove(self, download_id: int) -> None:
        """Remove one request of a download."""
        with self._lock:
            self._requests[download_id] -= 1
            if self._requests[download_id] <= 0:
                del self._requests[download_id]

    def _run(self) -> None:
        while True:
            time.sleep(self._pause)
            with self._lock:
                ids = list(self._requests)
                if not ids:
                    self._thread = None
                    return
            try:
                downloads.extend_sessions(self._database, ids, self._minutes)
            except Exception:  # noqa: BLE001 - the next time is soon
                _LOG.exception("sessions of downloads were not extended")
