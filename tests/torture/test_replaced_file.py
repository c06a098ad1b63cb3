"""A file that is replaced while many read it: each gets one version, whole."""

import hashlib
import threading

from tests.torture.loads import ask, upload

SIZE = 8_000_000
READERS, WRITERS = 8, 2


def test_no_reader_sees_a_mix(server, is_full):
    reads = 2000 if is_full else 60
    bodies = [bytes([number]) * SIZE for number in range(WRITERS)]
    digests = {hashlib.sha256(body).hexdigest() for body in bodies}
    path = upload(server, "replaced", bodies[0]).headers["Location"]
    path = "/" + path.split("/", 3)[3] + "/file"
    is_over = threading.Event()
    wrong, done = [], []

    def write(body):
        while not is_over.is_set():
            found = ask(server, "PUT", path, body, {"Content-Type": "text/plain"})
            if found.status != 200:
                wrong.append(found.status)

    def read():
        while len(done) < reads and not wrong:
            found = ask(server, "GET", path)
            digest = hashlib.sha256(found.body).hexdigest()
            is_right = (
                found.status == 200
                and digest in digests
                and digest in found.headers["ETag"]
                and int(found.headers["Content-Length"]) == SIZE
            )
            done.append(digest)
            if not is_right:
                wrong.append((found.status, len(found.body), found.headers))

    threads = [threading.Thread(target=write, args=(body,)) for body in bodies]
    readers = [threading.Thread(target=read) for _ in range(READERS)]
    for thread in (*threads, *readers):
        thread.start()
    for thread in readers:
        thread.join()
    is_over.set()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert set(done) == digests
