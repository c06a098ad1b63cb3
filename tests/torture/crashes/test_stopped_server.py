"""A server that is told to stop, or to start anew, in the middle of its work."""

import hashlib
import os
import signal
import socket
import threading
import time
from functools import partial

from tests.cli.transfer.test_import_command import invoke
from tests.conftest import blobs, environment_for, start_server
from tests.torture.loads import ask, form, item, upload

SIZE = 2_000_000
CLIENTS = 16


def slowly_sent(server, number, outcomes):
    """Upload a file over two seconds."""
    content = os.urandom(SIZE)
    body, headers = form(item(f"u{number}"), content)
    lines = ["POST /stores/1/downloadables HTTP/1.1", "Host: a"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    lines += [f"Content-Length: {len(body)}", f"Authorization: Bearer {server.token}"]
    try:
        with socket.create_connection(("127.0.0.1", server.port), timeout=60) as line:
            line.sendall("\r\n".join([*lines, "", ""]).encode())
            step = len(body) // 20 + 1
            for start in range(0, len(body), step):
                line.sendall(body[start : start + step])
                time.sleep(0.1)
            status = line.recv(100).split(b" ")[1]
    except OSError:
        status = b""
    outcomes[f"u{number}"] = (status, hashlib.sha256(content).hexdigest())


def slowly_read(server, path, number, outcomes, wanted):
    """Download a file over two seconds."""
    received = b""
    try:
        with socket.create_connection(("127.0.0.1", server.port), timeout=60) as line:
            head = f"GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
            line.sendall(f"{head}Authorization: Bearer {server.token}\r\n\r\n".encode())
            while data := line.recv(100_000):
                received += data
                time.sleep(0.1)
    except OSError:
        received = b""
    body = received.partition(b"\r\n\r\n")[2]
    outcomes[f"d{number}"] = (body == wanted, len(body))


def test_what_is_under_way_ends_well_and_nothing_half_is_left(tmp_path, is_full):
    rounds = 20 if is_full else 2
    data_dir = tmp_path / "data"
    environment = {**environment_for(data_dir), "SIRENHALL_RATE_LIMIT": "none"}
    content = os.urandom(SIZE)
    stored = 0
    for number in range(rounds):
        server = start_server(data_dir, environment=environment)
        ready = partial(ask, server, "GET", "/health/ready")
        while ready().status != 200:
            time.sleep(0.05)
        if not number:
            assert upload(server, "first", content).status == 201
        outcomes = {}
        threads = [
            threading.Thread(
                target=slowly_sent, args=(server, f"{number}-{n}", outcomes)
            )
            for n in range(CLIENTS)
        ]
        threads += [
            threading.Thread(
                target=slowly_read,
                args=(server, "/downloadables/1/file", n, outcomes, content),
            )
            for n in range(CLIENTS)
        ]
        for thread in threads:
            thread.start()
        time.sleep(0.7)
        # Of workers that start anew the ones before them end their work, too.
        server.process.send_signal(signal.SIGHUP if number % 2 else signal.SIGTERM)
        for thread in threads:
            thread.join()
        for name, outcome in outcomes.items():
            if name.startswith("d"):
                assert outcome == (True, SIZE), name
            else:
                assert outcome[0] == b"201", (name, outcome)
                stored += 1
        if number % 2:
            assert ask(server, "GET", "/health/live").status == 200
            server.process.terminate()
        server.process.wait(timeout=60)
        server.process.stdout.close()
    said = invoke("verify", "--data-dir", data_dir, environment=environment)
    assert said == {"files": stored + 1, "findings": []}
    assert not [path for path in blobs(data_dir) if "incoming" in path.parts]
