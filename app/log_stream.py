"""A stream for log lines that never raises and never waits.

A log that is closed, on a full disk, or a pipe that nobody reads must not change an
answer. What cannot be written is dropped and counted.
"""

import io
import os
import socket
import stat
from contextlib import suppress
from typing import Protocol

from app.metrics import LOST_LOG_LINES, METRICS


class Sink(Protocol):
    """A target of text."""

    def write(self, text: str, /) -> object:
        """Write a text."""


class LogStream(io.TextIOBase):
    """Writes to another stream; the metrics count the writes that failed.

    A pipe, a terminal or a socket is written to without waiting. A file cannot be,
    but does not wait for a reader either.
    """

    def __init__(self, stream: Sink | None) -> None:
        self._stream = stream
        self._fd = _without_waiting(stream)
        self._is_socket = self._fd is not None and _is_kind(self._fd, stat.S_ISSOCK)

    def write(self, text: str) -> int:
        """Write a text. What cannot be written is dropped and counted."""
        try:
            self._write(text)
        except (OSError, ValueError):
            METRICS.add(LOST_LOG_LINES)
        return len(text)

    def _write(self, text: str) -> None:
        if self._fd is None:
            if self._stream is None:
                raise ValueError("there is no stream")
            self._stream.write(text)
            return
        data = text.encode(errors="backslashreplace")
        if self._is_socket:
            with socket.socket(fileno=os.dup(self._fd)) as line:
                line.send(data, socket.MSG_DONTWAIT)
        else:
            os.write(self._fd, data)

    def writable(self) -> bool:
        """Return True: text can be written."""
        return True

    def flush(self) -> None:
        """Do nothing: nothing is held back."""


def _without_waiting(stream: object) -> int | None:
    """Return a descriptor that writes do not wait for; None if there is none."""
    try:
        fd = int(stream.fileno())  # type: ignore[attr-defined]
    except (AttributeError, OSError, ValueError):
        return None
    if _is_kind(fd, stat.S_ISFIFO) or _is_kind(fd, stat.S_ISCHR):
        # Opened anew: whoever else has the pipe may well want to wait.
        with suppress(OSError):
            return os.open(f"/proc/self/fd/{fd}", os.O_WRONLY | os.O_NONBLOCK)
    return fd


def _is_kind(fd: int, kind: object) -> bool:
    try:
        return bool(kind(os.fstat(fd).st_mode))  # type: ignore[operator]
    except OSError:
        return False


def ensure_standard_descriptors() -> None:
    """Open what is closed of descriptors 0 to 2.

    A file that is opened later would get the number, and what is meant for the log
    would be written into it.
    """
    for fd in range(3):
        try:
            os.fstat(fd)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
