"""Raise an error for a body that ends before its Content-Length.

Tested in `tests/torture/attacks/test_refused_bodies.py`.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


class CompleteBodies:
    """Lets a body that ends before its Content-Length be noticed.

    gunicorn and granian hand such a body over as complete. Without the flag that
    they set, Werkzeug counts the bytes itself and raises `ClientDisconnected`.
    """

    def __init__(self, app: "WSGIApplication") -> None:
        self.app = app

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Remove the flag where there is a length to count to."""
        if environ.get("CONTENT_LENGTH") and not environ.get("HTTP_TRANSFER_ENCODING"):
            # With chunked transfer coding the server detects a missing end by itself.
            environ.pop("wsgi.input_terminated", None)
        return self.app(environ, start_response)
