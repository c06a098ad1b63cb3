"""The gunicorn worker of `sirenhall serve`, in which slow clients hold no thread.

gunicorn's threads read the headers of a request themselves and wait for connections to
close in the main loop, so a client that sends a byte now and then holds a thread, and
one that does not close holds them all. Here a thread is given to a request only once
its headers are complete; a body has a minimum rate; and one address has a share of the
threads. All bookkeeping is done in the main loop, without locks.
"""

import errno
import re
import select
import selectors
import socket
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from itertools import chain, takewhile
from typing import Any

from gunicorn.http import Request, RequestParser
from gunicorn.http.errors import ExpectationFailed
from gunicorn.http.unreader import SocketUnreader
from gunicorn.workers.gthread import TConn, ThreadWorker

from app.http.client_address import network_of
from app.http.paths import LIVE, READY

MAX_HEAD = 64 * 1024
"""Bytes of a request's headers."""

MAX_CHUNK_LINE, MAX_TRAILERS = 8 * 1024, 16 * 1024
"""Bytes of a chunk's size with its extensions, and of what follows the last chunk."""

READ = 64 * 1024
ACCEPTED_AT_ONCE = 32
OUT_OF_RESOURCES = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}
BROKEN = {errno.EBADF, errno.EINVAL, errno.ENOTSOCK}
"""A listener fails by itself; any other error is that of a connection (accept(2))."""

LINGER, MAX_LINGER = 2.0, 30.0
"""Seconds in which a client may read the last answer and close (RFC 9112, 9.6); more
while the rest of a refused body is coming, which many clients send before they read."""

MAX_UNREAD = 64 * 1024
"""Bytes of a body nobody read that are skipped to keep a connection open."""

BUSY = "503 Service Unavailable"

HEALTH_THREADS = 4
_HEALTH = re.compile(f"(?:GET|HEAD) (?:{LIVE}|{READY})[ ?]".encode())
"""Requests that have threads of their own, which no other load can fill: one of each
address at a time, and a few of a connection, so that no answer waits to be read."""

HEALTH_OF_CONNECTION = 10

OPEN_PER_SHARE, QUEUED_PER_SHARE = 8, 4
"""Connections that an address may have open, and requests that may wait for a thread,
for each thread of its share."""

# A bare LF does not end the headers: accepting it invites request smuggling (RFC 9112,
# 2.2).
_END = b"\r\n\r\n"
_HAS_BODY = re.compile(
    rb"\r\n(?:content-length:[ \t]*0*[1-9]|transfer-encoding:)", re.IGNORECASE
)


