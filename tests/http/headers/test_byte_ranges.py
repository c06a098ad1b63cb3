"""Byte ranges (RFC 9110, section 14)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.http.headers.byte_ranges import LARGEST, MAX_RANGES, ByteRange, byte_ranges

SIZE = 1000


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, None),
        ("", None),
        ("bytes=0-0", [(0, 1)]),
        ("bytes=0-499", [(0, 500)]),
        ("bytes=500-999", [(500, 1000)]),
        ("bytes=500-", [(500, 1000)]),
        ("bytes=500-5000", [(500, 1000)]),
        ("bytes=-1", [(999, 1000)]),
        ("bytes=-500", [(500, 1000)]),
        ("bytes=-5000", [(0, 1000)]),
        ("BYTES=0-1", [(0, 2)]),
        ("bytes = 0-1", [(0, 2)]),
        ("bytes=0-0,-1", [(0, 1), (999, 1000)]),
        ("bytes=900-999,0-9", [(900, 1000), (0, 10)]),
        ("bytes=0-9,5-14", [(0, 15)]),
        ("bytes=0-9,10-19", [(0, 20)]),
        ("bytes=20-29,0-19,500-", [(0, 30), (500, 1000)]),
        ("bytes=0-9, 2000-", [(0, 10)]),
        ("bytes=0-1=2", None),
        ("bytes=00-09", [(0, 10)]),
        ("lines=0-9", None),
        ("bytes=,0-9,,", [(0, 10)]),
        # not satisfiable
        ("bytes=1000-", []),
        ("bytes=1000-2000", []),
        ("bytes=-0", []),
        ("bytes=999999999999999999-", []),
        ("bytes=" + "9" * 10_000 + "-", []),
        ("bytes=18446744073709551617-18446744073709551616", None),
        # beyond 64 bits: Chrome and some download managers send them
        ("bytes=0-18446744073709551616", [(0, 1000)]),
        ("bytes=0-" + "9" * 10_000, [(0, 1000)]),
        ("bytes=-18446744073709551616", [(0, 1000)]),
        ("bytes=0000000000000000000005-0000000000000000000009", [(5, 10)]),
        # unknown or malformed: ignored
        ("items=0-9", None),
        ("bytes", None),
        ("bytes=", None),
        ("bytes=-", None),
        ("bytes=a-b", None),
        ("bytes=9-0", None),
        ("bytes=0-9-", None),
        ("bytes=0-9,x", None),
        ("bytes=+1-2", None),
        ("bytes=٠-٩", None),
        ("bytes=1.5-2", None),
        ("bytes=" + "0-0," * (MAX_RANGES + 1), None),
        ("bytes=" + "0-0," * MAX_RANGES, [(0, 1)]),
        ("bytes=-,0-0", None),
        ("bytes=0-0,-", None),
        ("bytes=0-9=", None),
        ("bytes=bytes=0-9", None),
        # leading zeros are no digits
        ("bytes=09-10", [(9, 11)]),
        ("bytes=10-09", None),
        ("bytes=9-010", [(9, 11)]),
        ("bytes=-0005", [(995, 1000)]),
        ("bytes=00-00", [(0, 1)]),
    ],
)
def test_a_header_asks_for_these_bytes(header, expected):
    found = byte_ranges(header, SIZE)
    pairs = None if found is None else [(r.start, r.stop) for r in found]
    assert pairs == expected


@pytest.mark.parametrize("distance", [-2, -1])
def test_positions_of_the_largest_files_are_exact(distance):
    last = LARGEST + distance
    assert byte_ranges(f"bytes={last}-", LARGEST) == [ByteRange(last, LARGEST)]
    assert byte_ranges(f"bytes=0-{last}", LARGEST) == [ByteRange(0, last + 1)]


def test_nothing_of_an_empty_file_can_be_asked_for():
    assert byte_ranges("bytes=0-", 0) == []


def test_content_range_counts_from_zero_and_includes_the_last():
    assert ByteRange(0, 500).content_range(SIZE) == "bytes 0-499/1000"


@given(st.text(max_size=60), st.integers(0, 2000))
def test_any_text_is_answered_with_bytes_of_the_file(text, size):
    for found in byte_ranges(f"bytes={text}", size) or ():
        assert 0 <= found.start < found.stop <= size


@given(
    st.lists(st.tuples(st.integers(0, 99), st.integers(0, 99)), min_size=1, max_size=8)
)
def test_joined_ranges_hold_the_same_bytes_once(pairs):
    specs = [(min(a, b), max(a, b)) for a, b in pairs]
    header = "bytes=" + ",".join(f"{a}-{b}" for a, b in specs)
    found = byte_ranges(header, 100) or []
    sent = [n for r in found for n in range(r.start, r.stop)]
    asked = {n for a, b in specs for n in range(a, b + 1)}
    assert set(sent) == asked
    assert len(sent) == len(asked)
