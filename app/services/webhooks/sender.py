"""Send webhooks over the network."""

import ipaddress
import logging
import math
import socket
import ssl
import threading
from collections import Counter
from contextlib import closing, suppress
from http.client import HTTPException, HTTPResponse, parse_headers
from typing import Any

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError, InvalidHeader
from urllib3.util import Retry, parse_url

from app.database import Database
from app.services.clock import now
from app.services.webhooks import outbox
from app.services.webhooks.outbox import DeliveryOutcome, DueDelivery
from schemas.values.urls import to_uri

CONNECT, DEADLINE = 5.0, 15.0
"""Seconds to connect, and for all of an attempt: far fewer than its lease."""

AT_ONCE = 16
OF_ONE_STORE = 4
"""Attempts at a time, and of one store, so that a slow one stops no other."""

MAX_INTERIM = 10
"""Answers of the class 1xx before the final one."""

MAX_RETRY_AFTER = 40
"""Characters of a Retry-After: a date has fewer."""

LONGEST_PAUSE = 86_400
"""Seconds for which a receiver may ask to be sent nothing."""

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


class AddressRefused(Exception):
    """An address that nothing is sent to, and why."""


class Sender:
    """Makes attempts side by side, in threads that no end of the process awaits."""

    def __init__(self, database: Database, *, may_be_private: bool) -> None:
        self._database = database
        self._may_be_private = may_be_private
        self._changed = threading.Condition()
        self._busy: Counter[int] = Counter()
        self.sent = self.failed = 0

    def begin(self) -> int:
        """Begin to tell what is due, as far as there is room; return how much."""
        with self._changed:
            room = AT_ONCE - self._busy.total()
            allowed = {i: OF_ONE_STORE - count for i, count in self._busy.items()}
        if not room:
            return 0
        due = outbox.claim_due(
            self._database,
            most=room,
            of_one_store=OF_ONE_STORE,
            allowed=allowed,
        )
        for one in due:
            with self._changed:
                self._busy[one.store_id] += 1
            # Daemon threads: a receiver that hangs must not delay a stop; the lease
            # covers the rest.
            run = threading.Thread(target=self._send, args=(one,), daemon=True)
            run.start()
        return len(due)

    def deliver(self) -> tuple[int, int]:
        """Send all deliveries that are due; return how many succeeded and failed."""
        while self.begin() or self._busy.total():
            with self._changed:
                self._changed.wait(timeout=0.2)
        return self.sent, self.failed

    def _send(self, due: DueDelivery) -> None:
        is_told = False
        try:
            outcome = send_delivery(due, may_be_private=self._may_be_private)
            outbox.record_outcome(self._database, due, outcome)
            is_told = outcome.is_told
        finally:
            with self._changed:
                self._busy[due.store_id] -= 1
                self.sent += is_told
                self.failed += not is_told
                self._changed.notify_all()


def send_delivery(due: DueDelivery, *, may_be_private: bool) -> DeliveryOutcome:
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
        status, retry_after = _send(due, headers, may_be_private=may_be_private)
    except _FAILURES as error:
        return DeliveryOutcome(None, _error_text(error))
    if 200 <= status < 300:  # noqa: PLR2004
        return DeliveryOutcome(status, "")
    hint = "; redirects are not followed" if 300 <= status < 400 else ""  # noqa: PLR2004
    return DeliveryOutcome(status, f"the address answered {status}{hint}", retry_after)


_FAILURES = (AddressRefused, HTTPException, HTTPError, OSError, ValueError)


def _send(
    due: DueDelivery, headers: dict[str, str], *, may_be_private: bool
) -> tuple[int, int]:
    """Return the status, and the seconds after which to try again."""
    url = parse_url(to_uri(due.url))
    host = (url.host or "").strip("[]")
    kind = _Tls if url.scheme == "https" else _Plain
    port = url.port or kind.default_port
    # Resolved once and then pinned: a second lookup could return a private address (DNS
    # rebinding).
    addresses = resolve_host(host, port, may_be_private=may_be_private)
    connection = kind(host, port, timeout=DEADLINE, addresses=addresses)
    with closing(connection):
        connection.request(
            *("POST", url.request_uri, due.payload.encode(), headers),
            # The body is not read, however large it is.
            preload_content=False,
            decode_content=False,
        )
        answer = connection.getresponse()
        with closing(answer):
            return answer.status, _retry_after(answer.headers.get("Retry-After"))


