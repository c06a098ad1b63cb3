"""Redirects from an address with a slash at its end to the one without."""

from urllib.parse import quote

from flask import Response, current_app, request
from werkzeug.exceptions import HTTPException

from app.http.call import Call
from app.http.method_override import APPLIED

SAFE = frozenset({"GET", "HEAD"})
"""Methods that are redirected: a client may lose the body of another one."""


def redirect(call: Call) -> Response | None:
    """Return a 308 if the address is one of ours but for its slash, else None."""
    path = request.path
    plain = path.rstrip("/")
    if request.method not in SAFE or not plain or plain == path:
        return None
    # A client would send the form of an overridden GET again, to a URL that has it.
    if request.environ.get(APPLIED):
        return None
    adapter = current_app.url_map.bind("", path_info=plain)
    try:
        adapter.match(plain, method="GET")
    except HTTPException:
        return None
    query = request.environ.get("QUERY_STRING", "")
    location = call.place.base + quote(plain, safe="/:@!$&'()*+,;=~-._")
    location = f"{location}?{query}" if query else location
    body = f"The address has no slash at its end: {location}\n"
    headers = {"Location": location, "Content-Type": "text/plain; charset=utf-8"}
    return Response(body, 308, headers)
