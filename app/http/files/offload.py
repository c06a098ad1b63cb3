"""Offload sending a file to nginx (X-Accel-Redirect) or to the S3 (signed URL).

Tested in `tests/deploy/test_nginx.py`.
"""

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

from flask import Response

from app.http.context import RequestContext
from app.http.files.file_response import HandOver, StoredFile
from app.settings import REDIRECT, X_ACCEL

SHORTEST, LONGEST = 60, 7 * 86_400
"""Seconds for which a signed address is good, at least and as S3 has it at most."""

HEADERS = ("Content-Type", "Content-Disposition", "Cache-Control")
"""What an S3 can be told to answer with."""

# nginx compares these with a tag of its own, before it is told ours.
_CONDITIONS = ("If-Match", "If-Unmodified-Since")


def offload_response(
    context: RequestContext, begin: Callable[[], Any] = lambda: None
) -> HandOver:
    """Return the function that has nginx or the storage send a file.

    `begin` is called once a file that is there is handed over: what becomes of it
    after that is not known here.
    """
    ways = {X_ACCEL: _to_nginx, REDIRECT: _to_storage}
    way = ways.get(context.settings.delivery)

    def hand_over(file: StoredFile, headers: Mapping[str, str]) -> Response | None:
        response = None if way is None else way(context, file, headers)
        if response is not None:
            # Not counted if it is not there.
            file.open().close()
            begin()
        return response

    return hand_over


def _to_nginx(
    context: RequestContext, file: StoredFile, headers: Mapping[str, str]
) -> Response | None:
    path = context.installation.storage.path_below(file.key)
    if path is None or any(name in context.request.headers for name in _CONDITIONS):
        return None
    # nginx decodes it, and does the ranges.
    address = quote(f"{context.settings.x_accel_location}{path}")
    return Response(status=200, headers={**headers, "X-Accel-Redirect": address})


def _to_storage(
    context: RequestContext, file: StoredFile, headers: Mapping[str, str]
) -> Response | None:
    # As long as a download may be resumed.
    seconds = context.settings.download_session_minutes * 60
    seconds = min(max(SHORTEST, seconds), LONGEST)
    address = context.installation.storage.address(
        file.key, seconds=seconds, headers={name: headers[name] for name in HEADERS}
    )
    if address is None:
        return None
    kept = {"Location": address, "Cache-Control": headers["Cache-Control"]}
    return Response(status=302, headers=kept)
