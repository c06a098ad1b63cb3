"""Heartbeats on an S3: other processes see that this one is still uploading.

An S3 has no locks that end with a process, and clocks differ. So a process with
multipart uploads rewrites an object every few seconds. To see whether it is alive,
other processes read the object twice, with a pause: it is if the object has changed.
"""

import logging
import secrets
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from app.errors import RequestError
from app.storage.s3_bucket import Bucket

BEAT = 5.0
"""Seconds between two beats."""

SILENCE = 4 * BEAT
"""Seconds without a beat after which a process is taken for ended."""

ID_LENGTH = 8
"""Hexadecimal digits that name a process, and begin the keys of its blobs."""

ALIVE = "alive/"
_LOG = logging.getLogger(__name__)


class Heartbeat:
    """Beats while uploads are under way."""

    def __init__(self, bucket: Bucket) -> None:
        self.process = secrets.token_hex(ID_LENGTH // 2)
        self._bucket = bucket
        self._under_way = 0
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def begin(self) -> None:
        """Begin an upload. Raise `Unavailable` if nobody can be told."""
        with self._lock:
            if self._thread is None:
                self._beat()
                thread = threading.Thread(
                    target=self._run, name="heartbeat", daemon=True
                )
                # Before it is kept: a system without room for it must be asked again.
                thread.start()
                self._thread = thread
            self._under_way += 1

    def end(self) -> None:
        """End an upload."""
        with self._lock:
            self._under_way -= 1

    @contextmanager
    def upload(self) -> Iterator[None]:
        """Beat for the length of a block. Raise `Unavailable`."""
        self.begin()
        try:
            yield
        finally:
            self.end()

    def _run(self) -> None:
        while True:
            time.sleep(BEAT)
            with self._lock:
                is_over = not self._under_way
                if is_over:
                    self._thread = None
            try:
                if is_over:
                    self._fall_silent()
                    return
                self._beat()
            except RequestError as error:
                _LOG.warning("cannot tell that uploads go on: %s", error)
                if is_over:
                    return

    def _beat(self) -> None:
        # Random content: a changed object needs no clock to be recognised.
        self._bucket.put(ALIVE + self.process, secrets.token_bytes(ID_LENGTH))

    def _fall_silent(self) -> None:
        with self._lock:
            # Another upload may have begun meanwhile.
            if self._thread is None:
                self._bucket.delete(ALIVE + self.process)


def ended_processes(bucket: Bucket, processes: Iterable[str]) -> list[str]:
    """Return the processes without a heartbeat; waits `SILENCE` seconds.

    Their objects are removed.
    """
    before = {process: _heard(bucket, process) for process in processes}
    # Without any object nobody beats, and there is nothing to wait for.
    if any(before.values()):
        time.sleep(SILENCE)
    found = []
    for process, beat in before.items():
        if beat is None:
            found.append(process)
        elif beat == _heard(bucket, process):
            bucket.delete(ALIVE + process)
            found.append(process)
    return found


def _heard(bucket: Bucket, process: str) -> bytes | None:
    try:
        return bucket.get(ALIVE + process)
    except FileNotFoundError:
        return None