def most_of(threads: int) -> int:
    """Return three quarters of some threads: the others stay for other requests."""
    return max(1, threads - max(1, threads // 4))


@dataclass(frozen=True, slots=True)
class Patience:
    """Limits of slow clients: seconds, bytes a second, and threads of one address.

    `header_seconds` are for all headers, `body_seconds` between two pieces of a body
    or of an answer, and `body_rate` is in bytes a second, over all of a body after that
    time. `share` is the number of threads that an address may hold at a time; 0 is no
    limit.
    """

    header_seconds: float
    body_seconds: float
    body_rate: int
    share: int

    @property
    def body_share(self) -> int:
        """The threads that an address may hold by bodies; the rest stays for reads."""
        return most_of(self.share)


class PacedUnreader(SocketUnreader):  # type: ignore[misc]
    """Reads a socket whose peer has to send at a minimum rate.

    Only the time that is spent waiting for the peer counts. Raise `TimeoutError`.
    """

    def __init__(self, sock: socket.socket, patience: Patience) -> None:
        super().__init__(sock)
        self._patience = patience
        # poll instead of select: select fails for descriptors above 1023.
        self._poll = select.poll()
        self._poll.register(sock, select.POLLIN)
        self.begin()

    def begin(self) -> None:
        """Start with a new request."""
        self._waited = 0.0
        self._received = 0
        self._is_late = False

    def chunk(self, size_hint: int | None = None) -> bytes:
        """Return the next bytes."""
        patience = self._patience
        started = time.monotonic()
        # gunicorn sets a time-out where it reads what the application did not.
        seconds = min(patience.body_seconds, self.sock.gettimeout() or float("inf"))
        is_ready = not self._is_late and self._poll.poll(seconds * 1000)
        self._waited += time.monotonic() - started
        if not is_ready:
            # Asked again, it must not wait again.
            self._is_late = True
            raise TimeoutError("no more of the body came in time")
        data: bytes = super().chunk(size_hint)
        self._received += len(data)
        # An average over the body, so a client may pause once it has sent enough.
        least = self._waited * patience.body_rate
        if self._waited > patience.body_seconds and self._received < least:
            self._is_late = True
            raise TimeoutError("the body came too slowly")
        return data


class BoundedRequest(Request):  # type: ignore[misc]
    """Has limits of its own for what is between and after the chunks of a body.

    gunicorn takes those of the headers, and searches all of it again at each read.
    """

    def _apply_header_policy(
        self, name: str, value: str, *state: Any, **place: Any
    ) -> Any:
        try:
            return super()._apply_header_policy(name, value, *state, **place)
        except ExpectationFailed:
            # The application answers, in the format that is asked for.
            return name, value

    def should_close(self) -> bool:
        """Return whether to close the connection after the response.

        It does after a refusal that leaves much of a body, and the answer says so.
        """
        return bool(super().should_close()) or self._is_body_left()

    def _is_body_left(self) -> bool:
        reader = getattr(self.body, "reader", None)
        unread = getattr(reader, "length", None)
        if unread is not None:
            return bool(unread > MAX_UNREAD)
        return getattr(reader, "parser", None) is not None

    def set_body_reader(self) -> None:
        """Choose how the body is read, once the headers were."""
        self.limit_request_field_size = MAX_CHUNK_LINE
        self.max_buffer_headers = MAX_TRAILERS
        super().set_body_reader()


class BoundedParser(RequestParser):  # type: ignore[misc]
    """Parses such requests."""

    mesg_class = BoundedRequest


class Connection(TConn):  # type: ignore[misc]
    """A connection, and what has come of the headers of its next request."""

    def __init__(self, cfg: Any, sock: socket.socket, client: Any, server: Any) -> None:
        super().__init__(cfg, sock, client, server)
        # A Unix socket has no address.
        host = client[0] if isinstance(client, tuple) else ""
        self.address = network_of(str(host))
        self.parser: Any = None
        self.received = bytearray()
        self.deadline = 0.0
        self.last_deadline = 0.0
        self.has_body = False
        self.is_health = False
        self.health_answers = 0
        self.is_idle = True

    def is_complete(self, before: int) -> bool:
        """Return whether all headers are there; `before` bytes were searched before."""
        while self.received.startswith(b"\r\n"):
            # An empty line before a request is ignored (RFC 9112, section 2.2).
            del self.received[:2]
        # Only the new bytes are searched, so many small reads cost linear time.
        end = self.received.find(_END, max(0, before - len(_END)))
        if end < 0:
            return False
        self.has_body = bool(_HAS_BODY.search(self.received, 0, end + 2))
        is_alone = end + len(_END) == len(self.received) and not self.has_body
        self.is_health = is_alone and bool(_HEALTH.match(self.received))
        return True

    def receive(self) -> bytes | None:
        """Return the received bytes: empty at the end, None if none have arrived."""
        try:
            data: bytes = self.sock.recv(READ)
        except BlockingIOError:
            return None
        except OSError:
            return b""
        return data

    def begin_request(self, patience: Patience) -> None:
        """Hand what has arrived to gunicorn's parser."""
        self.initialized = True
        if self.parser is None:
            self.parser = BoundedParser(self.cfg, self.sock, self.client)
            self.parser.unreader = PacedUnreader(self.sock, patience)
        self.parser.unreader.begin()
        self.parser.unreader.unread(bytes(self.received))
        self.received = bytearray()

    def refuse(self, status: str) -> None:
        """Send a response without the application, as far as that does not block."""
        head = f"HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: 0\r\n"
        with suppress(OSError):
            # The main loop must never block: what the socket does not take is lost.
            self.sock.send(f"{head}Retry-After: 5\r\n\r\n".encode())


class FairWorker(ThreadWorker):  # type: ignore[misc]
    """A threaded worker that no slow client, and no single address, can take over."""

    patience: Patience
    """Set on a subclass, since gunicorn makes the workers itself."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        # Dictionaries, the oldest first: a connection is removed by itself.
        self._open_of: dict[str, dict[Connection, None]] = {}
        self._waiting: dict[Connection, None] = {}
        self._queued: dict[str, deque[Connection]] = {}
        self._lingering: dict[Connection, None] = {}
        self._busy: Counter[str] = Counter()
        self._receiving: Counter[str] = Counter()
        self._health_pool = ThreadPoolExecutor(HEALTH_THREADS)
        self._asking_health: set[str] = set()

    # -- headers --------------------------------------------------------------------

    def accept(self, listener: Any) -> None:
        """Accept connections; one gets a thread once there is a request."""
        # Bounded, so that a flood of connections does not starve those that wait.
        for _ in range(ACCEPTED_AT_ONCE):
            try:
                sock, client = listener.accept()
            except (BlockingIOError, ConnectionAbortedError):
                return
            except OSError as error:
                if error.errno in BROKEN:
                    raise
                # Otherwise the listener would stay readable, and the loop would spin.
                if error.errno in OUT_OF_RESOURCES:
                    self._close_oldest()
                return
            _limit_sending(sock, self.patience.body_seconds)
            conn = Connection(self.cfg, sock, client, listener.getsockname())
            self.nr_conns += 1
            self._open_of.setdefault(conn.address, {})[conn] = None
            self._await_request(conn)
            self._make_room(conn)

    def on_client_socket_readable(self, conn: Connection, client: Any) -> None:
        """Read the next request of a connection that was kept open."""
        if conn not in self.keepalived_conns:
            return
        self.poller.unregister(client)
        self.keepalived_conns.remove(conn)
        self._await_request(conn)

    def _await_request(self, conn: Connection, received: bytes = b"") -> None:
        """Wait for the headers of a request, unless they are there already."""
        conn.is_idle = True
        conn.received = bytearray(received)
        conn.deadline = time.monotonic() + self.patience.header_seconds
        self._waiting[conn] = None
        self._register(conn, self._on_headers)
        if received and conn.is_complete(0):
            self._dispatch(conn)
        else:
            self._on_headers(conn, conn.sock)

    def _on_headers(self, conn: Connection, _sock: Any) -> None:
        if conn not in self._waiting:
            # It was closed since the poller saw it.
            return
        before = len(conn.received)
        data = conn.receive()
        # A spurious wake-up of the poller.
        if data is None:
            return
        conn.received += data
        if not data:
            self._drop(conn)
        elif conn.is_complete(before):
            self._dispatch(conn)
        elif len(conn.received) > MAX_HEAD:
            self._drop(conn, "431 Request Header Fields Too Large")

    def _make_room(self, newest: Connection) -> None:
        """Close what is idle, where an address or all have too many connections."""
        most = self.patience.share * OPEN_PER_SHARE
        of_address = self._open_of.get(newest.address, {})
        if newest.address and most and len(of_address) > most:
            self._close_one(of_address)
        if self.nr_conns >= self.worker_connections:
            self._close_oldest(newest)

    def _close_oldest(self, newest: Connection | None = None) -> None:
        """Close the connection that was kept open, or waits, for the longest time.

        Where none does, a request is refused that waits for a thread: whoever connects
        next may ask for less.
        """
        idle = (self.keepalived_conns, self._waiting, self._lingering)
        if self._close_one(*idle, but=newest):
            return
        if self._queued:
            address = max(self._queued, key=lambda key: len(self._queued[key]))
            self._drop(self._queued[address].popleft(), BUSY)
            self._forget_empty(address)

    def _close_one(
        self, *groups: Iterable[Connection], but: Connection | None = None
    ) -> bool:
        """Close the first connection of some groups that no thread works for."""
        for conn in chain(*groups):
            if conn.is_idle and conn is not but:
                self._drop(conn)
                return True
        return False

    # -- threads --------------------------------------------------------------------

    def _dispatch(self, conn: Connection) -> None:
        """Assign a thread to a request, or queue it."""
        self._stop_waiting(conn)
        conn.is_idle = False
        # Through a proxy all have one address.
        is_asking = self.patience.share and conn.address in self._asking_health
        if is_asking or conn.health_answers >= HEALTH_OF_CONNECTION:
            conn.is_health = False
        if self._has_room(conn):
            self._run(conn)
            return
        queue = self._queued.setdefault(conn.address, deque())
        if len(queue) >= (self.patience.share or self.cfg.threads) * QUEUED_PER_SHARE:
            self._drop(queue.popleft(), BUSY)
        # A slow body holds a thread for about this long before it is refused.
        conn.deadline = time.monotonic() + 2 * self.patience.body_seconds
        queue.append(conn)

    def _has_room(self, conn: Connection) -> bool:
        if conn.is_health:
            return True
        # Bodies come in at their senders' pace, so they never hold all threads.
        threads = self.cfg.threads
        if conn.has_body and self._receiving.total() >= most_of(threads):
            return False
        if self._busy.total() >= threads:
            return False
        share, address = self.patience.share, conn.address
        if not (share and address):
            return True
        if conn.has_body and self._receiving[address] >= self.patience.body_share:
            return False
        return self._busy[address] < share

    def _run(self, conn: Connection) -> None:
        conn.begin_request(self.patience)
        if not conn.is_health:
            self._busy[conn.address] += 1
            self._receiving[conn.address] += conn.has_body
            self.enqueue_req(conn)
            return
        self._asking_health.add(conn.address)
        conn.health_answers += 1
        self._health_pool.submit(self.handle, conn).add_done_callback(
            lambda done: self.method_queue.defer(self.finish_request, conn, done)
        )

    def finish_request(self, conn: Connection, fs: Any) -> None:
        """Release the thread; keep the connection for another request, or close it."""
        if conn.is_health:
            self._asking_health.discard(conn.address)
        else:
            self._give_back(conn)
            # Before the next request of the connection, which may be there already.
            self._run_queued(conn.address)
        try:
            is_kept = not fs.cancelled() and bool(fs.result())
        except Exception:  # noqa: BLE001 - gunicorn's handler has logged it
            is_kept = False
        if not is_kept:
            self._linger(conn)
        elif rest := conn.parser.unreader.take_buffered():
            conn.sock.settimeout(0.0)
            self._await_request(conn, rest)
        else:
            self._keep_alive(conn)

    def _give_back(self, conn: Connection) -> None:
        for counter, number in (
            (self._busy, 1),
            (self._receiving, int(conn.has_body)),
        ):
            counter[conn.address] -= number
            if counter[conn.address] <= 0:
                del counter[conn.address]

    def _run_queued(self, address: str) -> None:
        """Run a request that waits, of this address if it may, else of another."""
        for other in (address, *self._queued):
            conn = self._next_of(other)
            if conn is not None:
                self._queued[other].remove(conn)
                self._run(conn)
                # The others come first the next time.
                self._queued[other] = self._queued.pop(other)
                self._forget_empty(other)
                return

    def _next_of(self, address: str) -> Connection | None:
        """Return the oldest of an address that may have a thread."""
        # Those that wait differ only by whether they have a body.
        tried = set()
        for conn in self._queued.get(address, ()):
            if conn.has_body in tried:
                continue
            if self._has_room(conn):
                return conn
            tried.add(conn.has_body)
            if len(tried) == len((False, True)):
                break
        return None

    def _forget_empty(self, address: str) -> None:
        if not self._queued[address]:
            del self._queued[address]

    def _keep_alive(self, conn: Connection) -> None:
        conn.is_idle = True
        conn.sock.settimeout(0.0)
        conn.set_timeout()
        if not self.alive:
            conn.timeout = min(conn.timeout, time.monotonic() + LINGER)
        self.keepalived_conns.append(conn)
        self._register(conn, self.on_client_socket_readable)

    # -- the end --------------------------------------------------------------------

    def _linger(self, conn: Connection) -> None:
        """Close a connection once its client has read the answer, without blocking.

        Closing at once would reset the connection where a body is still coming.
        """
        try:
            conn.sock.settimeout(0.0)
            conn.sock.shutdown(socket.SHUT_WR)
        except OSError:
            self._drop(conn)
            return
        conn.is_idle = True
        conn.deadline = time.monotonic() + LINGER
        conn.last_deadline = time.monotonic() + MAX_LINGER
        self._lingering[conn] = None
        self._register(conn, self._drain)

    def _drain(self, conn: Connection, _sock: Any) -> None:
        if conn not in self._lingering:
            return
        if conn.receive() == b"":
            self._drop(conn)
            return
        # The one whose time is over first stays the first.
        del self._lingering[conn]
        conn.deadline = min(time.monotonic() + LINGER, conn.last_deadline)
        self._lingering[conn] = None

    def murder_pending(self) -> None:
        """Close what has waited too long; a worker that stops waits for little."""
        now = time.monotonic()
        # What a worker that stops has not had a request from is not worth waiting for.
        early = 0.0 if self.alive else self.patience.header_seconds - LINGER
        for conn in _expired(self._waiting, now + early):
            self._drop(conn, "408 Request Timeout" if conn.received else "")
        for queue in list(self._queued.values()):
            for conn in _expired(queue, now):
                queue.remove(conn)
                self._drop(conn, BUSY)
        for conn in _expired(self._lingering, now):
            self._drop(conn)

    def _stop_waiting(self, conn: Connection) -> None:
        if conn not in self._waiting:
            return
        del self._waiting[conn]
        self.poller.unregister(conn.sock)

    def _drop(self, conn: Connection, status: str = "") -> None:
        of_address = self._open_of.get(conn.address, {})
        if conn not in of_address:
            return
        del of_address[conn]
        if not of_address:
            del self._open_of[conn.address]
        self.nr_conns -= 1
        self._stop_waiting(conn)
        if conn in self._lingering:
            del self._lingering[conn]
            self.poller.unregister(conn.sock)
        elif conn in self.keepalived_conns:
            self.keepalived_conns.remove(conn)
            self.poller.unregister(conn.sock)
        if status:
            conn.refuse(status)
        conn.close()

    def murder_keepalived(self, force: bool = False) -> None:  # noqa: FBT002 - gunicorn's
        """Close the connections that no request came on in time."""
        now = time.monotonic()
        expired = takewhile(
            lambda conn: force or conn.timeout <= now, self.keepalived_conns
        )
        for conn in list(expired):
            self._drop(conn)

    def _register(self, conn: Connection, callback: Callable[..., None]) -> None:
        self.poller.register(conn.sock, selectors.EVENT_READ, partial(callback, conn))


def _limit_sending(sock: socket.socket, seconds: float) -> None:
    """Set the time after which the system closes a stalled connection (RFC 5482).

    A thread that sends waits in the system, where it has no other time-out.
    """
    option = getattr(socket, "TCP_USER_TIMEOUT", None)
    if option is not None and sock.family in {socket.AF_INET, socket.AF_INET6}:
        sock.setsockopt(socket.IPPROTO_TCP, option, int(seconds * 1000))


def _expired(conns: Iterable[Connection], now: float) -> list[Connection]:
    """Return the connections whose time is over, of those that are oldest first."""
    return list(takewhile(lambda conn: conn.deadline <= now, conns))
