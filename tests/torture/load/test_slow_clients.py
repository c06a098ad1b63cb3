"""Clients that send slowly hold no thread, or not for long, and stop nobody else."""

import contextlib
import resource
import socket
import time

import pytest

from tests.conftest import start_server, stop_server, wait_until

CLIENTS = 1300
HEADERS = b"GET /health/live HTTP/1.1\r\nHost: a\r\nX-Slow: "
BODY = (
    b"POST /token HTTP/1.1\r\nHost: a\r\nContent-Length: 5000\r\n"
    b"Content-Type: application/x-www-form-urlencoded\r\n\r\n"
)
QUICK = b"GET /health/live HTTP/1.1\r\nHost: a\r\n\r\n"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    server = start_server(
        tmp_path_factory.mktemp("slow") / "data",
        *("--workers", "1"),
        environment={
            "SIRENHALL_RATE_LIMIT": "none",
            "SIRENHALL_HEADER_SECONDS": "3",
            "SIRENHALL_BODY_SECONDS": "3",
            "SIRENHALL_THREADS_PER_ADDRESS": "8",
        },
    )
    assert wait_until(lambda: answered(server, QUICK) < 5, 20)
    yield server
    stop_server(server)


@pytest.fixture
def connect(server):
    """Open connections, closed when the test ends."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 8192), hard))
    opened = []

    def connected(head, address="127.0.0.1"):
        connection = socket.create_connection(
            ("127.0.0.1", server.port), timeout=20, source_address=(address, 0)
        )
        opened.append(connection)
        connection.sendall(head)
        return connection

    yield connected
    for connection in opened:
        connection.close()
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def answered(server, request, address="127.0.0.1"):
    """Give the seconds until a request is answered by a 200."""
    started = time.monotonic()
    with socket.create_connection(
        ("127.0.0.1", server.port), timeout=30, source_address=(address, 0)
    ) as connection:
        connection.sendall(request)
        status = connection.recv(64)
    assert b" 200 " in status, status
    return time.monotonic() - started


@pytest.mark.parametrize("head", [HEADERS, BODY], ids=["headers", "bodies"])
def test_1300_trickling_clients_stop_nobody(server, connect, head):
    clients = [connect(head) for _ in range(CLIENTS)]
    for _ in range(5):
        # Also those of the same address are answered.
        assert answered(server, QUICK) < 1
        assert answered(server, QUICK, "127.0.0.2") < 1
        for client in clients[::10]:
            with contextlib.suppress(OSError):
                client.send(b"a")
        time.sleep(0.3)


def test_headers_have_a_deadline(server, connect):
    slow = connect(HEADERS)
    silent = connect(b"")
    started = time.monotonic()
    assert b" 408 " in slow.recv(100)
    assert silent.recv(100) == b""
    assert 2 < time.monotonic() - started < 8


def test_a_body_that_pauses_too_long_is_refused(server, connect):
    slow = connect(BODY)
    slow.sendall(b"a=b")
    started = time.monotonic()
    answer = slow.makefile("rb").read()
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"the body came too slowly" in answer
    assert 2 < time.monotonic() - started < 8


def test_a_body_that_trickles_is_refused(server, connect):
    slow = connect(BODY)
    slow.settimeout(0.2)
    answer = b""
    for _ in range(60):
        slow.sendall(b"a")
        with contextlib.suppress(TimeoutError):
            answer = slow.recv(4096)
            break
    assert answer.startswith(b"HTTP/1.1 408 ")


def test_one_address_waits_while_another_is_served(server, connect):
    for _ in range(6):
        connect(BODY, "127.0.0.3")
    time.sleep(0.3)
    # Six of its eight threads are held by bodies; the seventh body waits.
    form = (
        b"POST /token HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n"
        b"Content-Type: application/x-www-form-urlencoded\r\n\r\na=b"
    )
    waiting = connect(form, "127.0.0.3")
    waiting.settimeout(0.5)
    with pytest.raises(TimeoutError):
        waiting.recv(100)
    other = connect(form, "127.0.0.4")
    other.settimeout(2)
    assert other.recv(100).startswith(b"HTTP/1.1 400")
    assert answered(server, QUICK, "127.0.0.3") < 1
    # It is served once a thread of its address is free again.
    waiting.settimeout(10)
    assert waiting.recv(100).startswith(b"HTTP/1.1 400")


def test_a_client_that_does_not_close_costs_the_others_nothing(server, connect):
    refused = (
        b"POST /stores/1/downloadables HTTP/1.1\r\nHost: a\r\nContent-Length: 9999\r\n"
        b"Content-Type: application/json\r\n\r\n{"
    )
    clients = [connect(refused, f"127.0.0.{10 + n}") for n in range(20)]
    started = time.monotonic()
    for client in clients:
        assert b" 401 " in client.recv(100)
    assert answered(server, QUICK) < 1
    assert time.monotonic() - started < 10


def test_requests_that_follow_each_other_are_answered_in_order(server, connect):
    client = connect(QUICK + QUICK + QUICK[:20])
    received = b""
    while received.count(b"HTTP/1.1 200") < 2:
        received += client.recv(4096)
    client.sendall(QUICK[20:])
    while received.count(b"HTTP/1.1 200") < 3:
        received += client.recv(4096)


def test_a_long_header_is_refused_in_the_format_asked_for(connect):
    client = connect(
        b"GET / HTTP/1.1\r\nHost: a\r\nAccept: application/problem+json\r\n"
        b"X-Long: " + b"a" * 10_000 + b"\r\nConnection: close\r\n\r\n"
    )
    answer = client.makefile("rb").read()
    assert answer.startswith(b"HTTP/1.1 431 ")
    assert b"application/problem+json" in answer
    assert b"X-Long has 10000 characters; at most 8190 are read" in answer


def test_headers_without_an_end_are_refused(server, connect):
    client = connect(b"GET / HTTP/1.1\r\nHost: a\r\n")
    with contextlib.suppress(OSError):
        for _ in range(100):
            client.sendall(b"X-A: " + b"a" * 1000 + b"\r\n")
    with contextlib.suppress(ConnectionResetError):
        assert b" 431 " in client.recv(100)
    assert answered(server, QUICK) < 1


@pytest.mark.parametrize("piece", [b"a:\r\n", b"a", b"a: b\r\n"])
def test_what_follows_the_chunks_is_bounded(server, connect, piece):
    client = connect(
        b"POST /token HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n"
        b"Content-Type: application/x-www-form-urlencoded\r\n\r\n0\r\n"
    )
    client.sendall(piece * (64 * 1024 // len(piece)))
    client.settimeout(2)
    # Nothing more is waited for.
    assert client.recv(100).startswith(b"HTTP/1.1 4")


def test_a_long_chunk_extension_is_refused(server, connect):
    client = connect(
        b"POST /token HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n"
        b"Content-Type: application/x-www-form-urlencoded\r\n\r\n1;a="
    )
    client.sendall(b"b" * 64 * 1024)
    client.settimeout(2)
    assert client.recv(100).startswith(b"HTTP/1.1 400 ")


@contextlib.contextmanager
def started(folder, threads, **environment):
    server = start_server(
        folder / "data",
        *("--workers", "1", "--threads", str(threads)),
        environment=environment,
    )
    try:
        assert wait_until(lambda: answered(server, QUICK) < 5, 20)
        yield server
    finally:
        stop_server(server)


def test_who_stops_reading_an_answer_gives_the_thread_back(tmp_path):
    with started(tmp_path, 1, SIRENHALL_BODY_SECONDS="2") as server:
        _stop_reading(server, tmp_path)


def _stop_reading(server, tmp_path):
    file = tmp_path / "large.bin"
    file.write_bytes(b"a" * 32 * 1024 * 1024)
    made = server.curl(
        *("-F", f"file=@{file}", "-F", "name=Large", "-F", "code=large"),
        *("-F", "price=1", "-F", "item_category_id=2"),
        f"{server.url}stores/1/downloadables",
    )
    assert b'"file_size"' in made.stdout.encode()
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.connect(("127.0.0.1", server.port))
        client.sendall(
            b"GET /downloadables/1/file HTTP/1.1\r\nHost: a\r\n"
            + f"Authorization: Bearer {server.token}\r\n\r\n".encode()
        )
        assert client.recv(12) == b"HTTP/1.1 200"
        # The only thread sends to it, until the system gives up.
        assert answered(server, QUICK, "127.0.0.2") < 25


@pytest.mark.parametrize("threads", [2, 4, 16, 64])
def test_one_address_never_holds_all_threads(tmp_path, threads):
    with started(tmp_path, threads) as server, contextlib.ExitStack() as opened:
        for _ in range(threads):
            client = socket.create_connection(("127.0.0.1", server.port), timeout=10)
            opened.enter_context(client)
            client.sendall(BODY)
        time.sleep(0.3)
        # A body that does not come is given up after a minute.
        assert answered(server, QUICK, "127.0.0.2") < 5


def test_who_asks_for_health_and_does_not_read_stops_nobody(server, connect):
    """Each of many addresses sends far more questions than it reads answers."""
    for number in range(40):
        client = connect(b"", f"127.0.1.{1 + number % 20}")
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        with contextlib.suppress(OSError):
            client.sendall(QUICK * 2000)
    for _ in range(10):
        assert answered(server, QUICK) < 1
        time.sleep(0.1)
