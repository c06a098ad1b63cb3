"""Few files may be open, and many connect: whoever connects next is answered."""

import contextlib
import json
import os
import resource
import socket
import subprocess
import sys
import time

import pytest

from tests.conftest import Server, environment_for, stop_server, wait_until
from tests.torture.loads import ask, upload

CONNECTIONS = 2300
IDLE = b""
HEADERS = b"GET /stores/1 HTTP/1.1\r\nHost: a\r\nX-Slow: "
BODY = (
    b"POST /token HTTP/1.1\r\nHost: a\r\nContent-Length: 5000\r\n"
    b"Content-Type: application/x-www-form-urlencoded\r\n\r\n"
)
KINDS = {"idle": IDLE, "headers": HEADERS, "bodies": BODY}


@pytest.fixture
def start(tmp_path):
    servers = []

    def started(files):
        data_dir = tmp_path / "data"
        log = tmp_path / "data.log"
        command = f"ulimit -n {files}; exec {sys.executable} -m app serve --json"
        with log.open("w") as errors:
            process = subprocess.Popen(
                [
                    *("bash", "-c", f'{command} "$@"', "serve", "--port", "0"),
                    *("--data-dir", str(data_dir), "--demo"),
                ],
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                env={
                    **os.environ,
                    **environment_for(data_dir),
                    "SIRENHALL_RATE_LIMIT": "none",
                },
            )
        said = json.loads(process.stdout.readline())
        server = Server(process, said["url"], said["token"], data_dir, log)
        servers.append(server)
        return server

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 8192), hard))
    yield started
    for server in servers:
        stop_server(server)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.parametrize("files", [256, 1024])
@pytest.mark.parametrize("kind", KINDS)
def test_2300_connections_stop_nobody(start, files, kind, is_full):
    if not is_full and (files, kind) not in {(256, "bodies"), (1024, "headers")}:
        pytest.skip("it takes its time: run with --full")
    server = start(files)
    assert wait_until(lambda: len(children(server)) == 2, 20)
    assert wait_until(lambda: ask(server, "GET", "/health/live").status == 200, 20)
    workers = children(server)
    with contextlib.ExitStack() as stack:
        for number in range(CONNECTIONS):
            # Of many addresses: one alone has a share of the connections.
            address = (f"127.0.{1 + number % 50}.1", 0)
            with contextlib.suppress(OSError):
                client = socket.create_connection(
                    ("127.0.0.1", server.port), timeout=5, source_address=address
                )
                stack.callback(client.close)
                client.sendall(KINDS[kind])
        for _ in range(5):
            assert ask(server, "GET", "/health/live", timeout=5).status == 200
            assert ask(server, "GET", "/health/ready", timeout=5).status == 200
            time.sleep(0.2)
        assert ask(server, "GET", "/stores/1", timeout=70).status in {200, 503}
    assert wait_until(lambda: upload(server, f"a{time.time_ns()}", b"x").status == 201)
    assert children(server) == workers
    log = server.log.read_text()
    assert "Traceback" not in log
    assert (files == 256) == ("Only 256 files may be open" in log)


def children(server):
    listed = subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(server.process.pid)],
        capture_output=True,
        text=True,
        check=False,
    )
    return set(listed.stdout.split())


@pytest.mark.parametrize("number", [23, 24], ids=["ENFILE", "EMFILE"])
def test_too_many_open_files_is_no_fault_of_the_request(api, monkeypatch, number):
    api.upload(b"x", "x.txt", code="a")

    def fail(*_arguments, **_options):
        raise OSError(number, os.strerror(number))

    storage = api.client.application.extensions["sirenhall"].storage
    monkeypatch.setattr(type(storage), "open", fail)
    monkeypatch.setattr(type(storage), "writer", fail)
    for answer in (
        api.get("/downloadables/1/file"),
        api.put("/downloadables/1/file", data=b"y", content_type="text/plain"),
    ):
        assert answer.status_code == 503
        assert answer.headers["Retry-After"]
        assert "too many files open" in answer.text
