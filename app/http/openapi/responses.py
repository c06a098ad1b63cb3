"""The responses of each operation in OpenAPI: statuses, bodies and headers."""

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from app.http.error_handler import PROBLEM_TYPES
from app.http.hypermedia.registry import ResourceType
from app.http.media_types import JSON
from app.http.openapi.components import reference
from app.http.routes import Route
from app.settings import Settings
from representations import ERROR_REPRESENTATIONS, HAL, HAL_FORMS, REPRESENTATIONS

READS = frozenset({"GET", "HEAD"})
WITH_BODY = frozenset({"POST", "PATCH", "PUT"})
ERROR = 400
WITHOUT_CONTENT = frozenset({204, 302, 303, 304})

# Both are written by the same shape.
_HAL = frozenset({*HAL.media_types, *HAL_FORMS.media_types})

HEADERS: Mapping[str, Any] = {
    name: {"description": text, "schema": {"type": "string"}, **more}
    for name, text, more in (
        ("ETag", "The version that was answered, for If-Match and If-None-Match.", {}),
        ("Last-Modified", "When it last changed, where a second tells that.", {}),
        ("Link", "All links of the answer, and its other formats (RFC 8288).", {}),
        ("Location", "The address of what was created, if it was one.", {}),
        ("Preference-Applied", "Which preference was followed (RFC 7240).", {}),
        ("Idempotency-Replayed", "true: the answer of the first time.", {}),
        ("WWW-Authenticate", "How to authenticate.", {"required": True}),
        ("Retry-After", "Seconds after which to try again.", {"required": True}),
        ("RateLimit", "How many requests are left, and for how long.", {}),
        ("RateLimit-Policy", "How many requests may be sent in what time.", {}),
        ("Allow", "The methods that there are.", {"required": True}),
        ("Accept-Post", "The types of body that POST takes.", {}),
        ("Accept-Patch", "The types of body that PATCH takes.", {}),
        ("Content-Range", "Which bytes of how many these are.", {"required": True}),
        ("Repr-Digest", "The SHA-256 of the whole file (RFC 9530).", {}),
    )
}


def statuses_of(route: Route, method: str, settings: Settings) -> set[int]:
    """Return every status that an operation of this server may answer with."""
    found = {400, 431, 503}
    if method in WITH_BODY:
        found.add(408)
    # A token has so many Idempotency-Keys, whatever the rate is.
    if settings.effective_rate_limit or method == "POST":
        found.add(429)
    if route.negotiates(method):
        found.add(406)
    spec = route.operations.get("GET" if method == "HEAD" else method)
    if "<" in route.path:
        found.add(404)
    if method == "OPTIONS":
        return found | {200}
    if route.is_api or route.is_page:
        # Where no token is needed, a wrong one is still refused.
        found.add(401)
    if spec:
        return found | set(spec.statuses)
    if method in READS:
        return found | {200, 304, 412}
    return found | _of_change(route, method, settings)


def _of_change(route: Route, method: str, settings: Settings) -> set[int]:
    found = {403, 409, 507}
    if method in route.actions:
        return found | {200, 204, 412, 422}
    found |= {200, 201} if method == "POST" else {200, 204, 412}
    if method in WITH_BODY:
        found |= {413, 415, 422}
    if method in route.gives_results:
        # All or nothing, one that is wrong makes all wrong.
        found |= {207, 404, 409, 413, 422}
    if method != "POST" and settings.require_preconditions:
        found.add(428)
    return found


def responses(
    route: Route, method: str, kind: ResourceType | None, settings: Settings
) -> dict[str, Any]:
    """Describe the answers of an operation."""
    return {
        str(status): _error(route, status)
        if status >= ERROR
        else _response(route, method, kind, status)
        for status in sorted(statuses_of(route, method, settings))
    }


def _error(route: Route, status: int) -> dict[str, Any]:
    if not route.own_errors:
        return reference("responses", str(status))
    content = {JSON: {"schema": dict(route.own_errors)}}
    return {"description": HTTPStatus(status).phrase, "content": content}


def _response(
    route: Route, method: str, kind: ResourceType | None, status: int
) -> dict[str, Any]:
    found: dict[str, Any] = {"description": HTTPStatus(status).phrase}
    headers = _headers(route, method, status)
    if headers:
        found["headers"] = {name: reference("headers", name) for name in headers}
    if method == "HEAD" or status in WITHOUT_CONTENT:
        return found
    spec = route.operations.get(method)
    if spec and spec.is_empty:
        return found
    if not route.negotiates(method):
        schema = {"schema": spec.answer} if spec and spec.answer else {}
        found["content"] = dict.fromkeys(route.media_types, schema)
        return found
    name = _schema_name(route, method, kind, status)
    offers = route.offers if method == "GET" else REPRESENTATIONS
    found["content"] = {
        media_type: {"schema": reference("schemas", name)}
        if name and media_type in _HAL
        else {}
        for representation in offers
        for media_type in representation.media_types
    }
    return found


def _headers(route: Route, method: str, status: int) -> tuple[str, ...]:
    if method == "OPTIONS":
        return "Allow", "Accept-Post", "Accept-Patch", "Link"
    if status in {302, 303}:
        return ("Location",)
    if not route.is_api:
        is_page = route.is_negotiated
        return ("ETag", "Link") if is_page else ("ETag",) if method in READS else ()
    if method not in READS:
        changed = ("ETag", "Last-Modified", "Preference-Applied", "Link")
        made = ("Location", "Idempotency-Replayed") if method == "POST" else ()
        return changed + made
    if route.is_negotiated:
        return "ETag", "Last-Modified", "Link"
    ranged = ("Content-Range",) if status == HTTPStatus.PARTIAL_CONTENT else ()
    return "ETag", "Last-Modified", "Repr-Digest", *ranged


def _schema_name(
    route: Route, method: str, kind: ResourceType | None, status: int
) -> str:
    """Return the name of a response's schema in HAL, empty if there is none."""
    if kind is None or method == "OPTIONS":
        return ""
    declaration = kind.declaration
    if method == "GET":
        page = f"{declaration.plural}_page"
        return page if route.is_collection else declaration.name
    if status == HTTPStatus.MULTI_STATUS:
        return "results"
    if method == "POST" and method not in route.actions:
        return f"{declaration.name}_created"
    if route.is_collection:
        is_each = method in route.gives_results
        return "results" if is_each else f"{declaration.plural}_page"
    return "done" if method == "DELETE" else declaration.name


def shared() -> dict[str, Any]:
    """Describe the errors, which are the same wherever they come from."""
    errors = {"schema": reference("schemas", "errors")}
    types = [t for r in ERROR_REPRESENTATIONS for t in r.media_types]
    content = {t: errors if t in _HAL else {} for t in (*types, JSON)}
    more = {
        401: ("WWW-Authenticate",),
        429: ("Retry-After", "RateLimit", "RateLimit-Policy"),
        503: ("Retry-After",),
        416: ("Content-Range",),
    }
    return {
        str(status): {
            "description": title,
            "content": content,
            "headers": {
                name: reference("headers", name) for name in more.get(status, ())
            },
        }
        for status, title in sorted(_ERRORS.items())
    }


# What no description has: a method that is not there, and a mistake of ours.
_ERRORS = {
    kind.status: kind.title
    for kind in reversed(PROBLEM_TYPES.values())
    if kind.status not in {405, 500}
}


def variables_of(path: str) -> list[tuple[str, str]]:
    """Return converter and name of each variable of a path, as Werkzeug writes it."""
    return re.findall(r"<(?:(\w+):)?(\w+)>", path)
