"""The access log: one line for each request.

The line is written straight to a stream: a logging record would cost more than the
database query of a small answer.

Tested in `tests/http/middleware/test_secret_urls.py`.
"""

import sys
import time
from functools import lru_cache

from flask import Flask, Response, g

from app.http.context import RequestContext
from app.http.middleware.secret_urls import mask_secrets
from app.log_stream import LogStream
from app.metrics import METRICS, requests

EXTENSION = "sirenhall.access_log"


def register_access_log(app: Flask) -> None:
    """Log every answer to standard error, and close what a call has open."""
    stream = sys.stderr
    own = stream if isinstance(stream, LogStream) else LogStream(stream)
    app.extensions[EXTENSION] = own

    @app.after_request
    def _log(response: Response) -> Response:
        context: RequestContext = g.context
        context.release_connection()
        METRICS.add(requests(response.status_code))
        environ = context.request.environ
        elapsed = (time.perf_counter() - context.started) * 1000
        # An address may hold anything a client sends, also a line break.
        path = mask_secrets(ascii(environ["PATH_INFO"])[1:-1])
        app.extensions[EXTENSION].write(
            f"{_second(int(time.time()))} {environ.get('REMOTE_ADDR', '-')} "
            f'"{environ["REQUEST_METHOD"]} {path}" {response.status_code} '
            f"{response.headers.get('Content-Length', '-')} {elapsed:.1f}ms\n"
        )
        return response


@lru_cache(maxsize=4)
def _second(seconds: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.localtime(seconds))
