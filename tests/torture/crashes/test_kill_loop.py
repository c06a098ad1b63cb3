"""A server that is killed again and again under load.

What was acknowledged is there, what was not is there wholly or not at all, and one
sweep leaves nothing that no row names.
"""

import contextlib
import hashlib
import json
import os
import random
import signal
import subprocess
import threading
import time

from tests import storages
from tests.cli.transfer.test_import_command import invoke
from tests.conftest import blobs, environment_for, start_server
from tests.torture.loads import JSON, ask, form, item

CLIENTS, ITEMS = 4, 5
GONE = None
TUS = {"Tus-Resumable": "1.0.0"}
OCTETS = {**TUS, "Content-Type": "application/offset+octet-stream"}
MANY = {"SIRENHALL_RATE_LIMIT": "none"}


class Client(threading.Thread):
    """Changes its own items; remembers what was acknowledged, and what was not."""

    def __init__(self, server, number, known):
        super().__init__()
        self.server, self.number = server, number
        self.chance = random.Random(time.monotonic_ns())  # noqa: S311
        # The path of each item and the digest of its file.
        self.known = known
        # What may have happened though nobody was told.
        self.possible = {}
        self.lost = []
        self.acknowledged = 0

    def run(self):
        while True:
            try:
                self.step()
            except (ConnectionError, KeyError):
                return

    def step(self):
        path = self.chance.choice([*self.known, GONE])
        content = os.urandom(self.chance.choice([10, 10_000, 300_000]))
        digest = hashlib.sha256(content).hexdigest()
        if path is GONE or len(self.known) < ITEMS:
            self.create(content, digest)
            return
        change = self.chance.choice(
            [self.replace, self.replace, self.resume, self.delete]
        )
        change(path, content, digest)
        self.acknowledged += 1

    def send(self, method, path, body=None, headers=None):
        found = ask(self.server, method, path, body, headers)
        if found.status == 0:
            raise ConnectionResetError
        assert found.status < 300, found
        return found

    def create(self, content, digest):
        code = f"c{self.number}-{time.time_ns()}"
        body, headers = form(item(code), content)
        self.lost.append((code, digest))
        made = self.send("POST", "/stores/1/downloadables", body, headers)
        self.lost.pop()
        self.known["/" + made.headers["Location"].split("/", 3)[3]] = digest
        self.acknowledged += 1

    def replace(self, path, content, digest):
        self.possible = {path: digest}
        self.send("PUT", f"{path}/file", content, {"Content-Type": "text/plain"})
        self.known[path], self.possible = digest, {}

    def resume(self, path, content, digest):
        made = self.send("POST", f"{path}/upload_url", b"{}", JSON)
        slot = "/" + made.json["upload_url"].split("/", 3)[3]
        length = {"Upload-Length": str(len(content)), "Content-Length": "0"}
        self.send("POST", slot, None, {**TUS, **length})
        half = len(content) // 2
        self.send("PATCH", slot, content[:half], {**OCTETS, "Upload-Offset": "0"})
        self.possible = {path: digest}
        offset = {**OCTETS, "Upload-Offset": str(half)}
        self.send("PATCH", slot, content[half:], offset)
        self.known[path], self.possible = digest, {}

    def delete(self, path, _content, _digest):
        self.possible = {path: GONE}
        self.send("DELETE", path)
        del self.known[path]
        self.possible = {}


def pids(server):
    """Give the process of the server, and those of its workers."""
    listed = subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(server.process.pid)],
        capture_output=True,
        text=True,
        check=False,
    )
    return (server.process.pid, *map(int, listed.stdout.split()))


def kill(server):
    """Kill the server and its workers."""
    for pid in pids(server):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    server.process.wait()
    server.process.stdout.close()


def found(server, path):
    """Give the digest of the bytes that an item has."""
    shown = ask(server, "GET", path)
    if shown.status == 404:
        return GONE
    file = ask(server, "GET", f"{path}/file")
    digest = hashlib.sha256(file.body).hexdigest()
    assert shown.json["file_sha256"] == digest
    assert shown.json["file_size"] == len(file.body)
    return digest


def check(server, client):
    """Compare what is there with what was acknowledged; take up what was not."""
    for path, digest in list(client.known.items()):
        there = found(server, path)
        assert there in {digest, client.possible.get(path, digest)}, path
        if there is GONE:
            del client.known[path]
        else:
            client.known[path] = there
    for code, digest in client.lost:
        listed = ask(server, "GET", f"/stores/1/downloadables?code={code}").json
        for entry in listed["_embedded"]["fx:downloadables"]:
            path = "/" + entry["_links"]["self"]["href"].split("/", 3)[3]
            assert found(server, path) == digest
            client.known[path] = digest


def test_nothing_acknowledged_is_lost_and_nothing_stays_behind(
    tmp_path, is_full, monkeypatch
):
    kills = 100 if is_full else 6
    # All others are dead: there is nobody whose rows a sweep has to wait for.
    storages.hurry(monkeypatch)
    data_dir = tmp_path / "data"
    environment = {**environment_for(data_dir), **MANY}
    known = [{} for _ in range(CLIENTS)]
    chance = random.Random(1)  # noqa: S311 - only to be different
    acknowledged, slowest, clients = 0, 0.0, []
    for number in range(kills + 1):
        started = time.monotonic()
        server = start_server(data_dir, environment=environment)
        while ask(server, "GET", "/health/ready").status != 200:
            time.sleep(0.02)
        slowest = max(slowest, time.monotonic() - started)
        for client in clients:
            check(server, client)
            acknowledged += client.acknowledged
        if number < kills:
            clients = [Client(server, n, known[n]) for n in range(CLIENTS)]
            for client in clients:
                client.start()
            time.sleep(chance.uniform(0.05, 1.0))
        kill(server)
        for client in clients:
            client.join()
        if number % 5 == 0 or number == kills:
            invoke("sweep", "--data-dir", data_dir, environment=environment)
            said = invoke("verify", "--data-dir", data_dir, environment=environment)
            assert said["findings"] == []
            assert not [p for p in blobs(data_dir) if "incoming" in p.parts]
    assert acknowledged > 3 * kills
    report = {
        "kills": kills,
        "acknowledged": acknowledged,
        "slowest start": round(slowest, 1),
        "storage": "s3" if storages.is_s3() else "folder",
    }
    (tmp_path / "report.json").write_text(json.dumps(report))
