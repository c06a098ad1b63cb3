"""Redirects from an address with a slash at its end to the one without."""

from urllib.parse import quote

from flask import Response, current_app, request
from werkzeug.exceptions import HTTPException

from app.http.call import Call

SAFE = frozenset({"GET", "HEAD"})
"""Methods that are redirected: a client may lose the body of another one."""


def redirect(call: Call) -> Response | None:
    """Return a 308 if the address is one of ours but for its slash, else None."""
    path = request.path
    plain = path.rstrip("/")
    if request.method not in SAFE or not plain or plain == path:
        return None
    adapter = current_app.url_map.bind("", path_info=plain)
    try:
        adapter.match(plain, method="GET")
    except HTTPException:
        return None
    query = request.environ.get("QUERY_STRING", "")
    location = call.place.base + quote(plain, safe="/:@!$&'()*+,;=~-._")
    return Response(
        status=308, headers={"Location": f"{location}?{query}" if query else location}
    )
