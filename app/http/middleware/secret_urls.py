"""Addresses that are a right by themselves: they are kept out of logs and indexes.

Whoever has a customer's link, or that of an upload slot, needs nothing else. So these
addresses are masked where they are logged, and an answer under them lets no browser
pass them on and no search engine list them.
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
