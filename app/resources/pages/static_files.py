"""The stylesheet and the script of pages, under names that change with them.

Tested in `tests/browser/test_pages.py`.
"""

import hashlib
from functools import cache
from pathlib import Path
from typing import NamedTuple

from flask import Flask, Response

import representations
from app.errors import NotFound
from app.http.application import ReadyHeaders, ReadyResponse
from app.http.context import RequestContext
from app.http.hypermedia.declaration import STANDARD_METHODS
from app.http.hypermedia.registry import ResourceRegistry
from app.http.paths import STATIC
from app.http.routes import OperationSpec, Route
from app.http.routing import publish_route

FOLDER = Path(representations.__file__).parent / "static"
TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8"}
METHODS = {"GET": "Get a stylesheet or script of pages", **STANDARD_METHODS}
YEAR = 31_536_000


class Asset(NamedTuple):
    """A file that pages load: its name with a digest in it, its type and its bytes."""

    name: str
    media_type: str
    content: bytes


@cache
def assets() -> dict[str, Asset]:
    """Return the files by their endings: css and js."""
    found = {}
    for path in sorted(FOLDER.iterdir()):
        if path.suffix in TYPES:
            content = path.read_bytes()
            digest = hashlib.sha256(content).hexdigest()[:12]
            name = f"{path.stem}.{digest}{path.suffix}"
            found[path.suffix[1:]] = Asset(name, TYPES[path.suffix], content)
    return found


def asset_addresses(base: str) -> dict[str, str]:
    """Return the addresses of the files by their endings."""
    return {
        ending: f"{base}{STATIC}/{asset.name}" for ending, asset in assets().items()
    }


def _show(_context: RequestContext, name: str) -> Response:
    """Handle a GET: under its name a file never changes."""
    for asset in assets().values():
        if asset.name == name:
            headers = {
                "Content-Type": asset.media_type,
                "Cache-Control": f"public, max-age={YEAR}, immutable",
                "X-Content-Type-Options": "nosniff",
            }
            return ReadyResponse(asset.content, 200, ReadyHeaders(headers))
    raise NotFound


def register_routes(app: Flask, _registry: ResourceRegistry) -> None:
    """Register the route."""
    route = Route(
        f"{STATIC}/<name>",
        METHODS,
        is_negotiated=False,
        is_api=False,
        media_types=("text/css", "text/javascript"),
        operations={"GET": OperationSpec(statuses=(200, 404))},
    )
    publish_route(app, route, {"GET": _show})
