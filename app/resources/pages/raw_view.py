"""The raw view: what a program gets at an address, in each format, to read and follow.

The request is made to this very server, with what the browser has shown: one sees
there what one may see, and nothing is changed.
"""

import re
import shlex
from collections.abc import Iterable, Mapping
from io import BytesIO
from typing import Any, NamedTuple
from urllib.parse import quote, unquote_to_bytes, urlencode

from flask import Flask, Response, current_app
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect

from app.http.context import RequestContext
from app.http.hypermedia.declaration import STANDARD_METHODS
from app.http.hypermedia.registry import ResourceRegistry
from app.http.pagination import with_query
from app.http.paths import RAW
from app.http.routes import OperationSpec, Route, registered_routes
from app.http.routing import publish_route
from app.resources.pages.private_page import private_page
from representations import REPRESENTATIONS, Representation
from representations.html.source import Source, highlight

METHODS = {"GET": "View what programs get at an address", **STANDARD_METHODS}
VARIABLE = "var."
"""What the names of fields begin with that fill in a templated link."""

LONGEST_ADDRESS = 4000
MOST_BYTES = 2_000_000
# The expressions that our own links have (RFC 6570, section 3.2): of names alone.
_EXPRESSION = re.compile(r"\{([?&]?)([A-Za-z0-9_.,:%-]+)\}")
_SENT_ALONG = (
    *("HTTP_HOST", "HTTP_COOKIE", "HTTP_AUTHORIZATION", "HTTP_ACCEPT_LANGUAGE"),
    *("REMOTE_ADDR", "SERVER_NAME", "SERVER_PORT", "SERVER_PROTOCOL", "SCRIPT_NAME"),
    *("wsgi.url_scheme", "wsgi.version", "wsgi.errors", "wsgi.multithread"),
    *("wsgi.multiprocess", "wsgi.run_once"),
)


class Answer(NamedTuple):
    """What came back: `headers` are pairs of names and values, without cookies."""

    status: str
    headers: list[tuple[str, str]]
    body: bytes


def _show(context: RequestContext) -> Response:
    """Handle a GET."""
    _ = context.principal
    asked = dict(context.query)
    base = context.urls.base
    url = asked.get("url", "").strip() or f"{base}/"
    if template := asked.get("template", ""):
        url = expand(template, asked)
    if url.startswith("/"):
        url = base + url
    problem = _address_problem(url, base)
    route = None if problem else _route_at(url.removeprefix(base))
    if route is not None and not route.is_negotiated:
        problem = "There is a file or a page at this address, not a document."
    offers = _formats_of(route)
    wanted = asked.get("as", "")
    offer = next((r for r in offers if r.name == wanted), offers[0])
    values: dict[str, Any] = {"answer": None, "source": None}
    if not problem:
        # Two connections at once would be one too many for a small pool.
        viewer = context.viewer
        context.release_connection()
        answer = _request_document(
            context, url.removeprefix(base), offer.media_types[0]
        )
        values = {"answer": answer, "source": _source(answer, base, offer.name)}
        RequestContext.viewer.override(context, viewer)
    return private_page(
        context,
        "raw_view.html",
        url=url,
        problem=problem,
        formats=[(r, _view(base, url, r.name)) for r in offers],
        chosen=offer,
        address=base + RAW,
        curl=_curl(url, offer),
        forms=[(t, variables(t)) for t in _templates(values["source"])],
        variable=VARIABLE,
        **values,
    )


def _templates(source: Source | None) -> list[str]:
    return [] if source is None else [t for t in source.templates if variables(t)]


def _formats_of(route: Route | None) -> list[Representation]:
    offers = REPRESENTATIONS if route is None else route.offers
    return [offer for offer in offers if not offer.is_for_people] or [
        *REPRESENTATIONS[:1]
    ]


def _view(base: str, url: str, name: str) -> str:
    return with_query(base + RAW, (("url", url), ("as", name)))


def _curl(url: str, offer: Representation) -> str:
    return (
        'curl -H "Authorization: Bearer $TOKEN" '
        f'-H "Accept: {offer.media_types[0]}" {shlex.quote(url)}'
    )


