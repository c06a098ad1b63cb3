"""A file that is replaced while many read it: each gets one version, whole."""

import hashlib
import threading
import time

from tests.torture.loads import ask, upload

SIZE = 8_000_000
READERS, WRITERS = 8, 2


def is_whole(found, digests):
    digest = hashlib.sha256(found.body).hexdigest()
    return (
        found.status == 200
        and digest in digests
        and digest in found.headers["ETag"]
        and int(found.headers["Content-Length"]) == SIZE
    )


class Replaced:
    """Writers that replace a file by one of two, and readers, until all was seen."""

    def __init__(self, server, path, reads, seconds):
        self.server, self.path, self.reads = server, path, reads
        self.deadline = time.monotonic() + seconds
        self.is_over = threading.Event()
        self.bodies = [bytes([number]) * SIZE for number in range(WRITERS)]
        self.digests = {hashlib.sha256(body).hexdigest() for body in self.bodies}
        self.wrong, self.seen = [], []

    def write(self, body):
        while not self.is_over.is_set():
            headers = {"Content-Type": "text/plain"}
            found = ask(self.server, "PUT", self.path, body, headers)
            if found.status != 200:
                self.wrong.append(found.status)

    def read(self):
        while self.goes_on():
            found = ask(self.server, "GET", self.path)
            self.seen.append(hashlib.sha256(found.body).hexdigest())
            if not is_whole(found, self.digests):
                self.wrong.append((found.status, len(found.body), found.headers))

    def goes_on(self):
        # On a busy machine, a writer may come late.
        is_enough = len(self.seen) >= self.reads and set(self.seen) == self.digests
        return not (is_enough or self.wrong or time.monotonic() > self.deadline)

    def run(self):
        writers = [
            threading.Thread(target=self.write, args=(body,)) for body in self.bodies
        ]
        readers = [threading.Thread(target=self.read) for _ in range(READERS)]
        for thread in (*writers, *readers):
            thread.start()
        for thread in readers:
            thread.join()
        self.is_over.set()
        for thread in writers:
            thread.join()


def test_no_reader_sees_a_mix(server, is_full):
    made = upload(server, "replaced", bytes(SIZE)).headers["Location"]
    path = "/" + made.split("/", 3)[3] + "/file"
    reads, seconds = (2000, 3600) if is_full else (60, 120)
    replaced = Replaced(server, path, reads, seconds)
    replaced.run()
    assert replaced.wrong == []
    assert set(replaced.seen) == replaced.digests
