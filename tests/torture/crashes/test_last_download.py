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


class Race:
    """As many as can be, over the network, at once."""

    def __init__(self, server):
        self.port = server.port
        self.here, self.barrier, self.opened = local(), Barrier(RACERS), []
        self.pool = ThreadPoolExecutor(RACERS)

    def outcomes(self, url):
        """Ask for the same at once; give how often each status was the answer."""
        path = url[url.index("/dl?") :]
        statuses = self.pool.map(lambda number: self._ask(path, number), range(RACERS))
        return Counter(s // 100 if s < 300 else s for s in statuses)

    def _ask(self, path, number):
        if not hasattr(self.here, "connection"):
            address = ("127.0.0.1", self.port)
            self.here.connection = http.client.HTTPConnection(*address, timeout=60)
            self.opened.append(self.here.connection)
        headers = {"Range": "bytes=0-0"} if number % 2 else {}
        self.barrier.wait()
        self.here.connection.request("GET", path, headers=headers)
        answer = self.here.connection.getresponse()
        answer.read()
        return answer.status

    def close(self):
        self.pool.shutdown()
        for connection in self.opened:
            connection.close()


@pytest.fixture
def race(server):
    race = Race(server)
    yield race
    race.close()


@pytest.fixture
def item(server):
    listed = json.loads(server.curl(f"{server.url}stores/1/downloadables").stdout)
    return listed["_embedded"]["fx:downloadables"][0]["_links"]["self"]["href"]


def post(server, url, values):
    sent = ("-H", "Content-Type: application/json", "-d", json.dumps(values), url)
    return json.loads(server.curl(*sent).stdout)


def test_32_at_once_a_hundred_times_over(server, item, race):
    """Over the network, against two processes; ranges are no way around the count."""
    store = f"{server.url}stores/1/downloadable_purchases"
    for number in range(ROUNDS):
        limit = LIMITS[number % len(LIMITS)]
        bought = {"downloadable_uri": item, "max_downloads": limit}
        made = post(server, store, bought)["_links"]
        outcomes = race.outcomes(made["fx:download_url"]["href"])
        assert outcomes[2] == limit, (limit, outcomes)
        assert outcomes[410] == RACERS - limit, (limit, outcomes)
        shown = json.loads(server.curl(made["self"]["href"]).stdout)
        assert shown["number_of_downloads"] == limit


def test_each_of_several_files_has_its_own_last_download(server, item, race):
    values = {"url": f"{server.url}docs", "name": "Elsewhere"}
    assert post(server, f"{item}/files", values)["is_main"] is False
    store = f"{server.url}stores/1/downloadable_purchases"
    for limit in LIMITS * 3:
        bought = {"downloadable_uri": item, "max_downloads": limit}
        made = post(server, store, bought)["_links"]
        page = json.loads(server.curl(made["fx:purchased_files"]["href"]).stdout)
        for file in page["_embedded"]["fx:purchased_files"]:
            outcomes = race.outcomes(file["_links"]["fx:download_url"]["href"])
            served = outcomes[2] + outcomes[302]
            assert (served, outcomes[410]) == (limit, RACERS - limit)
