"""Render errors in the negotiated format.

One handler for our own errors, for Werkzeug's, and for what nobody foresaw.
"""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from flask import Flask, Response, current_app, g, request
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from app.errors import (
    BadRequest,
    NotAcceptable,
    NotFound,
    PreconditionFailed,
    Problem,
    RequestError,
    Unauthorized,
)
from app.http.context import CONDITIONS, RequestContext
from app.http.hypermedia.declaration import ERRORS
from app.http.media_types import MULTIPART
from app.http.middleware import trailing_slash
from app.http.middleware.secret_urls import mask_secrets
from app.http.paths import PROBLEMS, SIGN_IN
from app.http.responses import alternates, redirect_browser, respond
from app.log_throttle import Throttle
from app.os_errors import translated
from representations import Failure, Link, Resource, Value
from schemas.base.fields import UNREPRESENTABLE

LOG = logging.getLogger("sirenhall")
OUTAGE = Throttle("sirenhall", seconds=1)

SERVER_ERROR = 500
METHOD_NOT_ALLOWED = "method_not_allowed"
SERVER_ERROR_CODE = "server_error"


@dataclass(frozen=True, slots=True)
class ProblemType:
    """A kind of problem, as its page describes it."""

    status: int
    title: str
    advice: str


def _problem_types() -> dict[str, ProblemType]:
    found = {
        kind.code: ProblemType(
            kind.status,
            (kind.__doc__ or "").partition("\n")[0].rstrip("."),
            kind.advice,
        )
        for kind in RequestError.__subclasses__()
    }
    found[METHOD_NOT_ALLOWED] = ProblemType(
        405,
        "The resource has no such method",
        "Allow lists the methods that it has; OPTIONS says what each does.",
    )
    found[SERVER_ERROR_CODE] = ProblemType(
        SERVER_ERROR,
        "The server made a mistake",
        "It was logged; tell the operator the logref of the answer.",
    )
    return dict(sorted(found.items(), key=lambda entry: entry[1].status))


PROBLEM_TYPES = _problem_types()
"""Every kind of problem by its code: the last part of a problem's type."""

ON_THE_FORM = frozenset({400, 403, 409, 412, 413, 422, 428})
"""Statuses that are about what was typed, and are said beside the form."""

MAX_LOGGED = 500
"""Characters of a message or an address that the log gets."""


OwnWords = Callable[[int, Sequence[Problem], Mapping[str, str]], Response]
"""Answers what went wrong, with status, problems and headers, in a way of its own."""

DIALECTS = "sirenhall.dialects"


def register_error_format(app: Flask, prefix: str, answer: OwnWords) -> None:
    """Register a renderer for the errors of all paths below a prefix."""
    app.extensions.setdefault(DIALECTS, {})[prefix] = answer


def register_error_handlers(app: Flask) -> None:
    """Handle every exception that leaves a view."""
    app.register_error_handler(Exception, _error_response)


def _error_response(error: Exception) -> Response:
    redirect = None
    if error is request.routing_exception and not _dialect():
        redirect = trailing_slash.redirect_slash(g.context)
    return redirect or _described_answer(error)


def _dialect() -> OwnWords | None:
    """Return the error renderer registered for the request's prefix, if any."""
    dialects: dict[str, OwnWords] = current_app.extensions.get(DIALECTS, {})
    path = f"{request.path}/"
    found = (own for prefix, own in dialects.items() if path.startswith(f"{prefix}/"))
    return next(found, None)


def _described_answer(error: Exception) -> Response:
    if isinstance(error, OSError):
        error = translated(error) or error
    status, problems, headers = _described(error)
    logref = _logref()
    context: RequestContext = g.context
    context.release_connection()
    _log(error, status, problems, logref)
    own = _dialect()
    if own is not None:
        if isinstance(error, NotFound) and error.problems[0].message:
            # Only hypermedia answers all that is not there in the same words.
            problems = error.problems
        return own(status, problems, headers)
    page = _page_instead(context, error, status, problems)
    if page is not None:
        return page
    context.use_fallbacks()
    document = _document(error, context, problems, logref, status)
    if context.choice.representation.is_for_people:
        document.title = PROBLEM_TYPES[_code(error)].title
    return respond(context, document, status, headers)


def _page_instead(
    context: RequestContext,
    error: Exception,
    status: int,
    problems: tuple[Problem, ...],
) -> Response | None:
    """Return the refused form or the sign-in page, if a person gets one of them."""
    try:
        is_page = context.is_page
    except RequestError:
        return None
    if not is_page or "HTTP_AUTHORIZATION" in context.request.environ:
        return None
    if isinstance(error, Unauthorized):
        return _sign_in_first(context)
    if context.is_signed_in and context.show_page and status in ON_THE_FORM:
        return _form_again(context, context.show_page, status, problems)
    return None


def _sign_in_first(context: RequestContext) -> Response:
    """Lead a browser to the page to sign in, and from there back to this one."""
    path = "/"
    if context.request.method == "GET":
        query = context.request.environ.get("QUERY_STRING", "")
        path = quote(context.request.path) + (f"?{query}" if query else "")
    href = f"{context.urls.base}{SIGN_IN}?{urlencode({'next': path})}"
    return redirect_browser(context, href)


