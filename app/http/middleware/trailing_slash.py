"""Redirect a URL with a trailing slash to the one without."""

from urllib.parse import quote

from flask import Response, current_app, request
from werkzeug.exceptions import HTTPException

from app.http.context import RequestContext
from app.http.environ import APPLIED

SAFE = frozenset({"GET", "HEAD"})
"""Methods that are redirected: a client may lose the body of another one."""


def redirect_slash(context: RequestContext) -> Response | None:
    """Return a 308 if the address is one of ours but for its slash, else None.

    A browser that asks first whether it may read is told so: it follows the redirect
    only then (the Fetch standard, section 4.8).
    """
    plain = request.path.rstrip("/")
    asked = request.headers.get("Access-Control-Request-Method", "")
    method = asked if request.method == "OPTIONS" else request.method
    # A client would send the form of an overridden GET again, to a URL that has it.
    is_form = bool(request.environ.get(APPLIED))
    if method not in SAFE or is_form or plain == request.path or not _is_route(plain):
        return None
    if request.method == "OPTIONS":
        return Response(status=204)
    query = request.environ.get("QUERY_STRING", "")
    location = context.urls.base + quote(plain, safe="/:@!$&'()*+,;=~-._")
    location = f"{location}?{query}" if query else location
    body = f"The address has no slash at its end: {location}\n"
    headers = {"Location": location, "Content-Type": "text/plain; charset=utf-8"}
    return Response(body, 308, headers)


def _is_route(path: str) -> bool:
    if not path:
        return False
    try:
        current_app.url_map.bind("", path_info=path).match(path, method="GET")
    except HTTPException:
        return False
    return True
