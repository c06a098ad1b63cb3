"""A Flask application without the per-request features that are not used here.

This makes a request 4 to 15 % faster. Blueprints, sessions, coroutines, `url_for` and
routes of hosts raise an error where somebody uses them, so that no extension fails
silently. `TRUSTED_HOSTS` has no effect: the server in front checks hosts.
"""

from collections.abc import Callable, Mapping
from inspect import iscoroutinefunction
from typing import Any, NoReturn

from flask import Flask, Request, Response
from flask.globals import request_ctx
from flask.sessions import NullSession, SessionInterface
from werkzeug.datastructures import Headers
from werkzeug.routing import IntegerConverter, MapAdapter, Rule

from schemas.values.identifiers import ID


class Identifier(IntegerConverter):
    """An id that fits the database: what is longer is no id."""

    regex = ID


class MatchedRule(Rule):
    """A route that requests are matched with, and from which no URL is built.

    To compile what builds URLs takes nine tenths of the time that `create_app` takes.
    """

    def _compile_builder(self, append_unknown: bool = True) -> Callable[..., NoReturn]:  # noqa: FBT001, FBT002, ARG002 - as in Werkzeug
        return _refuse_to_build


def _refuse_to_build(*_arguments: Any, **_values: Any) -> NoReturn:
    raise _left_out("url_for", "links are made by what resources declare")


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
        """Return the headers; Werkzeug prepares those of other statuses than 200."""
        if self.status_code != 200:  # noqa: PLR2004
            return super().get_wsgi_headers(environ)
        return self.headers


class NoSession(NullSession):
    """The session of each request: it is empty, and refuses to be changed."""

    def _fail(self, *_args: Any, **_options: Any) -> NoReturn:
        raise _left_out("sessions", "the API keeps no state between requests")

    __setitem__ = __delitem__ = __ior__ = _fail
    clear = pop = popitem = update = setdefault = _fail


class NoSessions(SessionInterface):
    """Opens no session, and so stores none."""

    def open_session(self, app: Flask, request: Request) -> NoSession:  # noqa: ARG002
        """Return an empty session."""
        return NoSession()


class Application(Flask):
    """The WSGI application: routes go by path and method alone, views are plain."""

    response_class = ReadyResponse
    url_rule_class = MatchedRule
    session_interface = NoSessions()

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

    def __setattr__(self, name: str, value: Any) -> None:
        """Set an attribute; raise `NotImplementedError` for another kind of session."""
        if name == "session_interface":
            raise _left_out("sessions", "the API keeps no state between requests")
        super().__setattr__(name, value)

    def register_blueprint(self, *_args: Any, **_options: Any) -> NoReturn:
        """Raise `NotImplementedError`: the hooks of a blueprint would not be called."""
        raise _left_out("blueprints", "register routes and hooks with the application")

    def url_value_preprocessor(self, _function: Any) -> NoReturn:
        """Raise `NotImplementedError`: it would not be called."""
        raise _left_out("URL value preprocessors", "use `before_request`")

    def before_request(self, f: Any) -> Any:
        """Add a function that is called before each view."""
        return super().before_request(_ensure_plain(f))

    def after_request(self, f: Any) -> Any:
        """Add a function that is called after each view."""
        return super().after_request(_ensure_plain(f))

    def teardown_request(self, f: Any) -> Any:
        """Add a function that is called at the end of each request."""
        return super().teardown_request(_ensure_plain(f))

    def teardown_appcontext(self, f: Any) -> Any:
        """Add a function that is called at the end of each application context."""
        return super().teardown_appcontext(_ensure_plain(f))

    def register_error_handler(self, code_or_exception: Any, f: Any) -> None:
        """Add a function that responds to an error."""
        super().register_error_handler(code_or_exception, _ensure_plain(f))

    def add_url_rule(
        self,
        rule: str,
        endpoint: str | None = None,
        view_func: Any = None,
        provide_automatic_options: bool | None = None,  # noqa: FBT001 - as in Flask
        **options: Any,
    ) -> None:
        """Add a route; raise `NotImplementedError` for what Flask would match besides.

        That is a coroutine, or a route of a host or subdomain.
        """
        _ensure_plain(view_func)
        if options.keys() & {"host", "subdomain"}:
            raise _left_out("host matching", "the server in front chooses the host")
        super().add_url_rule(
            rule, endpoint, view_func, provide_automatic_options, **options
        )

    def preprocess_request(self) -> Any:
        """Call the functions that are to be called before each view."""
        for function in self.before_request_funcs.get(None, ()):
            answer = function()
            if answer is not None:
                return answer
        return None

    def process_response(self, response: Response) -> Response:
        """Call the functions that are to be called after each view, the last first.

        Those of `after_this_request` come before those of the application.
        """
        once: list[Any] = request_ctx._after_request_functions  # noqa: SLF001 - as Flask
        for function in (*once, *reversed(self.after_request_funcs.get(None, ()))):
            response = function(response)
        return response

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """Return the function itself: coroutines are refused when they are added."""
        return func


def _ensure_plain(function: Any) -> Any:
    """Return a function. Raise `NotImplementedError` if it is a coroutine."""
    if iscoroutinefunction(function):
        raise _left_out("async functions", "workers serve each request in a thread")
    return function


def _left_out(what: str, why: str) -> NotImplementedError:
    return NotImplementedError(
        f"Sirenhall's application has no {what}: {why} (app/http/application.py)"
    )
