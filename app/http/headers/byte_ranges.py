"""Byte ranges by RFC 9110, section 14."""

import itertools
import re
from dataclasses import dataclass

MAX_RANGES = 16
"""Ranges that are answered one by one; a request for more gets the whole file."""

LARGEST = 10**18
"""A position beyond every file; int() of very many digits takes long, or fails."""

_SPEC = re.compile(r"([0-9]*)\s*-\s*([0-9]*)", re.ASCII)


@dataclass(frozen=True, slots=True)
class ByteRange:
    """The bytes from `start` up to, not including, `stop`."""

    start: int
    stop: int

    @property
    def length(self) -> int:
        """The number of bytes."""
        return self.stop - self.start

    def content_range(self, size: int) -> str:
        """Return the Content-Range value for a file of that size."""
        return f"bytes {self.start}-{self.stop - 1}/{size}"


def byte_ranges(header: str | None, size: int) -> list[ByteRange] | None:
    """Read a Range header for a file of `size` bytes.

    None means: send the whole file (no header, an unknown unit, a malformed set, or
    more ranges than anybody needs). An empty list means that no range can be
    satisfied. Ranges that overlap or touch are joined.
    """
    unit, equals, text = (header or "").partition("=")
    if not equals or unit.strip().lower() != "bytes":
        return None
    specs = [spec.strip() for spec in text.split(",") if spec.strip()]
    if not specs or len(specs) > MAX_RANGES:
        return None
    found = []
    for spec in specs:
        match = _SPEC.fullmatch(spec)
        if not match or spec == "-" or not (match[1] or match[2]):
            return None
        if match[1] and match[2] and _size_of(match[1]) > _size_of(match[2]):
            return None
        satisfied = _satisfied(match[1], match[2], size)
        if satisfied:
            found.append(satisfied)
    return _joined(found)


def _satisfied(first: str, last: str, size: int) -> ByteRange | None:
    if not first:
        start, stop = max(0, size - _position(last)), size
    else:
        start = _position(first)
        stop = min(_position(last) + 1, size) if last else size
    return ByteRange(start, stop) if start < stop else None


def _size_of(digits: str) -> tuple[int, str]:
    """Return a sort key for decimal numbers of any length."""
    digits = digits.lstrip("0")
    return len(digits), digits


def _position(digits: str) -> int:
    digits = digits.lstrip("0")
    return int(digits or "0") if len(digits) < len(str(LARGEST)) else LARGEST


def _joined(ranges: list[ByteRange]) -> list[ByteRange]:
    """Join overlapping ranges, so that no byte is sent twice; keep the order."""
    ordered = sorted(ranges, key=lambda r: r.start)
    overlap = any(a.stop >= b.start for a, b in itertools.pairwise(ordered))
    if not overlap:
        return ranges
    joined: list[ByteRange] = []
    for item in ordered:
        if joined and joined[-1].stop >= item.start:
            last = joined[-1]
            joined[-1] = ByteRange(last.start, max(last.stop, item.stop))
        else:
            joined.append(item)
    return joined