def _address_problem(url: str, base: str) -> str:
    """Return why an address cannot be shown, empty if it can."""
    if len(url) > LONGEST_ADDRESS:
        return f"An address has at most {LONGEST_ADDRESS:,} characters."
    if not url.startswith(f"{base}/"):
        return f"This is an address of another server; here, all begin with {base}/."
    return ""


def _path_of(address: str) -> tuple[str, str]:
    """Return the path and the query of what follows the base URL."""
    path, _, query = address.partition("#")[0].partition("?")
    return unquote_to_bytes(path).decode("latin-1"), quote(
        query, safe="%/:?@!$&'()*+,;=~[]|"
    )


def _route_at(address: str) -> Route | None:
    """Return the route of an address, None where there is nothing to get."""
    path = _path_of(address)[0].encode("latin-1").decode(errors="replace")
    try:
        endpoint, _ = current_app.url_map.bind("localhost").match(path, method="GET")
    except (HTTPException, RequestRedirect):
        return None
    found = {f"GET {route.path}": route for route in registered_routes(current_app)}
    return found.get(str(endpoint))


def _request_document(context: RequestContext, address: str, media_type: str) -> Answer:
    """Get an address of this server, with the proof that this request has."""
    path, query = _path_of(address)
    environ = {
        **{
            name: context.request.environ[name]
            for name in _SENT_ALONG
            if name in context.request.environ
        },
        "REQUEST_METHOD": "GET",
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "HTTP_ACCEPT": media_type,
        # A session counts for other formats too where a page of ours asks.
        "HTTP_X_CSRF_TOKEN": context.browser.expected_token,
        "wsgi.input": BytesIO(),
    }
    started: list[tuple[str, list[tuple[str, str]]]] = []

    def start(status: str, headers: list[tuple[str, str]], *_: object) -> None:
        started.append((status, headers))

    app = current_app._get_current_object()  # type: ignore[attr-defined] # noqa: SLF001
    # What is around the application has seen this request already.
    body = _read_bounded(type(app).wsgi_app(app, environ, start))
    status, headers = started[-1]
    return Answer(status, [h for h in headers if h[0].lower() != "set-cookie"], body)


def _read_bounded(parts: Iterable[bytes]) -> bytes:
    """Read a body up to what a page can show."""
    found: list[bytes] = []
    size = 0
    try:
        for part in parts:
            found.append(part)
            size += len(part)
            if size > MOST_BYTES:
                break
    finally:
        close = getattr(parts, "close", None)
        if close is not None:
            close()
    return b"".join(found)


def _source(answer: Answer, base: str, name: str) -> Source:
    media_type = dict(answer.headers).get("Content-Type", "")
    text = answer.body.decode(errors="replace")
    return highlight(text, media_type, base, lambda url: _view(base, url, name))


def variables(template: str) -> list[str]:
    """Return the names of a template's variables, each once."""
    found = (names for _, names in _EXPRESSION.findall(template))
    return list(dict.fromkeys(name for names in found for name in names.split(",")))


def expand(template: str, values: Mapping[str, str]) -> str:
    """Expand a template by the fields of a form; what is empty is left out.

    Simple expressions and those of a query are known (RFC 6570, sections 3.2.2,
    3.2.8 and 3.2.9), which is all that links of this server have.
    """

    def expression(found: re.Match[str]) -> str:
        operator, names = found[1], found[2].split(",")
        given = [(n, values.get(VARIABLE + n, "")) for n in names]
        if not operator:
            return ",".join(quote(value, safe="") for _, value in given if value)
        query = urlencode([(n, v) for n, v in given if v], quote_via=quote)
        return operator + query if query else ""

    return _EXPRESSION.sub(expression, template[:LONGEST_ADDRESS])


def register_routes(app: Flask, _registry: ResourceRegistry) -> None:
    """Register the route."""
    route = Route(
        RAW,
        METHODS,
        is_negotiated=False,
        is_api=False,
        is_page=True,
        media_types=("text/html",),
        operations={"GET": OperationSpec(statuses=(200, 303))},
    )
    publish_route(app, route, {"GET": _show})
