"""Requests byte by byte: none stops the server, and none is taken for two."""

import random
import re
import socket
import subprocess

import pytest

from tests.conftest import start_server, stop_server, wait_until
from tests.torture.loads import ask

ITEM = b'{"name": "a", "code": "a", "price": 1, "item_category_id": 2}'


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    server = start_server(
        tmp_path_factory.mktemp("raw") / "data",
        *("--demo", "--workers", "1"),
        environment={
            "SIRENHALL_RATE_LIMIT": "none",
            "SIRENHALL_HEADER_SECONDS": "2",
            "SIRENHALL_BODY_SECONDS": "1",
        },
    )
    assert wait_until(lambda: ask(server, "GET", "/health/live").status == 200, 20)
    yield server
    stop_server(server)


def sent(server, data, seconds=5.0):
    """Send bytes, close our side, and give everything that comes back."""
    received = b""
    with socket.create_connection(("127.0.0.1", server.port), timeout=seconds) as line:
        try:
            line.sendall(data)
            line.shutdown(socket.SHUT_WR)
            while piece := line.recv(65536):
                received += piece
        except OSError:
            pass
    return received


def seeds(server):
    token = f"Authorization: Bearer {server.token}\r\n".encode()
    form = (
        b'--X\r\nContent-Disposition: form-data; name="name"\r\n\r\na\r\n'
        b'--X\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\n'
        b"content\r\n--X--\r\n"
    )
    for line, more, body in (
        (b"GET /stores/1/downloadables?limit=2&order=name HTTP/1.1", b"", b""),
        (b"GET /downloadables/1/file HTTP/1.1", b"Range: bytes=0-9,20-30\r\n", b""),
        (
            b"POST /stores/1/downloadables HTTP/1.1",
            b'Content-Type: application/json\r\nIdempotency-Key: "a"\r\n',
            ITEM,
        ),
        (
            b"PATCH /downloadables/1 HTTP/1.1",
            b'Content-Type: application/json\r\nIf-Match: "1"\r\n',
            b'{"price": 2}',
        ),
        (
            b"POST /stores/1/downloadables HTTP/1.1",
            b"Content-Type: multipart/form-data; boundary=X\r\n",
            form,
        ),
        (
            b"POST /token HTTP/1.1",
            b"Content-Type: application/x-www-form-urlencoded\r\n",
            b"grant_type=a&b=c",
        ),
        (
            b"POST /downloadables/1 HTTP/1.1",
            b"X-HTTP-Method-Override: PATCH\r\nContent-Type: application/xml\r\n",
            b"<resource><name>a</name></resource>",
        ),
        (b"PUT /uploads/x HTTP/1.1", b"Content-Type: text/plain\r\n", b"content"),
        (b"GET /dl?p=1&expires=2&signature=3 HTTP/1.1", b"Accept: text/html\r\n", b""),
    ):
        length = b"Content-Length: %d\r\n" % len(body) if body else b""
        yield line + b"\r\nHost: a\r\n" + token + more + length + b"\r\n" + body


ODD = [b"\0", b"\r", b"\n", b"\r\n\r\n", b"%00", b"\xff", b": "]


def mutated(chance, data):
    data = bytearray(data)
    for _ in range(chance.choice([1, 1, 2, 5])):
        position = chance.randrange(len(data))
        kind = chance.randrange(5)
        if kind == 0:
            data[position] ^= 1 << chance.randrange(8)
        elif kind == 1:
            del data[position : position + chance.randrange(1, 20)]
        elif kind == 2:
            data[position:position] = chance.randbytes(chance.randrange(1, 20))
        elif kind == 3:
            end = position + chance.randrange(1, 40)
            data[position:position] = data[position:end] * chance.randrange(1, 4)
        else:
            odd = chance.choice(
                [b"\0", b"\r", b"\n", b"\r\n\r\n", b"%00", b"\xff", b": "]
            )
            data[position : position + 1] = odd
        if not data:
            break
    return bytes(data)


def test_no_mutation_of_a_request_is_a_server_error(server, is_full):
    chance = random.Random(7)  # noqa: S311 - only to be different
    workers = children(server)
    made = list(seeds(server))
    for number in range(100_000 if is_full else 1500):
        data = mutated(chance, made[number % len(made)])
        answer = sent(server, data)
        for status in re.findall(rb"HTTP/1\.1 (\d{3}) ", answer):
            # Of transfer codings that are not known (RFC 9112, section 6.1).
            assert status < b"500" or status == b"501", data
    assert children(server) == workers
    assert "Traceback" not in server.log.read_text()


def children(server):
    command = ["pgrep", "-P", str(server.process.pid)]
    found = subprocess.run(command, capture_output=True, text=True, check=True)
    return found.stdout.split()


INNER = b"GET /health/live HTTP/1.1\r\nHost: a\r\n\r\n"
SMUGGLING = {
    "both lengths": b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
    "two lengths": b"Content-Length: 5\r\nContent-Length: 50\r\n",
    "a list of lengths": b"Content-Length: 5, 50\r\n",
    "a signed length": b"Content-Length: +5\r\n",
    "a negative length": b"Content-Length: -5\r\n",
    "a length in hexadecimal": b"Content-Length: 0x5\r\n",
    "a length with a space": b"Content-Length: 5 0\r\n",
    "digits of another script": "Content-Length: ٥\r\n".encode(),
    "a space before the colon": b"Content-Length : 5\r\n",
    "a folded header": b"X: a\r\n Content-Length: 5\r\n",
    "chunked twice": b"Transfer-Encoding: chunked, chunked\r\n",
    "chunked and identity": b"Transfer-Encoding: chunked, identity\r\n",
    "identity": b"Transfer-Encoding: identity\r\n",
    "chunked with a tab": b"Transfer-Encoding:\tchunked\x0b\r\n",
    "chunked misspelt": b"Transfer-Encoding: xchunked\r\n",
    "two codings": b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
    "a bare line feed": b"X: a\nTransfer-Encoding: chunked\r\n",
    "a bare carriage return": b"X: a\rTransfer-Encoding: chunked\r\n",
    "a null": b"X: a\0\r\n",
    "an underscore": b"Content_Length: 5\r\n",
}


@pytest.mark.parametrize("kind", SMUGGLING)
def test_a_request_of_doubtful_length_is_not_followed_by_another(server, kind):
    """What one server takes for a body, and another for a request, is refused."""
    head = b"POST /health/live HTTP/1.1\r\nHost: a\r\n" + SMUGGLING[kind] + b"\r\n"
    answer = sent(server, head + b"0\r\n\r\n" + INNER)
    statuses = re.findall(rb"HTTP/1\.1 (\d{3}) ", answer)
    assert statuses, answer
    if kind == "an underscore":
        # It is another field, and is not handed on under the name of this one.
        assert b"200" not in statuses[:1]
        return
    assert statuses[0] in {b"400", b"501"}, answer
    assert len(statuses) == 1, answer
