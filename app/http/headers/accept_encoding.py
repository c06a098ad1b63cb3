"""Accept-Encoding: the content coding of a response (RFC 9110, section 12.5.3)."""

import gzip
import re
from collections.abc import Callable, Mapping

from app.caching import cache_short_keys

IDENTITY = "identity"

_MEMBER = re.compile(
    r"\s*([\w*-]+)\s*(?:;\s*q=\s*(0(?:\.[0-9]*)?|1(?:\.0*)?)\s*)?",
    re.ASCII | re.IGNORECASE,
)


def _zstd(body: bytes) -> bytes:
    import zstandard

    return zstandard.ZstdCompressor(level=3).compress(body)


def _brotli(body: bytes) -> bytes:
    import brotli

    return bytes(brotli.compress(body, quality=4))


def _gzip(body: bytes) -> bytes:
    return gzip.compress(body, compresslevel=5, mtime=0)


CODINGS: Mapping[str, Callable[[bytes], bytes]] = {
    "zstd": _zstd,
    "br": _brotli,
    "gzip": _gzip,
}
"""In the order in which ties are broken."""


@cache_short_keys(len)
def choose_coding(header: str) -> str:
    """Choose a content coding; what is not understood is left out."""
    quality: dict[str, float] = {}
    for member in header.split(",")[:32]:
        found = _MEMBER.fullmatch(member)
        if found:
            quality[found[1].lower()] = float(found[2] or 1)
    others = quality.get("*", 0.0)
    best = max(CODINGS, key=lambda coding: quality.get(coding, others))
    mine = quality.get(best, others)
    # Without a word about it, identity is acceptable, but no better.
    return best if mine > 0 and mine >= quality.get(IDENTITY, 0.0) else IDENTITY
