"""Keep URLs that are secrets out of logs, referrers and indexes.

A customer's link, or the URL of an upload slot, is all that one needs to use it. So
these URLs are masked in logs, and responses under them tell browsers not to send them
as a referrer and search engines not to index them.
"""

import re

from flask import Flask, Response, request

from app.http.paths import DOWNLOAD, UPLOADS

PREFIXES = (DOWNLOAD, UPLOADS)
HEADERS = {"Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex"}
MASK = "***"

_SLOT = re.compile(rf"({UPLOADS}/)[^\s/\"'?]+")
_PARAMETERS = re.compile(r"([?&;](?:p|signature)=)[^\s&\"']+")


def mask_secrets(text: str) -> str:
    """Replace what is secret of addresses in a text that is logged."""
    if UPLOADS in text:
        text = _SLOT.sub(rf"\1{MASK}", text)
    return _PARAMETERS.sub(rf"\1{MASK}", text) if "=" in text else text


def register_secret_urls(app: Flask) -> None:
    """Add the headers to every answer under a secret address, errors included."""

    @app.after_request
    def _protect(response: Response) -> Response:
        path = request.path
        if path.startswith(PREFIXES) and f"{path}/".startswith(
            tuple(f"{prefix}/" for prefix in PREFIXES)
        ):
            response.headers.update(HEADERS)
        return response
