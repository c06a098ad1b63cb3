"""Cross-origin requests (CORS, the Fetch standard).

There are no cookies, so an origin gains nothing that its user's token does not give.
"""

from flask import Flask, Response, request

ANY = "*"
METHODS = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"
REQUEST_HEADERS = (
    "authorization, content-type, accept, foxy-api-version, cache-control, if-match, "
    "if-none-match, if-modified-since, if-unmodified-since, if-range, range, "
    "x-http-method-override, x-http-method, x-method-override, prefer, "
    "idempotency-key, repr-digest, content-digest, content-md5, tus-resumable, "
    "upload-length, upload-offset, upload-metadata, upload-checksum, "
    "upload-defer-length, x-requested-with, access-token, x-manager-token, "
    "store-id, role, currency, traceparent, tracestate, baggage, sentry-trace, "
    "x-request-id, x-correlation-id, *"
)
"""Every header may be sent: `*` covers those of tools that are not known here.

It does not cover Authorization, nor anything in old browsers (Fetch, section 3.3.3).
"""

EXPOSED = (
    "Location, Link, ETag, Last-Modified, Allow, Accept-Post, Accept-Patch, "
    "Accept-Ranges, Content-Disposition, Content-Range, Repr-Digest, Retry-After, "
    "WWW-Authenticate, FOXY-API-VERSION, Preference-Applied, "
    "RateLimit, RateLimit-Policy, Idempotency-Replayed, Tus-Resumable, Tus-Version, "
    "Tus-Extension, Tus-Checksum-Algorithm, Upload-Offset, Upload-Length, "
    "Upload-Expires"
)
PREFLIGHT_AGE = "600"
"""Seconds that a browser need not ask again."""


def register_cors(app: Flask, origins: tuple[str, ...]) -> None:
    """Add CORS headers for the allowed origins."""
    if not origins:
        return

    @app.after_request
    def _allow(response: Response) -> Response:
        headers = response.headers
        if ANY not in origins:
            # The answer differs by origin, also where it allows none.
            headers.add("Vary", "Origin")
        origin = request.environ.get("HTTP_ORIGIN")
        if origin is None or not (ANY in origins or origin in origins):
            return response
        headers["Access-Control-Allow-Origin"] = ANY if ANY in origins else origin
        headers["Access-Control-Expose-Headers"] = EXPOSED
        if "HTTP_ACCESS_CONTROL_REQUEST_METHOD" in request.environ:
            headers["Access-Control-Allow-Methods"] = METHODS
            headers["Access-Control-Allow-Headers"] = REQUEST_HEADERS
            headers["Access-Control-Max-Age"] = PREFLIGHT_AGE
        return response
