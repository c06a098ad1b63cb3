"""Compress representations by Accept-Encoding (RFC 9110, section 12.5.3).

Files go as they are: a download has its ranges and its digest.
"""

from flask import Flask, Response, request

from app.http.headers.accept_encoding import CODINGS, IDENTITY, choose_coding

MIN_SIZE = 600
"""Bytes below which compressing saves no packet."""

COMPRESSED_TYPES = ("text/", "application/")


def register_compression(app: Flask) -> None:
    """Compress what views have answered."""

    @app.after_request
    def _compress(response: Response) -> Response:
        headers = response.headers
        accepted = request.environ.get("HTTP_ACCEPT_ENCODING")
        # Compressing would read a stream into memory, and lose Content-Length and
        # ranges.
        if response.direct_passthrough or response.is_streamed:
            return response
        # Negotiated responses name all their headers themselves; this covers the
        # others.
        if "Vary" not in headers:
            headers["Vary"] = "Accept-Encoding"
        is_text = headers.get("Content-Type", "").startswith(COMPRESSED_TYPES)
        # Images and archives do not shrink.
        if not accepted or not is_text or "Content-Encoding" in headers:
            return response
        coding = choose_coding(accepted)
        if coding == IDENTITY or (response.content_length or 0) < MIN_SIZE:
            return response
        response.set_data(CODINGS[coding](response.get_data()))
        headers["Content-Encoding"] = coding
        return response
