"""What 2,000 large and different requests leave in a worker is bounded."""

import http.client
import random
import string
import time
from pathlib import Path

import pytest

from tests.conftest import start_server, stop_server

MOST = 64 * 2**20
REQUESTS = 2000


@pytest.fixture
def server(tmp_path):
    server = start_server(
        tmp_path / "data",
        *("--demo", "--workers", "1"),
        environment={"SIRENHALL_RATE_LIMIT": "none"},
    )
    yield server
    stop_server(server)


def worker_memory(server):
    """Give the resident bytes of the only worker."""
    pid = server.process.pid
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    for line in Path(f"/proc/{children[0]}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    raise AssertionError("no worker")


def large(number, text):
    """Give a request that no other one is like."""
    chance = random.Random(number)  # noqa: S311 - only to be different
    some = text(chance)
    query = {
        0: f"name={some}&limit=300",
        1: "name=" + "|".join(some[i : i + 20] for i in range(0, 3000, 20)),
        2: f"code:in={','.join(some[i : i + 9] for i in range(0, 2000, 9))}",
        3: f"order={','.join(chance.sample(SORTED, 6))}",
        4: f"fields={','.join(chance.sample(SHOWN, 6))}",
        5: f"format={chance.choice(FORMATS)}&description:not={some}",
    }[number % 6]
    headers = {
        "Accept": f"application/hal+json, text/x-{some[:3000]}",
        "Accept-Language": f"en, de;q=0.5, fr;q=0.{number}",
        "Accept-Encoding": f"br, x-{some[:3000]}",
        "Prefer": f"x={some[:2000]}",
        "If-None-Match": f'"{some[:2000]}"',
    }
    return f"/stores/1/downloadables?{query}", headers


FORMATS = ["hal", "siren", "xml", "hal-forms", "html"]
SORTED = ["id", "name", "code", "price", "file_name", "file_size", "version", "url"]
SHOWN = [*SORTED, "description", "language", "is_archived", "uuid", "date_created"]


def send(server, requests):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    for number in requests:
        path, headers = large(
            number, lambda r: "".join(r.choices(string.ascii_lowercase, k=3500))
        )
        headers["Authorization"] = f"Bearer {server.token}"
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        answer.read()
        assert answer.status < 500, path
    connection.close()


def test_large_different_requests_leave_little_behind(server):
    # What every server has once it has answered all kinds of requests.
    send(server, range(30))
    before = worker_memory(server)
    send(server, range(30, 30 + REQUESTS))
    time.sleep(0.5)
    kept = worker_memory(server) - before
    assert kept < MOST, f"{kept / 2**20:.0f} MiB"
