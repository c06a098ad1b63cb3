"""One line for each request: who, what, the answer, and how long it took."""

import logging
import time

from flask import Flask, Response, g, request

LOG = logging.getLogger("sirenhall.access")


def register(app: Flask) -> None:
    """Log every answer, and close what a call has open."""

    @app.after_request
    def _log(response: Response) -> Response:
        g.call.close()
        elapsed = (time.perf_counter() - g.call.started) * 1000
        environ = request.environ
        LOG.info(
            '%s "%s %s" %d %s %.1fms',
            environ.get("REMOTE_ADDR", "-"),
            request.method,
            request.path,
            response.status_code,
            response.headers.get("Content-Length", "-"),
            elapsed,
        )
        return response
