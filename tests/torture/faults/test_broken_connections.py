"""Bodies that break off: never taken for complete, and nothing left of them."""

import json
import socket
import struct
import time
from dataclasses import replace

import pytest
from click.testing import CliRunner

from app.cli import main
from tests.conftest import blobs, environment_for, wait_until

BOUNDARY = "XYZ"
STORE = {
    "store_name": "Doomed",
    "store_domain": "doomed",
    "store_url": "http://doomed.example",
    "store_email": "a@doomed.example",
    "postal_code": "1",
    "region": "x",
    "country": "DE",
}


def multipart(code):
    fields = {"name": "A", "code": code, "price": "1", "item_category_id": "2"}
    parts = [
        f'--XYZ\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    ]
    parts.append(
        '--XYZ\r\nContent-Disposition: form-data; name="file"; filename="a.bin"\r\n'
        "Content-Type: application/octet-stream\r\n\r\n" + "x" * 300 + "\r\n--XYZ--\r\n"
    )
    return "".join(parts).encode()


def send(server, head, body, *, reset=False):
    """Send bytes, end the sending side, and give what comes back."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as connection:
        connection.sendall(head + body)
        if reset:
            linger = struct.pack("ii", 1, 0)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            return b""
        connection.shutdown(socket.SHUT_WR)
        answer = b""
        while piece := connection.recv(65536):
            answer += piece
        return answer


def head(server, content_type, length):
    framing = (
        "Transfer-Encoding: chunked" if length is None else f"Content-Length: {length}"
    )
    return (
        f"POST /stores/1/downloadables HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n"
        f"Authorization: Bearer {server.token}\r\nContent-Type: {content_type}\r\n"
        f"Connection: close\r\n{framing}\r\n\r\n"
    ).encode()


def total(server):
    url = f"{server.url}stores/1/downloadables?limit=0"
    return json.loads(server.curl(url).stdout)["total_items"]


@pytest.fixture
def untouched(server):
    """Nothing may have been added when the test ends."""
    before = total(server), len(blobs(server.data_dir))
    yield
    assert wait_until(lambda: len(blobs(server.data_dir)) == before[1])
    assert total(server) == before[0]


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize("reset", [False, True], ids=["half-closed", "reset"])
@pytest.mark.parametrize("kind", ["multipart", "json", "form", "xml"])
def test_a_body_shorter_than_its_length_is_refused(server, kind, reset):
    body, content_type = {
        "multipart": (multipart("cut"), f"multipart/form-data; boundary={BOUNDARY}"),
        "json": (
            b'{"name":"A","code":"cut","price":1,"item_category_id":2}' + b" " * 9,
            "application/json",
        ),
        "form": (
            b"name=A&code=cut&price=1&item_category_id=2&description=long",
            "application/x-www-form-urlencoded",
        ),
        "xml": (
            (
                b"<resource><name>A</name><code>cut</code><price>1</price>"
                b"<item_category_id>2</item_category_id></resource>   "
            ),
            "application/xml",
        ),
    }[kind]
    # The last two bytes of multipart are a line break that nobody needs.
    for cut in sorted({*range(0, len(body) - 2, 23), len(body) - 3}):
        answer = send(
            server, head(server, content_type, len(body)), body[:cut], reset=reset
        )
        if not reset:
            assert answer.startswith(b"HTTP/1.1 400"), (cut, answer[:300])
            assert b"broke off" in answer


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize("reset", [False, True], ids=["half-closed", "reset"])
def test_a_chunked_body_without_its_end_is_refused(server, reset):
    body = multipart("cut")
    chunked = (
        b"".join(
            f"{len(body[i : i + 100]):x}\r\n".encode() + body[i : i + 100] + b"\r\n"
            for i in range(0, len(body), 100)
        )
        + b"0\r\n\r\n"
    )
    content_type = f"multipart/form-data; boundary={BOUNDARY}"
    # The last line break, after the last chunk, is one that nobody needs.
    for cut in sorted({*range(0, len(chunked) - 5, 31), len(chunked) - 5}):
        answer = send(
            server, head(server, content_type, None), chunked[:cut], reset=reset
        )
        if not reset:
            assert answer.startswith(b"HTTP/1.1 400"), (cut, answer[:300])


def test_a_whole_chunked_body_is_taken(server):
    body = multipart("whole-chunked")
    chunked = f"{len(body):x}\r\n".encode() + body + b"\r\n0\r\n\r\n"
    content_type = f"multipart/form-data; boundary={BOUNDARY}"
    answer = send(server, head(server, content_type, None), chunked)
    assert answer.startswith(b"HTTP/1.1 201"), answer[:500]
    location = answer.partition(b"Location: ")[2].partition(b"\r\n")[0].decode()
    assert server.curl("-X", "DELETE", location).returncode == 0


def test_a_store_deleted_during_an_upload_is_a_404(server):
    arguments = ["token", "create", "--scope", "client_full_access"]
    made = CliRunner().invoke(
        main,
        [*arguments, "--json", "--data-dir", str(server.data_dir)],
        env=environment_for(server.data_dir),
    )
    token = json.loads(made.output)["token"]
    operator = replace(server, token=token)
    answer = operator.curl(
        *("-H", "Content-Type: application/json", "-d", json.dumps(STORE)),
        f"{server.url}stores",
    )
    href = json.loads(answer.stdout)["_links"]["self"]["href"]
    path = href.removeprefix(server.url.rstrip("/"))
    body = b'{"code": "x", "name": "x"}'
    request = (
        f"POST {path}/item_categories HTTP/1.1\r\n"
        f"Host: 127.0.0.1:{server.port}\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Type: application/json\r\nConnection: close\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    ).encode()
    address = ("127.0.0.1", server.port)
    with socket.create_connection(address, timeout=20) as connection:
        connection.sendall(request + body[:5])
        time.sleep(0.5)
        assert "deleted successfully" in operator.curl("-X", "DELETE", href).stdout
        connection.sendall(body[5:])
        received = b""
        while piece := connection.recv(65536):
            received += piece
    assert received.startswith(b"HTTP/1.1 404"), received[:300]


def test_a_refusal_comes_before_the_body(server):
    """401, 404, 413 and 415 are answered without waiting for what is announced."""
    cases = {
        b"401": (
            b"/stores/1/downloadables",
            "multipart/form-data; boundary=x",
            "wrong",
            10**9,
        ),
        b"404": (
            b"/stores/99/downloadables",
            "multipart/form-data; boundary=x",
            server.token,
            10**9,
        ),
        b"413": (b"/stores/1/downloadables", "application/json", server.token, 10**9),
        b"415": (b"/stores/1/downloadables", "image/png", server.token, 10**9),
    }
    for status, (path, content_type, token, length) in cases.items():
        request = (
            b"POST "
            + path
            + b" HTTP/1.1\r\nHost: 127.0.0.1\r\n"
            + f"Authorization: Bearer {token}\r\nContent-Type: {content_type}\r\n"
            f"Content-Length: {length}\r\n\r\n".encode()
        )
        address = ("127.0.0.1", server.port)
        with socket.create_connection(address, timeout=5) as connection:
            connection.sendall(request + b"first bytes" * 100)
            answer = connection.recv(65536)
        assert answer.startswith(b"HTTP/1.1 " + status), answer[:200]
