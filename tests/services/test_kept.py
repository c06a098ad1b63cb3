"""What is kept stays within its bounds, and the longest unused goes first."""

from sys import getsizeof

from app.services.kept import OVERHEAD, Kept, Written


def page(size: int) -> Written:
    return Written(b"x" * size, "")


def cost(size: int) -> int:
    """Give the bytes that a page under a name of one letter takes."""
    return OVERHEAD + getsizeof("a") + sum(map(getsizeof, page(size)))


def test_what_was_put_is_given_back():
    kept = Kept(2**20)
    kept.put("a", page(10))
    assert kept.get("a") == page(10)
    assert kept.get("b") is None


def test_the_longest_unused_goes_first():
    room = 10 * cost(100)
    kept = Kept(room)
    for name in "abcdefghij":
        kept.put(name, page(100))
    kept.get("a")
    kept.put("k", page(100))
    assert kept.get("b") is None
    assert kept.get("a")
    assert kept.used <= room


def test_what_is_put_again_counts_once():
    kept = Kept(2**20)
    for size in (10, 2000, 30):
        kept.put("a", page(size))
    assert kept.used == cost(30)


def test_what_would_take_much_of_the_room_is_not_kept():
    kept = Kept(80_000)
    kept.put("a", page(10_000))
    assert kept.get("a") is None


def test_without_room_nothing_is_kept():
    kept = Kept(0)
    kept.put("a", page(1))
    assert kept.get("a") is None
    assert kept.used == 0