def _retry_after(sent: str | None) -> int:
    """Return the seconds that a Retry-After stands for, bounded; 0 without one."""
    if sent is None or len(sent) > MAX_RETRY_AFTER:
        return 0
    try:
        seconds = Retry(retry_after_max=LONGEST_PAUSE).parse_retry_after(sent)
    except InvalidHeader:
        return 0
    return max(0, min(math.ceil(seconds), LONGEST_PAUSE))


class _FinalResponse(HTTPResponse):
    """Skips interim answers, such as 103 (RFC 9110, section 15.2)."""

    def _read_status(self) -> tuple[str, int, str]:
        for _ in range(MAX_INTERIM):
            version, status, reason = super()._read_status()  # type: ignore[misc]
            # 101 never comes, because no upgrade is asked for.
            if not 100 < status < 200:  # noqa: PLR2004
                return version, status, reason
            # The headers of an interim response are skipped.
            parse_headers(self.fp)
        raise HTTPException("too many interim answers")


class _Pinned(HTTPConnection):
    """A connection to addresses that were looked at, and that ends in time.

    Each read has its own timeout, but a server may send a byte with each.
    """

    response_class = _FinalResponse

    def __init__(self, *arguments: Any, addresses: list[str], **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._addresses = addresses
        self._timer: threading.Timer | None = None
        self._is_late = False

    def _new_conn(self) -> socket.socket:
        """Connect to the first address that listens."""
        for number, address in enumerate(self._addresses, 1):
            try:
                line = socket.create_connection((address, self.port), timeout=CONNECT)
            except OSError:
                if number == len(self._addresses):
                    raise
            else:
                line.settimeout(DEADLINE)
                # Timeouts of a socket apply to each read; this one applies to the whole
                # attempt.
                self._hang_up_later(line)
                return line
        raise AddressRefused("the host has no address")

    def _hang_up_later(self, line: socket.socket) -> None:
        # TLS takes the socket over, and leaves this one without its descriptor.
        again = line.dup()

        def hang_up() -> None:
            self._is_late = True
            with suppress(OSError):
                again.shutdown(socket.SHUT_RDWR)
            again.close()

        self._line = again
        self._timer = threading.Timer(DEADLINE, hang_up)
        self._timer.daemon = True
        self._timer.start()

    def close(self) -> None:
        """Close it. Raise `TimeoutError` if the time was over."""
        super().close()
        if self._timer is not None:
            self._timer.cancel()
            self._line.close()
            self._timer = None
        if self._is_late:
            raise TimeoutError


class _Plain(_Pinned):
    """Plain HTTP."""


class _Tls(_Pinned, HTTPSConnection):
    """HTTP over TLS: name and certificate are those of the host."""


def resolve_host(host: str, port: int, *, may_be_private: bool) -> list[str]:
    """Return the addresses of a host. Raise `AddressRefused` if one is not public."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    for address in addresses:
        if not may_be_private and not is_public(ipaddress.ip_address(address)):
            # The operator is told where it is, and a tenant is not.
            _LOG.info("webhook refused: %s is at %s", host, address)
            raise AddressRefused(
                f"{host} is not at a public address; the operator of this server can "
                "allow others (SIRENHALL_WEBHOOK_PRIVATE)"
            )
    return addresses


def is_public(address: IpAddress) -> bool:
    """Return whether an IP address is public."""
    if isinstance(address, ipaddress.IPv6Address):
        # IPv6 has several notations of an IPv4 address, which must not bypass the
        # check.
        inner = address.ipv4_mapped or address.sixtofour
        if address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(inner)
        if address not in _PUBLIC_6:
            return False
    return address.is_global and not any(address in network for network in _SPECIAL)


def _error_text(error: Exception) -> str:
    if isinstance(error, AddressRefused):
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
