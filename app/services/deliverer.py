"""Tells webhooks what happened, over the network."""

import http.client
import ipaddress
import logging
import socket
import ssl
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from urllib.parse import SplitResult, urlsplit

from app.services import webhooks
from app.services.clock import now
from app.services.installation import Installation
from app.services.webhooks import Due, Outcome

CONNECT, DEADLINE = 5.0, 15.0
"""Seconds to connect, and for all of an attempt: far fewer than its lease."""

AT_ONCE = 16
OF_ONE_STORE = 4
"""Attempts at a time, and of one store, so that a slow one stops no other."""

READ = 1024
"""Bytes of an answer that are read; what it says beyond its status is not used."""

_LOG = logging.getLogger(__name__)
IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address

# What is nobody's on the Internet, whatever this Python's own tables know of it.
_PUBLIC_6 = ipaddress.ip_network("2000::/3")
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_SPECIAL = [
    ipaddress.ip_network(text)
    for text in (
        *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16"),
        *("172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24"),
        *("192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24"),
        *("224.0.0.0/4", "240.0.0.0/4"),
        *("2001::/23", "2001:db8::/32", "3fff::/20"),
    )
]


class Refused(Exception):
    """An address that nothing is sent to, and why."""


class Deliverer:
    """Makes attempts side by side, in threads that no end of the process awaits."""

    def __init__(self, installation: Installation) -> None:
        self._installation = installation
        self._changed = threading.Condition()
        self._busy: Counter[int] = Counter()
        self.told = self.failed = 0

    def begin(self) -> int:
        """Begin to tell what is due, as far as there is room; give how much."""
        with self._changed:
            room = AT_ONCE - self._busy.total()
            allowed = {i: OF_ONE_STORE - count for i, count in self._busy.items()}
        if not room:
            return 0
        due = webhooks.claim(
            self._installation.database,
            most=room,
            of_one_store=OF_ONE_STORE,
            allowed=allowed,
        )
        for one in due:
            with self._changed:
                self._busy[one.store_id] += 1
            run = threading.Thread(target=self._tell, args=(one,), daemon=True)
            run.start()
        return len(due)

    def deliver(self) -> tuple[int, int]:
        """Tell all that is due; give how much was told, and how much was not."""
        while self.begin() or self._busy.total():
            with self._changed:
                self._changed.wait(timeout=0.2)
        return self.told, self.failed

    def _tell(self, due: Due) -> None:
        settings = self._installation.settings
        is_told = False
        try:
            outcome = post(due, may_be_private=settings.webhook_private)
            webhooks.note_outcome(self._installation.database, due, outcome)
            is_told = outcome.is_told
        finally:
            with self._changed:
                self._busy[due.store_id] -= 1
                self.told += is_told
                self.failed += not is_told
                self._changed.notify_all()


def deliver(installation: Installation) -> tuple[int, int]:
    """Tell what is due; give how much was told, and how much was not."""
    return Deliverer(installation).deliver()


def post(due: Due, *, may_be_private: bool) -> Outcome:
    """Send it once; redirects are not followed."""
    moment = now()
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "Sirenhall-Webhooks/1",
        "webhook-id": due.webhook_id,
        "webhook-timestamp": str(moment),
        "webhook-signature": due.signature(moment),
    }
    try:
        status = _send(due, headers, may_be_private=may_be_private)
    except (Refused, http.client.HTTPException, OSError, ValueError) as error:
        return Outcome(None, _words(error))
    if 200 <= status < 300:  # noqa: PLR2004
        return Outcome(status, "")
    hint = "; redirects are not followed" if 300 <= status < 400 else ""  # noqa: PLR2004
    return Outcome(status, f"the address answered {status}{hint}")


def _send(due: Due, headers: dict[str, str], *, may_be_private: bool) -> int:
    parts = urlsplit(due.url)
    host, port = _host_of(parts)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    addresses = resolve(host, port, may_be_private=may_be_private)
    line = _connected(addresses, port)
    with _deadline(line), closing(line):
        if parts.scheme.lower() == "https":
            line = ssl.create_default_context().wrap_socket(line, server_hostname=host)
        connection = http.client.HTTPConnection(host, port)
        connection.sock = line
        connection.request("POST", path, due.payload.encode(), headers)
        try:
            answer = connection.getresponse()
            answer.read(READ)
        finally:
            connection.close()
        return int(answer.status)


def _host_of(parts: SplitResult) -> tuple[str, int]:
    is_tls = parts.scheme.lower() == "https"
    return parts.hostname or "", parts.port or (443 if is_tls else 80)


def _connected(addresses: list[str], port: int) -> socket.socket:
    """Connect to the first that listens."""
    for number, address in enumerate(addresses, 1):
        try:
            line = socket.create_connection((address, port), timeout=CONNECT)
        except OSError:
            if number == len(addresses):
                raise
        else:
            line.settimeout(DEADLINE)
            return line
    raise Refused("the host has no address")


@contextmanager
def _deadline(line: socket.socket) -> Iterator[None]:
    """End it in time: each read has its own, but a server may send a byte with each."""
    # TLS takes the socket over, and leaves this one without its descriptor.
    again, is_late = line.dup(), threading.Event()

    def hang_up() -> None:
        is_late.set()
        with suppress(OSError):
            again.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(DEADLINE, hang_up)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        again.close()
        if is_late.is_set():
            raise TimeoutError


def resolve(host: str, port: int, *, may_be_private: bool) -> list[str]:
    """Give the addresses of a host. Raises `Refused` where one is not public."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    for address in addresses:
        if not may_be_private and not is_public(ipaddress.ip_address(address)):
            # The operator is told where it is, and a tenant is not.
            _LOG.info("webhook refused: %s is at %s", host, address)
            raise Refused(
                f"{host} is not at a public address; the operator of this server can "
                "allow others (SIRENHALL_WEBHOOK_PRIVATE)"
            )
    return addresses


def is_public(address: IpAddress) -> bool:
    """Tell whether an address is anybody's to reach, however it is written."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(inner)
        if address not in _PUBLIC_6:
            return False
    return address.is_global and not any(address in network for network in _SPECIAL)


def _words(error: Exception) -> str:
    if isinstance(error, Refused):
        return str(error)
    if isinstance(error, socket.gaierror):
        return f"the host is not found: {error.strerror}"
    if isinstance(error, TimeoutError):
        return "the address did not answer in time"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the certificate is not valid: {error.verify_message}"[:300]
    # An error's text may name an address that is nobody's business.
    reason = error.strerror if isinstance(error, OSError) else type(error).__name__
    return f"the address cannot be reached: {reason or type(error).__name__}"[:300]
