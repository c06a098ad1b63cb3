"""Removes blobs and partial uploads that nothing refers to any more.

It is done after the commit, when the answer is decided: a storage that fails must not
turn it into a failure. What could not be removed is removed by the next tidy-up of this
process, or by `sweep`, which finds what no row names.
"""

import logging
from collections import deque
from collections.abc import Iterable

from app.errors import RequestError
from app.storage import Storage

MOST_WAITING = 10_000
"""Keys that are remembered for the next tidy-up; `sweep` finds any others."""

LATER = "%s is removed by the next tidy-up: %s"
_LOG = logging.getLogger(__name__)


class Removal:
    """Removes by keys, now or later. No method raises if the storage fails."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._blobs: deque[str] = deque(maxlen=MOST_WAITING)
        self._partials: deque[str] = deque(maxlen=MOST_WAITING)

    def remove_blobs(self, keys: Iterable[str]) -> None:
        """Remove whole files."""
        for key in keys:
            try:
                self._storage.delete(key)
            except (RequestError, OSError) as error:
                self._blobs.append(key)
                _LOG.warning(LATER, key, error)

    def remove_partials(self, keys: Iterable[str | None]) -> None:
        """Remove what came of uploads; None stands for an upload without any."""
        for key in keys:
            if key is None:
                continue
            try:
                self._storage.drop_partial(key)
            except (RequestError, OSError) as error:
                self._partials.append(key)
                _LOG.warning(LATER, key, error)

    def retry(self) -> None:
        """Remove what could not be removed before."""
        self.remove_blobs(_taken(self._blobs))
        self.remove_partials(_taken(self._partials))


def _taken(waiting: deque[str]) -> list[str]:
    """Return what waits, and empty it; other threads may add to it meanwhile."""
    return [waiting.popleft() for _ in range(len(waiting))]
