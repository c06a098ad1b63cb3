"""Limit the freed memory that the C library keeps. No effect without glibc.

Without this a worker that has been busy for days holds much more than it uses: each
thread gets an arena of its own, and freed memory in the middle of one is kept.

Tested in `tests/torture/load/test_kept_memory.py`.
"""

import ctypes
from contextlib import suppress

# Options of mallopt(3), by their numbers in glibc.
M_MMAP_THRESHOLD, M_ARENA_MAX = -3, -8

ARENAS = 2
LARGE = 128 * 1024
"""Bytes from which on a block is mapped by itself, and so returned when it is freed."""


def limit_fragmentation() -> None:
    """Limit all threads to a few arenas, and keep large blocks out of them.

    glibc would raise the size of large blocks to that of the largest one freed.
    """
    with suppress(OSError, AttributeError):
        library = ctypes.CDLL(None)
        library.mallopt(M_ARENA_MAX, ARENAS)
        library.mallopt(M_MMAP_THRESHOLD, LARGE)


def trim() -> None:
    """Return free pages to the system, also from the middle of the heap."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
