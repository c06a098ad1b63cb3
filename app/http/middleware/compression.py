"""Sends representations compressed to those who can read it (RFC 9110, section 12.5.3).

Files go as they are: a download has its ranges and its digest.
"""

import gzip
import re
from collections.abc import Callable, Mapping

from flask import Flask, Response, request

from app.caching import cache_short_keys

IDENTITY = "identity"
MIN_SIZE = 600
"""Bytes below which compressing saves no packet."""

COMPRESSED_TYPES = ("text/", "application/")
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


def register_compression(app: Flask) -> None:
    """Compress what views have answered."""

    @app.after_request
    def _compress(response: Response) -> Response:
        headers = response.headers
        accepted = request.environ.get("HTTP_ACCEPT_ENCODING")
        if response.direct_passthrough or response.is_streamed:
            return response
        if "Vary" not in headers:
            headers["Vary"] = "Accept-Encoding"
        is_text = headers.get("Content-Type", "").startswith(COMPRESSED_TYPES)
        if not accepted or not is_text or "Content-Encoding" in headers:
            return response
        coding = choose_coding(accepted)
        if coding == IDENTITY or (response.content_length or 0) < MIN_SIZE:
            return response
        response.set_data(CODINGS[coding](response.get_data()))
        headers["Content-Encoding"] = coding
        return response
