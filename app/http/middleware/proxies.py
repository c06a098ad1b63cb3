"""Trust a number of proxies in front, and remove their path from URLs."""

from collections.abc import Iterable
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from werkzeug.middleware.proxy_fix import ProxyFix

from app.http.client_address import ClientAddress

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


class Prefix:
    """Takes the path of the public address off requests that still have it.

    A proxy may take it off itself; both work.
    """

    def __init__(self, app: "WSGIApplication", path: str) -> None:
        self.app = app
        self.path = path

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Move the prefix from the path to where it belongs."""
        path = environ.get("PATH_INFO", "")
        if path == self.path or path.startswith(f"{self.path}/"):
            # As mounted applications do (PEP 3333), so that links contain the prefix.
            environ["SCRIPT_NAME"] = environ.get("SCRIPT_NAME", "") + self.path
            environ["PATH_INFO"] = path[len(self.path) :] or "/"
        return self.app(environ, start_response)


def behind_proxies(
    app: "WSGIApplication", *, trusted: int, public_url: str
) -> "WSGIApplication":
    """Trust so many proxies, counted from here; headers of others are ignored."""
    prefix = urlsplit(public_url).path.rstrip("/")
    if prefix:
        app = Prefix(app, prefix)
    app = ClientAddress(app)
    if not trusted:
        return app
    # Host and path are what links are made of: only the setting may change them, since
    # a proxy that does not set these headers passes on what a client claims.
    return ProxyFix(app, x_for=trusted, x_proto=trusted, x_host=0, x_prefix=0)
