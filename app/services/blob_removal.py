"""Remove blobs and partial uploads that no row refers to.

Blobs are removed after the commit: a storage that fails must not turn the response into
an error. A blob that cannot be removed now, or is being backed up, is removed later by
this process, or by `sweep` after a crash.
"""

import threading
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress

from app.database import FAILURES, Database
from app.errors import Disconnected, Locked
from app.log_throttle import Throttle
from app.metrics import METRICS, PUT_OFF
from app.services import blob_references
from app.storage import Storage

MOST_WAITING = 100_000
"""Keys that are remembered, of about 100 bytes each; `sweep` finds any others."""

BATCH = 200

_OUTAGE = Throttle(__name__, seconds=1)


class BlobRemoval:
    """Removes by keys, now or later: after a commit nothing raises if a part fails."""

    def __init__(self, storage: Storage, database: Database) -> None:
        self._storage = storage
        self._database = database
        self._waiting: deque[str] = deque(maxlen=MOST_WAITING)
        self._retrying = threading.Lock()

    def remove(self, keys: Iterable[str | None]) -> None:
        """Delete the blobs that a committed transaction has left without a row.

        None stands for an upload of which nothing has come.
        """
        given = [key for key in dict.fromkeys(keys) if key is not None]
        if not given:
            return
        try:
            if self._database.removal_lock.is_held():
                self._waiting += given
                METRICS.add(PUT_OFF, len(given))
                return
            with self._database.reading() as db:
                found = blob_references.unreferenced(db, given)
        except FAILURES as error:
            self._put_off(given, error)
            return
        for key in found:
            self._delete(key)

    @contextmanager
    def remove_unless_named(self, key: str) -> Iterator[None]:
        """Delete a blob if the block fails before a row refers to it."""
        try:
            yield
        except BaseException as error:
            self._take_back(key, error)
            raise
        with suppress(*FAILURES):
            self._storage.settle(key)

    def retry(self) -> None:
        """Delete the blobs whose removal failed before. Raise what fails again."""
        with self._retrying:
            # Only what waits now; other threads may add to it meanwhile.
            left = len(self._waiting)
            while left > 0:
                keys = [self._waiting.popleft() for _ in range(min(left, BATCH))]
                left -= len(keys)
                try:
                    self._remove_unnamed(keys)
                finally:
                    self._waiting += keys

    def _remove_unnamed(self, keys: list[str]) -> None:
        """Delete the listed blobs without a row, and take them off the list."""
        if self._database.removal_lock.is_held():
            raise Locked("a backup copies what is to be removed")
        # While it is our turn to write, no commit of unknown outcome is under way.
        with self._database.writing() as tx:
            unnamed = [
                key for key in keys if not blob_references.is_referenced(tx, key)
            ]
        keys[:] = unnamed
        for key in unnamed:
            self._storage.delete(key)
            keys.remove(key)

    def _take_back(self, key: str, error: BaseException) -> None:
        if isinstance(error, Disconnected):
            # The commit may still be under way.
            self._put_off([key], error)
            return
        try:
            with self._database.reading() as db:
                is_named = blob_references.is_referenced(db, key)
        except FAILURES as failure:
            self._put_off([key], failure)
            return
        if not is_named:
            self._delete(key)

    def _delete(self, key: str) -> None:
        try:
            self._storage.delete(key)
        except FAILURES as error:
            self._put_off([key], error)

    def _put_off(self, keys: list[str], error: BaseException) -> None:
        self._waiting += keys
        METRICS.add(PUT_OFF, len(keys))
        _OUTAGE.log("unreferenced files are removed later", error)
