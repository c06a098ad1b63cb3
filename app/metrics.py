"""Counters for operators, shared by all workers of a server.

The memory of the counts is shared with all processes that are forked after it was made.
Each process adds to a row of its own, so that no lock has to cross processes; what a
process has counted stays when it ends.

Tested in `tests/resources/operations/test_metrics.py`.
"""

import mmap
import os
import struct
import threading
from collections.abc import Mapping

ROWS = 256
"""Processes that have a row of their own; more share one, and may lose a count."""

_NUMBER = struct.Struct("Q")


class Metrics:
    """Counters by name. `names` are all there are, with what each counts."""

    def __init__(self, names: Mapping[str, str]) -> None:
        self._names = dict(names)
        self._columns = {name: column for column, name in enumerate(names)}
        self._size = len(names) * _NUMBER.size
        self._memory = mmap.mmap(-1, ROWS * self._size)
        self._lock = threading.Lock()
        self._process, self._row = 0, 0

    def add(self, name: str, number: int = 1) -> None:
        """Add to a counter."""
        with self._lock:
            place = self._place(name)
            [before] = _NUMBER.unpack_from(self._memory, place)
            _NUMBER.pack_into(self._memory, place, before + number)

    def _place(self, name: str) -> int:
        if self._process != os.getpid():
            # A worker that was forked since: its parent's row is not its own.
            self._process = os.getpid()
            self._row = self._process % ROWS
        return self._row * self._size + self._columns[name] * _NUMBER.size

    def total(self, name: str) -> int:
        """Return a counter over all processes."""
        first = self._columns[name] * _NUMBER.size
        places = range(first, ROWS * self._size, self._size)
        return sum(_NUMBER.unpack_from(self._memory, place)[0] for place in places)

    def as_text(self) -> str:
        """Return all of them in the text format of Prometheus (version 0.0.4)."""
        lines: list[str] = []
        described = set()
        for name, words in self._names.items():
            plain = name.partition("{")[0]
            if plain not in described:
                described.add(plain)
                lines += [f"# HELP {plain} {words}", f"# TYPE {plain} counter"]
            lines.append(f"{name} {self.total(name)}")
        return "\n".join([*lines, ""])


_REQUESTS = "Requests answered, by status class."
LOST_LOG_LINES = "sirenhall_lost_log_lines_total"
PUT_OFF = "sirenhall_removals_put_off_total"
REFUSED_WRITES = "sirenhall_refused_writes_total"


def requests(status: int) -> str:
    """Return the name of the counter of a status."""
    return f'sirenhall_requests_total{{status="{status // 100}xx"}}'


METRICS = Metrics(
    {
        **{requests(status): _REQUESTS for status in (200, 300, 400, 500)},
        LOST_LOG_LINES: "Log lines that could not be written.",
        PUT_OFF: "Unreferenced files whose removal was postponed.",
        REFUSED_WRITES: "Write requests refused because the database was busy.",
    }
)
"""The counts of this server."""
