"""A cache of rendered pages, bounded in bytes."""

import threading
from collections import OrderedDict
from sys import getsizeof
from typing import NamedTuple

OVERHEAD = 256
"""Bytes that an entry costs beyond its contents."""

FRAGMENTS = 5
"""What the C library loses between blocks of different sizes: one part in so many.

tests/services/test_page_cache.py holds the sum to what the process has.
"""


class RenderedPage(NamedTuple):
    """A body, and its links as they stand in the Link header."""

    body: bytes
    links: str
    languages: str = ""
    """The languages of its texts, as Content-Language has them."""


class PageCache:
    """Written bodies by a key that holds everything which makes them.

    Nothing is ever invalidated: a key contains the version of what is shown, so that
    after a change nobody asks for it any more, in whatever process the change was
    made. What was not asked for the longest goes first. `size` is in bytes, 0 keeps
    nothing.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self.used = 0
        self._entries: OrderedDict[str, RenderedPage] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: str) -> RenderedPage | None:
        """Return the value of a key, or None."""
        with self._lock:
            found = self._entries.get(key)
            if found is not None:
                # The least recently used entry is at the beginning, and removed first.
                self._entries.move_to_end(key)
        return found

    def put(self, key: str, written: RenderedPage) -> None:
        """Store a body, unless it would take a large part of the cache."""
        # Eight large pages must not displace everything else.
        cost = _cost(key, written)
        if cost > self.size // 8:
            return
        with self._lock:
            # Two threads may have rendered the same page.
            replaced = self._entries.pop(key, None)
            if replaced is not None:
                self.used -= _cost(key, replaced)
            self._entries[key] = written
            self.used += cost
            while self.used > self.size:
                oldest, gone = self._entries.popitem(last=False)
                self.used -= _cost(oldest, gone)


def _cost(key: str, written: RenderedPage) -> int:
    contents = sum(map(getsizeof, (key, *written)))
    return OVERHEAD + contents + contents // FRAGMENTS
