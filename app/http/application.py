"""Flask, without what it does for each request and nothing here needs."""

from collections.abc import Callable, Mapping
from typing import Any

from flask import Flask, Request, Response
from werkzeug.datastructures import Headers
from werkzeug.routing import IntegerConverter, MapAdapter


class Identifier(IntegerConverter):
    """An id that fits the database: what is longer is no id."""

    regex = "[1-9][0-9]{0,17}"


class ReadyHeaders(Headers):
    """Headers that are checked together: Werkzeug takes each by itself, twice."""

    def __init__(self, fields: Mapping[str, str]) -> None:
        super().__init__()
        values = "".join(fields.values())
        # A line break would begin a header that somebody else has made.
        if "\n" in values or "\r" in values:
            raise ValueError(f"a header with a line break: {fields!r}")
        self._list.extend(fields.items())


class ReadyResponse(Response):
    """A response whose headers go out as they were made, without another look."""

    def get_wsgi_headers(self, environ: Any) -> Headers:
        """Give the headers; those without a body, or with an address, get more care."""
        if self.status_code != 200:  # noqa: PLR2004
            return super().get_wsgi_headers(environ)
        return self.headers


class Application(Flask):
    """The WSGI application: routes go by path and method alone, views are plain."""

    response_class = ReadyResponse

    def __init__(self) -> None:
        super().__init__("app", static_folder=None)
        self.url_map.converters["id"] = Identifier
        self.url_map.strict_slashes = False
        self.url_map.merge_slashes = False
        self.url_map.redirect_defaults = False

    def create_url_adapter(self, request: Request | None) -> MapAdapter | None:
        """Bind the routes to a path: our links never come from the host by Flask."""
        if request is None:
            return None
        return MapAdapter(
            self.url_map, "", "/", "", "http", request.path, request.method, None
        )

    def preprocess_request(self) -> Any:
        """Run what is to be run before each view; there are no blueprints."""
        for function in self.before_request_funcs.get(None, ()):
            answer = function()
            if answer is not None:
                return answer
        return None

    def process_response(self, response: Response) -> Response:
        """Run what is to be run after each view, the last first.

        No session is kept, and nobody uses `after_this_request`.
        """
        for function in reversed(self.after_request_funcs.get(None, ())):
            response = function(response)
        return response

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """Give the function itself: none of ours is a coroutine."""
        return func
