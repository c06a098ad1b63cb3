"""Tells webhooks what happened, over the network."""

import ipaddress
import logging
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import urllib3

from app.services import webhooks
from app.services.clock import now
from app.services.installation import Installation
from app.services.webhooks import Due, Outcome

TIMEOUT = urllib3.Timeout(connect=5, read=10)
AT_ONCE = 8
PAUSE = 1.0
"""Seconds between two looks at the outbox."""

READ = 1024
"""Bytes of an answer that are read; what it says beyond its status is not used."""

_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_LOG = logging.getLogger(__name__)

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address


class Refused(Exception):
    """An address that nothing is sent to, and why."""


def deliver(installation: Installation) -> tuple[int, int]:
    """Tell what is due; give how much was told, and how much was not."""
    told = failed = 0
    with ThreadPoolExecutor(AT_ONCE) as pool:
        while due := webhooks.claim(installation.database, AT_ONCE):
            outcomes = pool.map(lambda one: _tell(installation, one), due)
            for outcome in outcomes:
                told += outcome.is_told
                failed += not outcome.is_told
    return told, failed


def start(installation: Installation) -> threading.Event:
    """Go on telling in the background; it ends once the event that it gives is set."""
    stop = threading.Event()

    def run() -> None:
        while not stop.wait(PAUSE):
            try:
                deliver(installation)
            except Exception:  # noqa: BLE001 - it outlives what one webhook does
                _LOG.exception("webhooks could not be told; trying again")
                stop.wait(10 * PAUSE)

    threading.Thread(target=run, name="webhooks", daemon=True).start()
    return stop


def _tell(installation: Installation, due: Due) -> Outcome:
    outcome = post(due, may_be_private=installation.settings.webhook_private)
    webhooks.note_outcome(installation.database, due, outcome)
    return outcome


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
    except (Refused, urllib3.exceptions.HTTPError, OSError, ValueError) as error:
        return Outcome(None, _words(error))
    if 200 <= status < 300:  # noqa: PLR2004
        return Outcome(status, "")
    hint = "; redirects are not followed" if 300 <= status < 400 else ""  # noqa: PLR2004
    return Outcome(status, f"the address answered {status}{hint}")


def _send(due: Due, headers: dict[str, str], *, may_be_private: bool) -> int:
    parts = urlsplit(due.url)
    host = parts.hostname or ""
    is_tls = parts.scheme.lower() == "https"
    port = parts.port or (443 if is_tls else 80)
    address = resolve(host, port, may_be_private=may_be_private)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    # To the address that was looked at, not to what the name means a moment later.
    pool: urllib3.HTTPConnectionPool
    if is_tls:
        pool = urllib3.HTTPSConnectionPool(
            address, port, server_hostname=host, assert_hostname=host
        )
    else:
        pool = urllib3.HTTPConnectionPool(address, port)
    with pool:
        answer = pool.urlopen(
            "POST",
            path,
            body=due.payload.encode(),
            headers={**headers, "Host": parts.netloc},
            timeout=TIMEOUT,
            retries=False,
            redirect=False,
            preload_content=False,
            assert_same_host=False,
        )
        answer.read(READ)
        answer.close()
        return int(answer.status)


def resolve(host: str, port: int, *, may_be_private: bool) -> str:
    """Give the address of a host. Raises `Refused` for one that is not public."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = [str(entry[4][0]) for entry in found]
    for address in addresses:
        if not may_be_private and not is_public(ipaddress.ip_address(address)):
            raise Refused(
                f"{host} is at {address}, which is no public address; "
                "SIRENHALL_WEBHOOK_PRIVATE=true lets webhooks go there"
            )
    return addresses[0]


def is_public(address: IpAddress) -> bool:
    """Tell whether an address is anybody's to reach, however it is written."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(inner)
    return address.is_global and not address.is_multicast


def _words(error: Exception) -> str:
    if isinstance(error, Refused):
        return str(error)
    if isinstance(error, socket.gaierror):
        return f"the host is not found: {error.strerror}"
    is_late = isinstance(error, urllib3.exceptions.TimeoutError)
    if is_late and not isinstance(error, urllib3.exceptions.NewConnectionError):
        return "the address did not answer in time"
    return f"the address cannot be reached: {error}"[:300]
