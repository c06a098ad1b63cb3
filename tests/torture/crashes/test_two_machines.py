"""Two servers that share a database, an S3 and a key, and nothing else, are one."""

import hashlib
import http.client
import json
import os
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import pytest

from tests import databases, storages
from tests.conftest import start_server, stop_server

CONTENT = os.urandom(12 * 2**20)
TUS = ("-H", "Tus-Resumable: 1.0.0")
OCTETS = ("-H", "Content-Type: application/offset+octet-stream")


@pytest.fixture
def machines(tmp_path):
    shared = tmp_path / "shared"
    environment = {
        "SIRENHALL_DATABASE_URL": databases.database_url(shared)
        or f"sqlite:///{tmp_path / 'shared.db'}",
        "SIRENHALL_STORAGE_URL": storages.s3_url(shared),
        "SIRENHALL_SECRET_KEY": "the same secret on both machines, surely",
        "SIRENHALL_DOWNLOAD_SESSION_MINUTES": "0",
        "SIRENHALL_WORKERS": "1",
    }
    servers = [start_server(tmp_path / name, environment=environment) for name in "ab"]
    yield servers
    for server in servers:
        stop_server(server)


def at(server, url):
    """Give the same address at another machine."""
    return server.url + url.split("/", 3)[3]


def test_what_begins_at_one_goes_on_at_the_other(machines, tmp_path):
    a, b = machines
    assert a.token == b.token
    kind = ("-H", "Content-Type: application/json")
    new = {"name": "x", "code": "x", "price": 1, "item_category_id": 2}
    shelf = f"{a.url}stores/1/downloadables"
    item = json.loads(a.curl(*kind, "-d", json.dumps(new), shelf).stdout)
    create = item["_links"]["fx:create_upload_url"]["href"]
    slot = json.loads(b.curl("-d", "", at(b, create)).stdout)["upload_url"]
    length = ("-H", f"Upload-Length: {len(CONTENT)}")
    a.curl(*TUS, "-X", "POST", *length, at(a, slot), token=False)
    bounds = (0, 3_000_000, 7_000_001, len(CONTENT))
    for number, (start, stop) in enumerate(pairwise(bounds)):
        piece = tmp_path / "piece"
        piece.write_bytes(CONTENT[start:stop])
        server = machines[number % 2]
        sent = server.curl(
            *(*TUS, *OCTETS, "-X", "PATCH", "-H", f"Upload-Offset: {start}"),
            *("--data-binary", f"@{piece}", "-w", "%{http_code}", at(server, slot)),
            token=False,
        )
        assert sent.stdout == "204"
    for server in machines:
        shown = json.loads(
            server.curl(at(server, item["_links"]["self"]["href"])).stdout
        )
        assert shown["file_sha256"] == hashlib.sha256(CONTENT).hexdigest()

    # And of the last downloads, both together give as many as were paid.
    granted = {"downloadable_uri": item["_links"]["self"]["href"], "max_downloads": 5}
    bought = json.loads(
        a.curl(
            *kind,
            *("-d", json.dumps(granted)),
            f"{a.url}stores/1/downloadable_purchases",
        ).stdout
    )
    path = "/" + bought["_links"]["fx:download_url"]["href"].split("/", 3)[3]

    def ask(number):
        port = machines[number % 2].port
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        connection.request("GET", path, headers={"Range": "bytes=-10"})
        answer = connection.getresponse()
        data = answer.read()
        connection.close()
        return answer.status, data

    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(ask, range(32)))
    assert [data for status, data in answers if status == 206] == [CONTENT[-10:]] * 5
    assert sum(status == 410 for status, _data in answers) == 27
