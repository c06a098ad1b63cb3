"""What is kept stays within its bounds, and the longest unused goes first."""

import subprocess
import sys
from sys import getsizeof

import pytest

from app.services.page_cache import FRAGMENTS, OVERHEAD, PageCache, RenderedPage


def page(size: int) -> RenderedPage:
    return RenderedPage(b"x" * size, "")


def cost(size: int) -> int:
    """Give the bytes that a page under a name of one letter takes."""
    contents = getsizeof("a") + sum(map(getsizeof, page(size)))
    return OVERHEAD + contents + contents // FRAGMENTS


def test_what_was_put_is_given_back():
    kept = PageCache(2**20)
    kept.put("a", page(10))
    assert kept.get("a") == page(10)
    assert kept.get("b") is None


def test_the_longest_unused_goes_first():
    room = 10 * cost(100)
    kept = PageCache(room)
    for name in "abcdefghij":
        kept.put(name, page(100))
    kept.get("a")
    kept.put("k", page(100))
    assert kept.get("b") is None
    assert kept.get("a")
    assert kept.used <= room


def test_what_is_put_again_counts_once():
    kept = PageCache(2**20)
    for size in (10, 2000, 30):
        kept.put("a", page(size))
    assert kept.used == cost(30)


def test_what_would_take_much_of_the_room_is_not_kept():
    kept = PageCache(80_000)
    kept.put("a", page(10_000))
    assert kept.get("a") is None


def test_without_room_nothing_is_kept():
    kept = PageCache(0)
    kept.put("a", page(1))
    assert kept.get("a") is None
    assert kept.used == 0


FILLED = """
import random, sys
from app import heap
from app.services.page_cache import PageCache, RenderedPage

def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096

# As `serve` does.
heap.limit_fragmentation()
chance, sizes = random.Random(1), [int(size) for size in sys.argv[2].split(",")]
kept, before = PageCache(32 * 2**20), resident()
for number in range(int(sys.argv[1])):
    size = int(chance.choice(sizes) * chance.uniform(0.8, 1.2))
    page = RenderedPage(b"x" * size, "<a>; rel=next" * 15, "en")
    kept.put(f"{number} " + "k" * 300, page)
print(kept.used, resident() - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="it reads /proc")
@pytest.mark.parametrize(
    ("entries", "sizes"),
    [
        (100_000, "300"),
        (60_000, "2000"),
        (4_000, "45000"),
        (6_000, "2000,20000,200000"),
        (600, "200000,600000"),
    ],
)
def test_what_is_counted_is_what_the_process_has(entries, sizes):
    found = subprocess.run(
        [sys.executable, "-c", FILLED, str(entries), sizes],
        capture_output=True,
        text=True,
        check=True,
    )
    used, resident = map(int, found.stdout.split())
    assert used > 30 * 2**20
    assert 0.6 < resident / used < 1.1
