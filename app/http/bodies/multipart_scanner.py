"""Find the parts of a multipart body that arrives in chunks of any size.

Written for two reasons. Werkzeug's decoder (3.1.9) adds a byte to a file when a piece
ends between the two hyphens of the last boundary. And every piece of a file is handed
on here as a view into what was received: nothing is copied but a tail about as long
as the boundary, whatever the content is.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

MAX_PART_HEADERS = 16 * 1024
"""Bytes that the headers of a part may have."""

MAX_PADDING = 64
"""Spaces that may follow a boundary."""


class MalformedParts(ValueError):
    """The body is not what RFC 2046, section 5.1.1 says it should be."""


@dataclass(frozen=True, slots=True)
class PartBegin:
    """A part starts; header names are in lower case."""

    headers: dict[str, str]


@dataclass(frozen=True, slots=True)
class PartData:
    """Some bytes of the part, valid until the next event is asked for."""

    view: memoryview


@dataclass(frozen=True, slots=True)
class PartEnd:
    """The part is complete."""


Event = PartBegin | PartData | PartEnd


class _State(Enum):
    PREAMBLE = "before the first boundary"
    HEADERS = "in the headers of a part"
    START = "after the headers of a part"
    DATA = "in a part"
    DONE = "after the last boundary"


class PartScanner:
    """Takes pieces of a body and gives what begins, comes and ends in them.

    Octets of headers that are not UTF-8 become lone surrogates. Raise
    `MalformedParts`.
    """

    def __init__(self, boundary: bytes) -> None:
        self._delimiter = b"\r\n--" + boundary
        padding = rb"[ \t]{0,%d}" % MAX_PADDING
        # A longer text that only begins like the boundary is none.
        self._line = re.compile(
            re.escape(self._delimiter) + rb"(?:(--)|" + padding + rb"(?=\r\n))"
        )
        self._unfinished_end = re.compile(rb"-?|" + padding + rb"\r?")
        self._kept = len(self._delimiter) + MAX_PADDING + 2
        # The first boundary may be the first thing there is.
        self._buffer = b"\r\n"
        self._position = 0
        self._state = _State.PREAMBLE

    @property
    def is_done(self) -> bool:
        """Whether the last boundary was found; the rest is ignored."""
        return self._state is _State.DONE

    def feed(self, piece: bytes) -> Iterator[Event]:
        """Yield the events of a piece; it is consumed when the iterator is."""
        self._buffer = self._buffer[self._position :] + piece
        self._position = 0
        steps = {
            _State.PREAMBLE: self._content,
            _State.HEADERS: self._headers,
            _State.START: self._start,
            _State.DATA: self._content,
        }
        while self._state is not _State.DONE:
            state = self._state
            yield from steps[state]()
            if state is self._state:
                return
        self._buffer, self._position = b"", 0

    def _content(self) -> Iterator[Event]:
        """Hand on what comes before the next boundary, if there is one yet."""
        # A plain search first: it is the fastest, and mostly finds nothing.
        hit = self._buffer.find(self._delimiter, self._position)
        found = self._line.search(self._buffer, hit) if hit >= 0 else None
        end = found.start() if found else len(self._buffer) - self._kept
        if end > self._position:
            if self._state is _State.DATA:
                yield PartData(memoryview(self._buffer)[self._position : end])
            self._position = end
        if found:
            yield from self._pass(found)

    def _pass(self, boundary: re.Match[bytes]) -> Iterator[Event]:
        if self._state is not _State.PREAMBLE:
            yield PartEnd()
        # The line break stays: headers end with two, and there may be none.
        self._position = boundary.end()
        self._state = _State.DONE if boundary[1] else _State.HEADERS

    def _headers(self) -> Iterator[Event]:
        end = self._buffer.find(b"\r\n\r\n", self._position)
        if end < 0:
            if len(self._buffer) - self._position > MAX_PART_HEADERS:
                raise MalformedParts("the headers of a part have no end")
            return
        block = self._buffer[self._position + 2 : end]
        lines = block.decode(errors="surrogateescape")
        self._position = end + 2
        self._state = _State.START
        yield PartBegin(_read_headers(lines))

    def _start(self) -> Iterator[Event]:
        """Notice a part without content: its empty line may begin the boundary."""
        found = self._line.match(self._buffer, self._position)
        if found:
            yield from self._pass(found)
        elif not self._may_become_boundary(self._buffer[self._position :]):
            self._position += 2
            self._state = _State.DATA

    def _may_become_boundary(self, text: bytes) -> bool:
        if len(text) <= len(self._delimiter):
            return self._delimiter.startswith(text)
        rest = text.removeprefix(self._delimiter)
        return rest != text and bool(self._unfinished_end.fullmatch(rest))


# A line break of its own, or a null (RFC 9110, section 5.5).
_CONTROL = re.compile("[\\r\\n\\0]")


def _read_headers(lines: str) -> dict[str, str]:
    headers: dict[str, str] = {}
    for line in lines.replace("\r\n ", " ").replace("\r\n\t", " ").split("\r\n"):
        if not line:
            continue
        name, colon, value = line.partition(":")
        if not colon:
            raise MalformedParts("a header of a part has no colon")
        if _CONTROL.search(line):
            raise MalformedParts("a header of a part has a control character")
        key = name.strip().lower()
        if key in headers:
            raise MalformedParts(f"a part has the header {key[:100]} twice")
        headers[key] = value.strip()
    return headers
