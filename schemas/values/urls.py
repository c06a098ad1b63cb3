"""Convert IRIs, addresses with letters of any script, to URIs."""

from urllib.parse import quote, urlsplit, urlunsplit

import idna

MAX_HOST, MAX_LABEL = 253, 63
_SAFE = "%/:=&?~#+!$,;'@()*[]"


def to_uri(iri: str) -> str:
    """Return an address in ASCII: the host by IDNA, the rest in percent-encoded UTF-8.

    Raise `ValueError` for a host that no name can be.
    """
    parts = urlsplit(iri)
    host = ascii_host(parts.hostname or "")
    netloc = f"[{host}]" if ":" in host else host
    if parts.port is not None:
        netloc += f":{parts.port}"
    path, query, fragment = (quote(part, safe=_SAFE) for part in parts[2:])
    return urlunsplit((parts.scheme, netloc, path, query, fragment))


def ascii_host(host: str) -> str:
    """Return a host in ASCII (RFC 5891, mapped by UTS 46). Raise `ValueError`."""
    if ":" in host:
        # An address of IPv6, which its brackets have held together.
        return host
    if not host.isascii():
        host = _encoded(host)
    labels = host.removesuffix(".").split(".")
    if len(host) > MAX_HOST or not all(0 < len(name) <= MAX_LABEL for name in labels):
        raise ValueError(f"{host[:MAX_HOST]!r} is not a host")
    return host


def _encoded(host: str) -> str:
    try:
        return idna.encode(host, uts46=True).decode()
    except idna.IDNAError:
        # Symbols that IDNA 2008 forbids, and older names have.
        return host.encode("idna").decode()
