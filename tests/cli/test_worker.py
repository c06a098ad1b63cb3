"""The worker's own count of connections is right, whatever happens to them."""

import contextlib
import errno
import random
import selectors
import socket
import time
from collections import Counter
from concurrent.futures import Future
from itertools import chain

import pytest
from gunicorn.config import Config

from app.cli.worker import FairWorker, Patience

QUICK = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
BODY = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n123"
PIECES = (QUICK, BODY, QUICK + QUICK, QUICK[:9], b"a", b"\r\n", b"\r\n\r\n")


class Worker(FairWorker):
    """A worker whose threads are the test's: it ends requests when it likes."""

    patience = Patience(header_seconds=60, body_seconds=60, body_rate=1, share=3)

    def __init__(self):
        self.cfg = Config()
        self.cfg.set("threads", 8)
        self.cfg.set("worker_connections", 30)
        super().__init__(1, 1, [], None, 30, self.cfg, None)
        self.poller = selectors.DefaultSelector()
        self.running = []

    def enqueue_req(self, conn):
        self.running.append(conn)

    def end_one(self, chance):
        conn = self.running.pop(chance.randrange(len(self.running)))
        done = Future()
        if chance.random() < 0.1:
            done.set_exception(RuntimeError("a handler broke"))
        else:
            done.set_result(chance.random() < 0.6)
        # What gunicorn's parser would have taken.
        buffered = conn.parser.unreader.take_buffered()
        conn.parser.unreader.unread(buffered.partition(b"\r\n\r\n")[2])
        self.finish_request(conn, done)

    def all_open(self):
        queued = chain.from_iterable(self._queued.values())
        return [
            *self._waiting,
            *queued,
            *self._lingering,
            *self.keepalived_conns,
            *self.running,
        ]

    def ensure_consistent(self):
        found = self.all_open()
        assert len(set(found)) == len(found) == self.nr_conns
        assert sum(map(len, self._open_of.values())) == self.nr_conns
        assert +self._busy == Counter(conn.address for conn in self.running)
        bodies = Counter(c.address for c in self.running if c.has_body)
        assert +self._receiving == bodies
        assert all(count <= self.patience.share for count in self._busy.values())
        registered = {key.fileobj for key in self.poller.get_map().values()}
        idle = {*self._waiting, *self._lingering, *self.keepalived_conns}
        assert registered == {conn.sock for conn in idle}


@pytest.fixture
def worker():
    worker = Worker()
    yield worker
    worker.poller.close()
    worker.tmp.close()


@pytest.fixture
def listener():
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        listener.settimeout(0)
        yield listener


def connect(worker, listener, clients, chance):
    source = (f"127.0.0.{chance.randrange(2, 5)}", 0)
    clients.append(socket.create_connection(listener.getsockname(), 5, source))
    worker.accept(listener)


def send(_worker, _listener, clients, chance):
    if clients:
        with contextlib.suppress(OSError):
            chance.choice(clients).sendall(chance.choice(PIECES))


def hang_up(_worker, _listener, clients, chance):
    if clients and chance.random() < 0.3:
        clients.pop(chance.randrange(len(clients))).close()


def end_request(worker, _listener, _clients, chance):
    if worker.running:
        worker.end_one(chance)


def poll(worker, _listener, _clients, _chance):
    worker.wait_for_and_dispatch_events(0)


def expire(worker, _listener, _clients, _chance):
    worker.murder_pending()
    worker.murder_keepalived()


EVENTS = (connect, connect, send, send, hang_up, end_request, poll, poll, expire)


def close_all(worker, chance):
    """End all requests, and let everything expire, until nothing is open."""
    for _ in range(100):
        while worker.running:
            worker.end_one(chance)
        for conn in [*worker._waiting, *worker._lingering]:
            conn.deadline = time.monotonic() - 1
        worker.murder_keepalived(force=True)
        worker.murder_pending()


@pytest.mark.parametrize("seed", range(12))
def test_every_connection_is_counted_once(worker, listener, seed):
    chance, clients = random.Random(seed), []  # noqa: S311 - only to be different
    for _ in range(400):
        chance.choice(EVENTS)(worker, listener, clients, chance)
        worker.ensure_consistent()
    for client in clients:
        client.close()
    close_all(worker, chance)
    worker.ensure_consistent()
    assert worker.all_open() == []
    assert worker.nr_conns == 0


class Exhausted:
    """A listener of a process that has no descriptor left."""

    def accept(self):
        raise OSError(errno.EMFILE, "Too many open files")


def test_without_descriptors_the_oldest_idle_connection_closes(worker, listener):
    chance, clients = random.Random(1), []  # noqa: S311 - only to be different
    for _ in range(3):
        connect(worker, listener, clients, chance)
    worker.accept(Exhausted())
    assert worker.nr_conns == 2
    worker.ensure_consistent()
    # The oldest one was closed.
    clients[0].settimeout(2)
    assert clients[0].recv(1) == b""
    for client in clients:
        client.close()
    close_all(worker, chance)
    worker.accept(Exhausted())


def test_one_address_has_so_many_connections(worker, listener):
    clients = []
    for _ in range(29):
        source = ("127.0.0.9", 0)
        clients.append(socket.create_connection(listener.getsockname(), 5, source))
        worker.accept(listener)
    # Eight for each of the three threads of its share.
    assert worker.nr_conns == 24
    worker.ensure_consistent()
    for client in clients:
        client.close()
    close_all(worker, random.Random(1))  # noqa: S311