def _form_again(
    context: RequestContext,
    show_page: Callable[[], Response],
    status: int,
    problems: tuple[Problem, ...],
) -> Response | None:
    """Show the page of a form again, with what was typed, and what is wrong with it."""
    for condition in CONDITIONS:
        context.request.environ.pop(condition, None)
    context.failure = Failure(
        context.request.method,
        context.url,
        context.typed or {},
        [(_property_of(problem), problem.message) for problem in problems],
        is_multipart=context.request.mimetype == MULTIPART,
        is_stale=status == PreconditionFailed.status,
    )
    RequestContext.viewer.reset(context)
    try:
        response = show_page()
    except RequestError:
        # The page is not there any more, or may not be seen: the error says why.
        context.failure = None
        RequestContext.viewer.reset(context)
        return None
    response.status_code = status
    return response


def _property_of(problem: Problem) -> str:
    """Return the property of a problem; those of several at once have a position."""
    return problem.property.rpartition(".")[2]


def log_refusal(context: RequestContext, status: int, message: str) -> str:
    """Log a refusal that is answered by another protocol's rules; return its logref."""
    logref = _logref()
    context.release_connection()
    _log(BadRequest(message), status, (Problem(message, ""),), logref)
    return logref


def _logref() -> str:
    return f"id-{time.time_ns() // 1000}"


def _described(error: Exception) -> tuple[int, tuple[Problem, ...], dict[str, str]]:
    """Return status, problems and headers of any exception."""
    if isinstance(error, NotFound):
        return 404, (Problem(_no_route(), error.code),), _headers_of(error)
    if isinstance(error, RequestError):
        return error.status, error.problems, _headers_of(error)
    if isinstance(error, MethodNotAllowed):
        allowed = sorted(error.valid_methods or ())
        message = f"{_requested()}: Method Not Allowed (Allow: {', '.join(allowed)})"
        return (
            405,
            (Problem(message, METHOD_NOT_ALLOWED),),
            {"Allow": ", ".join(allowed)},
        )
    if isinstance(error, HTTPException) and error.code is not None:
        if error.code == NotFound.status:
            return 404, (Problem(_no_route(), NotFound.code),), {}
        text = error.description or error.name
        return error.code, (Problem(text, error.name.lower().replace(" ", "_")),), {}
    problem = Problem("The server made a mistake; it was logged.", SERVER_ERROR_CODE)
    return SERVER_ERROR, (problem,), {}


def _headers_of(error: RequestError) -> dict[str, str]:
    """Return the headers that an error has besides those of every answer."""
    if error.retry_after is None:
        return error.headers
    return {**error.headers, "Retry-After": str(error.retry_after)}


def _no_route() -> str:
    return f"No route found for {_requested()}"


def _requested() -> str:
    return f'"{request.method} {request.path[:300]}"'


def _log(
    error: Exception, status: int, problems: tuple[Problem, ...], logref: str
) -> None:
    # What a client sent must not begin a line of its own.
    path = mask_secrets(ascii(request.path[:MAX_LOGGED])[1:-1])
    if isinstance(error, RequestError) and status >= SERVER_ERROR:
        # It is no mistake in the code, and may come with each request for a while.
        OUTAGE.log(f"{status}: {error}", error.__cause__)
    elif status >= SERVER_ERROR:
        LOG.error("%s %s %s", logref, request.method, path, exc_info=error)
    else:
        text = "; ".join(problem.logged or problem.message for problem in problems)
        text = mask_secrets(ascii(text[:MAX_LOGGED])[1:-1])
        LOG.info("%s %d %s %s: %s", logref, status, request.method, path, text)


def _document(
    error: Exception,
    context: RequestContext,
    problems: tuple[Problem, ...],
    logref: str,
    status: int,
) -> Resource:
    properties: dict[str, Value] = {"total": len(problems)}
    if isinstance(error, Unauthorized):
        # What OAuth2 clients read (RFC 6750); Foxy's SDK renews its token by it.
        properties["error"] = error.code
        properties["error_description"] = error.problems[0].message
    links = []
    if isinstance(error, NotAcceptable):
        links = [
            Link("alternate", href, other.title, type=other.media_types[0])
            for other, href in alternates(context)
        ]
    code = _code(error)
    entries = [_problem(problem, logref) for problem in problems]
    return Resource(
        classes=("error",),
        properties=properties,
        links=links,
        embedded={ERRORS: entries},
        problem={
            "type": f"{context.urls.base}{PROBLEMS}/{code}",
            "title": PROBLEM_TYPES[code].title,
            "status": status,
            "detail": "; ".join(str(entry.properties["message"]) for entry in entries),
            "instance": f"urn:sirenhall:{logref}",
            "advice": PROBLEM_TYPES[code].advice,
        },
    )


def _code(error: Exception) -> str:
    """Return the type of problem that an exception is."""
    if isinstance(error, RequestError):
        return error.code
    if isinstance(error, MethodNotAllowed):
        return METHOD_NOT_ALLOWED
    # Of several with a status, the first one is the plain one.
    known = {t.status: code for code, t in reversed(PROBLEM_TYPES.items())}
    if isinstance(error, HTTPException):
        return known.get(error.code or SERVER_ERROR, BadRequest.code)
    return SERVER_ERROR_CODE


def _representable(text: str) -> str:
    """Quote what a client sent without characters that XML cannot carry."""
    return UNREPRESENTABLE.sub("\ufffd", text)


def _problem(problem: Problem, logref: str) -> Resource:
    properties: dict[str, Any] = {
        "logref": logref,
        "message": _representable(problem.message),
    }
    if problem.property:
        properties["property"] = _representable(problem.property)
    properties["code"] = problem.code
    return Resource(classes=("error",), rel=ERRORS, properties=properties)
