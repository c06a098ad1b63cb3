"""Many customers' programs race for the last downloads: as many win as were paid."""

import http.client
import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, local

import pytest

from tests.conftest import start_server, stop_server

ROUNDS = 100
RACERS = 32
LIMITS = (1, 3, 31, 32)


@pytest.fixture
def server(tmp_path):
    """A server to which each request is a download of its own."""
    server = start_server(
        tmp_path / "data",
        "--demo",
        environment={"SIRENHALL_DOWNLOAD_SESSION_MINUTES": "0"},
    )
    yield server
    stop_server(server)


def test_32_at_once_a_hundred_times_over(server):
    """Over the network, against two processes; ranges are no way around the count."""
    listed = json.loads(server.curl(f"{server.url}stores/1/downloadables").stdout)
    item = listed["_embedded"]["fx:downloadables"][0]["_links"]["self"]["href"]
    here, barrier, opened = local(), Barrier(RACERS), []

    def ask(path, number):
        if not hasattr(here, "connection"):
            address = ("127.0.0.1", server.port)
            here.connection = http.client.HTTPConnection(*address, timeout=60)
            opened.append(here.connection)
        headers = {"Range": "bytes=0-0"} if number % 2 else {}
        barrier.wait()
        here.connection.request("GET", path, headers=headers)
        answer = here.connection.getresponse()
        answer.read()
        return answer.status, answer.headers["Content-Type"]

    store = f"{server.url}stores/1/downloadable_purchases"
    with ThreadPoolExecutor(RACERS) as pool:
        for number in range(ROUNDS):
            limit = LIMITS[number % len(LIMITS)]
            values = {"downloadable_uri": item, "max_downloads": limit}
            made = json.loads(
                server.curl(
                    *("-H", "Content-Type: application/json"),
                    *("-d", json.dumps(values)),
                    store,
                ).stdout
            )["_links"]
            url = made["fx:download_url"]["href"]
            path = url[url.index("/dl?") :]
            outcomes = Counter(
                status // 100 if status < 300 else status
                for status, _kind in pool.map(
                    lambda n, p=path: ask(p, n), range(RACERS)
                )
            )
            assert outcomes[2] == limit, (limit, outcomes)
            assert outcomes[410] == RACERS - limit, (limit, outcomes)
            shown = json.loads(server.curl(made["self"]["href"]).stdout)
            assert shown["number_of_downloads"] == limit
    for connection in opened:
        connection.close()
