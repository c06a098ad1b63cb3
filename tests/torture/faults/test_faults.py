"""A fault at each system call of an upload, a replacement, a delete, by strace.

Whatever fails, and when: what was acknowledged is there, what was not is there wholly
or not at all, and a sweep leaves nothing.
"""

import contextlib
import hashlib
import re
import shutil
import subprocess
import time
from collections import Counter

import pytest

from tests import databases, storages
from tests.cli.transfer.test_import_command import invoke
from tests.conftest import blobs, environment_for, start_server, stop_server, wait_until
from tests.torture.loads import JSON, ask, upload

pytestmark = [
    pytest.mark.skipif(not shutil.which("strace"), reason="there is no strace"),
    pytest.mark.skipif(
        databases.is_postgresql() or storages.is_s3(), reason="it is about our own disk"
    ),
]
# What is asked of the disk; sockets are written to by others.
CALLS = (
    *("openat", "write", "pwrite64", "pread64", "fsync", "fdatasync", "linkat"),
    *("unlink", "rename", "ftruncate", "statfs", "flock", "fchmod"),
)
FAULTS = ("error=EIO", "error=ENOSPC", "signal=KILL")
OCTETS = {
    "Tus-Resumable": "1.0.0",
    "Content-Type": "application/offset+octet-stream",
    "Upload-Offset": "0",
}


@pytest.fixture
def server(tmp_path):
    # Of one thread the calls can be counted.
    server = start_server(
        tmp_path / "data",
        *("--workers", "1", "--threads", "1"),
        environment={"SIRENHALL_RATE_LIMIT": "none"},
    )
    yield server
    stop_server(server)


def thread_of(server):
    """Give the thread that answers requests; a new worker has a new one."""
    [pid] = subprocess.run(
        ["pgrep", "-P", str(server.process.pid)],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split() or [""]
    return pid


@contextlib.contextmanager
def traced(server, log, *options):
    """Trace the worker until the end of the block."""
    command = ["strace", "-f", "-o", str(log), *options, "-p", thread_of(server)]
    with subprocess.Popen(
        command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True
    ) as tracer:
        assert tracer.stderr is not None
        assert "attached" in tracer.stderr.readline()
        try:
            yield
        finally:
            # A worker that is killed leaves it waiting now and then.
            tracer.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                tracer.wait(timeout=2)
            tracer.kill()


class Change:
    """A change of an item, and what it has before and after."""

    def __init__(self, server, kind, number):
        self.server, self.kind = server, kind
        self.code = f"{kind}{number}"
        self.old = None if kind == "upload" else b"old" * 1000
        self.new = None if kind == "delete" else b"new" * 40_000
        self.slot = ""
        if self.old is not None:
            made = upload(server, self.code, self.old)
            assert made.status == 201, made
            self.path = "/" + made.headers["Location"].split("/", 3)[3]
        if kind == "resume":
            made = ask(server, "POST", f"{self.path}/upload_url", b"{}", JSON)
            self.slot = "/" + made.json["upload_url"].split("/", 3)[3]
            length = {"Upload-Length": str(len(self.new)), "Content-Length": "0"}
            assert ask(server, "POST", self.slot, None, {**OCTETS, **length}).status

    def make(self):
        if self.kind == "upload":
            return upload(self.server, self.code, self.new)
        if self.kind == "delete":
            return ask(self.server, "DELETE", self.path)
        if self.kind == "resume":
            return ask(self.server, "PATCH", self.slot, self.new, OCTETS)
        text = {"Content-Type": "text/plain"}
        return ask(self.server, "PUT", f"{self.path}/file", self.new, text)

    def found(self):
        """Give the bytes that there are; None if there is no item."""
        address = f"/stores/1/downloadables?code={self.code}"
        # The worker that was killed may have taken this connection.
        assert wait_until(lambda: ask(self.server, "GET", address).status == 200, 20)
        answer = ask(self.server, "GET", address)
        listed = answer.json["_embedded"]["fx:downloadables"]
        if not listed:
            return None
        path = "/" + listed[0]["_links"]["self"]["href"].split("/", 3)[3]
        file = ask(self.server, "GET", f"{path}/file")
        assert file.status == 200
        assert listed[0]["file_sha256"] == hashlib.sha256(file.body).hexdigest()
        return file.body


def calls_of(server, kind, log):
    """List the calls that a change makes in the data folder, each with its number.

    Others, such as those that wake a thread, are none of the disk's business.
    """
    change = Change(server, kind, "-counted")
    with traced(server, log, "-y", "-e", f"trace={','.join(CALLS)}"):
        assert change.make().status < 300
    lines = log.read_text().splitlines()
    threads = Counter(line.split()[0] for line in lines if "fdatasync(" in line)
    [(thread, _)] = threads.most_common(1)
    count: Counter[str] = Counter()
    for line in lines:
        found = re.match(r"\d+ +(\w+)\(", line)
        if found and line.split()[0] == thread:
            count[found[1]] += 1
            if str(server.data_dir) in line and "data.log" not in line:
                yield found[1], count[found[1]]


@pytest.mark.parametrize("kind", ["upload", "replace", "delete", "resume"])
def test_each_fault_leaves_the_old_or_the_new(server, tmp_path, kind, is_full):
    assert wait_until(lambda: ask(server, "GET", "/health/ready").status == 200, 20)
    log = tmp_path / "strace"
    points = [
        (call, number, fault)
        for call, number in calls_of(server, kind, log)
        for fault in FAULTS
    ]
    if not is_full:
        points = points[:: max(1, len(points) // 5)]
    seen: Counter[int] = Counter()
    for position, (call, number, fault) in enumerate(points):
        change = Change(server, kind, position)
        inject = f"inject={call}:{fault}:when={number}"
        with traced(server, log, "-e", f"trace={call}", "-e", inject):
            answer = change.make()
        where = f"{kind}: {call} #{number} {fault}: {answer.status}"
        if fault == "signal=KILL":
            assert answer.status < 300 or answer.status == 0, where
            assert wait_until(
                lambda: ask(server, "GET", "/health/ready").status == 200, 20
            ), where
        else:
            assert answer.status < 300 or answer.status in {503, 507}, where
        there = change.found()
        if answer.status in range(200, 300):
            assert there == change.new, where
        else:
            assert there in {change.old, change.new}, where
        seen[answer.status] += 1
    assert seen[503] or seen[507], seen
    (tmp_path / "report.txt").write_text(f"{kind}: {len(points)} points, {dict(seen)}")
    environment = environment_for(server.data_dir)
    # The server itself removes what it could not remove then.
    time.sleep(2)
    invoke("sweep", "--data-dir", server.data_dir, environment=environment)
    said = invoke("verify", "--data-dir", server.data_dir, environment=environment)
    assert said["findings"] == []
    assert not [path for path in blobs(server.data_dir) if "incoming" in path.parts]
