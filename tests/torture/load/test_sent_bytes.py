"""What a live server sent by sendfile(2) is what it says it has sent."""

import json
import socket

import pytest

from tests.conftest import wait_until

SIZE = 30_000_000


@pytest.fixture
def link(server, tmp_path):
    file = tmp_path / "large.bin"
    file.write_bytes(b"\0" * SIZE)
    code = tmp_path.name
    fields = {"name": "Large", "code": code, "price": "1", "item_category_id": "2"}
    form = [part for n, v in fields.items() for part in ("-F", f"{n}={v}")]
    store = f"{server.url}stores/1"
    made = server.curl("-F", f"file=@{file}", *form, f"{store}/downloadables")
    number = json.loads(made.stdout)["_links"]["self"]["href"].rpartition("/")[2]
    bought = server.curl(
        *("-H", "Content-Type: application/json"),
        *("-d", json.dumps({"downloadable_id": number})),
        f"{store}/downloadable_purchases",
    )
    return json.loads(bought.stdout)["_links"]


def kept(server, link):
    page = json.loads(server.curl(link["fx:downloads"]["href"]).stdout)
    [download] = page["_embedded"]["fx:downloads"]
    return download["outcome"], download["bytes_sent"]


def test_a_whole_download_is_complete(server, link):
    answer = server.curl(
        "-o/dev/null", "-w%{size_download}", link["fx:download_url"]["href"]
    )
    assert answer.stdout == str(SIZE)
    assert wait_until(lambda: kept(server, link) == ("completed", SIZE))


def test_of_a_broken_one_is_kept_how_far_it_came(server, link):
    url = link["fx:download_url"]["href"]
    path = url[url.index("/dl?") :]
    with socket.create_connection(("127.0.0.1", server.port)) as line:
        line.sendall(f"GET {path} HTTP/1.1\r\nHost: h\r\n\r\n".encode())
        line.recv(100_000)
    assert wait_until(lambda: kept(server, link)[0] == "broken")
    sent = kept(server, link)[1]
    assert 0 < sent < SIZE
    # The rest makes it complete.
    server.curl("-o/dev/null", "-r", "-1", url)
    assert wait_until(lambda: kept(server, link) == ("broken", sent + 1))
    server.curl("-o/dev/null", "-r", f"{sent}-", url)
    assert wait_until(lambda: kept(server, link) == ("completed", SIZE + 1))
