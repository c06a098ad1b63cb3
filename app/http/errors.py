"""Renders what went wrong, in the format that was asked for.

One handler for our own errors, for Werkzeug's, and for what nobody foresaw.
"""

import logging
import time
from typing import Any

from flask import Flask, Response, g, request
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from app.errors import NotAcceptable, NotFound, Problem, RequestError, Unauthorized
from app.http.call import Call
from representations import Link, Resource, Value
from schemas.fields import UNREPRESENTABLE

LOG = logging.getLogger("sirenhall")

ERRORS = "fx:errors"
SERVER_ERROR = 500
MAX_LOGGED = 500
"""Characters of a message or an address that the log gets."""


def register(app: Flask) -> None:
    """Handle every exception that leaves a view."""
    app.register_error_handler(Exception, _answer)


def _answer(error: Exception) -> Response:
    status, problems, headers = _described(error)
    logref = f"id-{time.time_ns() // 1000}"
    call: Call = g.call
    call.close()
    _log(error, status, problems, logref)
    call.make_answerable()
    document = _document(error, call, problems, logref)
    if call.choice.representation.is_for_people:
        document.title = f"{status} {_phrase(status)}"
    return call.respond(document, status, headers)


def _described(error: Exception) -> tuple[int, tuple[Problem, ...], dict[str, str]]:
    """Give status, problems and headers of any exception."""
    if isinstance(error, NotFound):
        return 404, (Problem(_no_route(), error.code),), error.headers
    if isinstance(error, RequestError):
        return error.status, error.problems, error.headers
    if isinstance(error, MethodNotAllowed):
        allowed = sorted(error.valid_methods or ())
        message = f"{_no_route()}: Method Not Allowed (Allow: {', '.join(allowed)})"
        return (
            405,
            (Problem(message, "method_not_allowed"),),
            {"Allow": ", ".join(allowed)},
        )
    if isinstance(error, HTTPException) and error.code is not None:
        if error.code == NotFound.status:
            return 404, (Problem(_no_route(), NotFound.code),), {}
        text = error.description or error.name
        return error.code, (Problem(text, error.name.lower().replace(" ", "_")),), {}
    problem = Problem("The server made a mistake; it was logged.", "server_error")
    return SERVER_ERROR, (problem,), {}


def _no_route() -> str:
    return f'No route found for "{request.method} {request.path[:300]}"'


def _phrase(status: int) -> str:
    from werkzeug.http import HTTP_STATUS_CODES

    return HTTP_STATUS_CODES.get(status, "Error")


def _log(
    error: Exception, status: int, problems: tuple[Problem, ...], logref: str
) -> None:
    # What a client sent must not begin a line of its own.
    path = ascii(request.path[:MAX_LOGGED])[1:-1]
    if status >= SERVER_ERROR:
        LOG.error("%s %s %s", logref, request.method, path, exc_info=error)
    else:
        said = "; ".join(problem.message for problem in problems)
        said = ascii(said[:MAX_LOGGED])[1:-1]
        LOG.info("%s %d %s %s: %s", logref, status, request.method, path, said)


def _document(
    error: Exception, call: Call, problems: tuple[Problem, ...], logref: str
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
            for other, href in call.alternates()
        ]
    return Resource(
        classes=("error",),
        properties=properties,
        links=links,
        embedded={ERRORS: [_problem(problem, logref) for problem in problems]},
    )


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
