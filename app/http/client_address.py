"""Parse the address of a client; addresses are never compared as text.

Tested in `tests/http/test_rate_limit.py`.
"""

import ipaddress
import re
from typing import TYPE_CHECKING

from app.caching import cache_short_keys

if TYPE_CHECKING:
    from collections.abc import Iterable

    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address

NETWORK_BITS = 64
"""Of an IPv6 address: what follows is its owner's to choose."""

# [2001:db8::1]:443, [2001:db8::1], 203.0.113.7:443
_WITH_PORT = re.compile(
    r"\[([^\[\]]{2,60})\](?::[0-9]{1,5})?|([0-9.]{7,15}):[0-9]{1,5}"
)


# A client sends more than one request, each over the same address.
@cache_short_keys(len, largest=64)
def parse_address(text: str) -> IpAddress | None:
    """Return the address that a text stands for, or None if it is none.

    A port, brackets and an IPv6 zone are removed; an IPv4 address that is mapped into
    IPv6 is the IPv4 address.
    """
    text = text.strip()
    found = _WITH_PORT.fullmatch(text)
    if found:
        text = found[1] or found[2]
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def network_of(text: str) -> str:
    """Return the network of a client: its IPv4 address, or the /64 of its IPv6 address.

    Empty for what is no address, such as the path of a Unix socket.
    """
    address = parse_address(text)
    if isinstance(address, ipaddress.IPv6Address):
        network = ipaddress.ip_network((address, NETWORK_BITS), strict=False)
        return str(network)
    return "" if address is None else str(address)


class ClientAddress:
    """Writes the address of the client, as a proxy may give it, in its plain form."""

    def __init__(self, app: "WSGIApplication") -> None:
        self.app = app

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> "Iterable[bytes]":
        """Parse the address; one that cannot be parsed stays as it is."""
        sent = str(environ.get("REMOTE_ADDR", ""))
        address = parse_address(sent)
        if address is not None:
            environ["REMOTE_ADDR"] = str(address)
        return self.app(environ, start_response)
