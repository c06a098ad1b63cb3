"""What the C library keeps of freed memory. Does nothing where it is not glibc.

Without this a worker that has been busy for days holds much more than it uses: each
thread gets an arena of its own, and freed memory in the middle of one is kept.
"""

import ctypes
from contextlib import suppress

M_ARENA_MAX = -8
"""The number that glibc gives this option of mallopt(3)."""

ARENAS = 2


def share_arenas() -> None:
    """Let all threads share a few arenas."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(M_ARENA_MAX, ARENAS)


def trim() -> None:
    """Return free pages to the system, also from the middle of the heap."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
