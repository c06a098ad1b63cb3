"""Removes files and partial uploads that no row names any more.

It is done after the commit, when the answer is decided: a storage that fails must not
turn it into a failure. What cannot be removed now, or must not while a backup copies
it, is removed in a moment by this process; after a crash `sweep` finds it.
"""

import logging
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress

from sqlalchemy.exc import SQLAlchemyError

from app.database import Database
from app.errors import Disconnected, Locked, RequestError
from app.services import blobs
from app.storage import Blob, Storage

MOST_WAITING = 100_000
"""Keys that are remembered, of about 100 bytes each; `sweep` finds any others."""

BATCH = 200

FAILURES = (RequestError, SQLAlchemyError, OSError)
_LOG = logging.getLogger(__name__)


class Removal:
    """Removes by keys, now or later. No method raises if a part fails."""

    def __init__(self, storage: Storage, database: Database) -> None:
        self._storage = storage
        self._database = database
        self._waiting: deque[str] = deque(maxlen=MOST_WAITING)

    def remove(self, keys: Iterable[str | None]) -> None:
        """Remove what a committed transaction has left without a row.

        None stands for an upload of which nothing has come.
        """
        given = [key for key in dict.fromkeys(keys) if key is not None]
        if not given:
            return
        try:
            if self._database.removal_lock.is_held():
                self._waiting += given
                return
            with self._database.reading() as db:
                found = blobs.unnamed(db, given)
        except FAILURES as error:
            self._put_off(given, error)
            return
        for key in found:
            self._delete(key)

    @contextmanager
    def unless_named(self, blob: Blob) -> Iterator[None]:
        """Remove a durable blob if the block fails to give it a row."""
        try:
            yield
        except BaseException as error:
            self._take_back(blob.key, error)
            raise
        with suppress(*FAILURES):
            self._storage.settle(blob.key)

    def retry(self) -> None:
        """Remove what could not be removed before."""
        # Only what waits now: what fails once more is put off again.
        left = len(self._waiting)
        while left > 0:
            # Other threads may add to it, but none takes from it.
            keys = [self._waiting.popleft() for _ in range(min(left, BATCH))]
            left -= len(keys)
            try:
                found = self._unnamed(keys)
            except FAILURES:
                self._waiting += keys
                return
            for key in found:
                self._delete(key)

    def _unnamed(self, keys: list[str]) -> list[str]:
        if self._database.removal_lock.is_held():
            raise Locked("a backup copies what is to be removed")
        # While it is our turn to write, no commit of unknown outcome is under way.
        with self._database.writing() as tx:
            return [key for key in keys if not blobs.is_named(tx, key)]

    def _take_back(self, key: str, error: BaseException) -> None:
        if isinstance(error, Disconnected):
            # The commit may still be under way.
            self._waiting.append(key)
            return
        try:
            with self._database.reading() as db:
                is_named = blobs.is_named(db, key)
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

    def _put_off(self, keys: list[str], error: Exception) -> None:
        self._waiting += keys
        _LOG.warning("%s is removed later: %s", ", ".join(keys[:3]), error)
