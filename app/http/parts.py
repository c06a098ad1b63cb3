"""Finds the parts of a multipart body that arrives in pieces of any size.

Written for two reasons. Werkzeug's decoder (3.1.9) adds a byte to a file when a piece
ends between the two hyphens of the last boundary. And every piece of a file is handed
on here as a view into what was received: nothing is copied but a tail as long as the
boundary.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

MAX_HEADERS = 16 * 1024
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
    BOUNDARY = "after a boundary"
    HEADERS = "in the headers of a part"
    START = "after the headers of a part"
    DATA = "in a part"
    DONE = "after the last boundary"


class PartScanner:
    """Takes pieces of a body and gives what begins, comes and ends in them.

    Raises `MalformedParts`, and `UnicodeDecodeError` for headers that are not UTF-8.
    """

    def __init__(self, boundary: bytes) -> None:
        self._delimiter = b"\r\n--" + boundary
        # The first boundary may be the first thing there is.
        self._buffer = b"\r\n"
        self._state = _State.PREAMBLE
        self._is_inside = False
        # Bytes of a boundary's line break that belong to the headers before it.
        self._borrowed = 0

    @property
    def is_done(self) -> bool:
        """Whether the last boundary was seen; what follows does not matter."""
        return self._state is _State.DONE

    def feed(self, piece: bytes) -> Iterator[Event]:
        """Give the events of a piece; it is used up when the iterator is."""
        self._buffer += piece
        steps = {
            _State.PREAMBLE: self._content,
            _State.DATA: self._content,
            _State.BOUNDARY: self._after_boundary,
            _State.HEADERS: self._headers,
        }
        while self._state is not _State.DONE:
            state, length = self._state, len(self._buffer)
            if state is _State.START:
                self._start()
            else:
                yield from steps[state]()
            if state is self._state and length == len(self._buffer):
                return
        self._buffer = b""

    def _content(self) -> Iterator[Event]:
        """Hand on what comes before the next boundary, if there is one yet."""
        found = self._buffer.find(self._delimiter)
        end = found
        if found < 0:
            # A boundary may have begun in what is kept.
            end = max(0, len(self._buffer) - len(self._delimiter) + 1)
        if self._is_inside and end:
            yield PartData(memoryview(self._buffer)[:end])
        self._buffer = self._buffer[end:]
        if found >= 0:
            self._state = _State.BOUNDARY

    def _after_boundary(self) -> Iterator[Event]:
        """Tell a boundary between parts from the last one, and from mere content."""
        start = len(self._delimiter)
        rest = self._buffer[start : start + MAX_PADDING + 2]
        stripped = rest.lstrip(b" \t")
        if stripped.startswith(b"\r\n") or rest.startswith(b"--"):
            if self._is_inside:
                yield PartEnd()
            self._is_inside, self._borrowed = False, 0
            is_last = rest.startswith(b"--")
            self._state = _State.DONE if is_last else _State.HEADERS
            # The line break stays: headers end with two, and there may be none.
            self._buffer = self._buffer[start + len(rest) - len(stripped) :]
        elif len(rest) > MAX_PADDING or stripped not in {b"", b"\r", b"-"}:
            # A longer text that only begins like the boundary.
            if self._is_inside:
                yield PartData(memoryview(self._buffer)[self._borrowed : start])
            self._borrowed = 0
            self._buffer = self._buffer[start:]
            self._state = _State.DATA if self._is_inside else _State.PREAMBLE

    def _headers(self) -> Iterator[Event]:
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            if len(self._buffer) > MAX_HEADERS:
                raise MalformedParts("the headers of a part have no end")
            return
        lines = self._buffer[2:end].decode()
        self._buffer = self._buffer[end + 2 :]
        self._state = _State.START
        self._is_inside = True
        yield PartBegin(_read_headers(lines))

    def _start(self) -> None:
        """Notice a part without content: its empty line may begin the boundary."""
        if self._buffer.startswith(self._delimiter):
            self._borrowed = 2
            self._state = _State.BOUNDARY
        elif not self._delimiter.startswith(self._buffer):
            self._buffer = self._buffer[2:]
            self._state = _State.DATA


def _read_headers(lines: str) -> dict[str, str]:
    headers: dict[str, str] = {}
    for line in lines.replace("\r\n ", " ").replace("\r\n\t", " ").split("\r\n"):
        if not line:
            continue
        name, colon, value = line.partition(":")
        if not colon:
            raise MalformedParts("a header of a part has no colon")
        headers[name.strip().lower()] = value.strip()
    return headers
