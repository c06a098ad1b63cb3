"""Responses of the API, with the headers of every negotiated response.

Tested in `tests/wire/test_formats.py`.
"""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache

from flask import Response

from app.errors import PreconditionFailed
from app.http.application import ReadyHeaders, ReadyResponse
from app.http.context import CONDITIONS, FOXY_VERSION, VERSION_HEADER, RequestContext
from app.http.headers.conditional import (
    Outcome,
    Validators,
    entity_tag,
    evaluate_conditions,
)
from app.http.headers.prefer import MINIMAL
from app.http.hypermedia.declaration import ERRORS
from app.http.media_types import SCHEMA
from app.http.pagination import with_query
from app.http.paths import DOCS, OPENAPI, PROFILES
from app.services.page_cache import RenderedPage
from representations import LINK_HEADER, Representation, Resource

VARY = f"Accept, {VERSION_HEADER}, Accept-Encoding, Accept-Language, Authorization"
PAGE_VARY = f"{VARY}, Cookie"
PAGE_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'self'"
)
FRAMED_POLICY = (
    "default-src 'none'; style-src 'self'; img-src data:; base-uri 'none'; "
    "form-action 'none'; "
    "frame-ancestors *"
)
SEE_OTHER = 303
MOST_NOTICE = 500
"""Characters of what a page says; a cookie carries them."""


def respond(
    context: RequestContext,
    document: Resource,
    status: int = 200,
    headers: dict[str, str] | None = None,
) -> Response:
    """Return a document in the negotiated format; 304 if the client has it already.

    Raise `PreconditionFailed`.
    """
    body, links, _ = render(context, document)
    # Most resources have a revision, and bring their ETag along; the rest are tagged by
    # their bytes.
    is_read = context.request.method in {"GET", "HEAD"}
    if is_read and status == 200 and not (headers and "ETag" in headers):  # noqa: PLR2004
        validators = _validators_of(context, body)
        unchanged = respond_unchanged(context, validators)
        if unchanged:
            return unchanged
        headers = {**(headers or {}), **validators.headers}
    return build_response(context, body, status, headers, links)


def respond_to_change(
    context: RequestContext,
    document: Callable[[], Resource],
    status: int = 200,
    headers: dict[str, str] | None = None,
    *,
    may_be_empty: bool = True,
    after: str = "",
) -> Response:
    """Return the document of a changed resource, or no body if that is preferred.

    A browser that has sent a form is led to the page of the resource, or `after` it
    was deleted elsewhere, so that reloading the page changes nothing again.
    """
    answer = dict(headers or {})
    if may_be_empty and context.is_signed_in and context.is_page:
        changed = document()
        href = after or (changed.href if changed.rel else "")
        if href:
            return redirect_browser(context, href, _notice(changed))
    prefer = context.preferences
    is_empty = may_be_empty and prefer.returned == MINIMAL
    if prefer.applied and (is_empty or prefer.returned != MINIMAL):
        answer["Preference-Applied"] = prefer.applied
    if not is_empty:
        return respond(context, document(), status, answer)
    return _without_body(context, 204 if status == 200 else status, answer)  # noqa: PLR2004


def _notice(changed: Resource) -> str:
    """Return the notice that the next page shows after a change."""
    said = changed.properties
    if "message" in said:
        return str(said["message"])
    if "failed" not in said:
        return "Saved."
    total, failed = int(str(said["total"])), int(str(said["failed"]))
    if not failed:
        return f"Done for {total}."
    refusals = dict.fromkeys(
        str(result.properties["message"])
        for results in changed.embedded.values()
        for result in (results if isinstance(results, list) else [results])
        if isinstance(result, Resource) and ERRORS in result.embedded
    )
    shown = "; ".join(list(refusals)[:3])
    return f"Done for {total - failed} of {total}; refused: {shown}"[:MOST_NOTICE]


def redirect_browser(context: RequestContext, href: str, notice: str = "") -> Response:
    """Lead a browser to a page, which says what was done."""
    if notice:
        context.browser.set_notice(notice)
    headers = {"Location": href, "Cache-Control": "no-store"}
    return Response(b"", SEE_OTHER, headers)


def _is_page(context: RequestContext) -> bool:
    return context.choice.representation.is_for_people


def respond_unchanged(
    context: RequestContext, validators: Validators
) -> Response | None:
    """Return 304 to a read whose client has the representation, else None.

    Raise `PreconditionFailed`.
    """
    # Most requests have no condition; this costs one lookup instead of five.
    if CONDITIONS.isdisjoint(context.request.environ):
        return None
    outcome = evaluate_conditions(context.request.headers.get, validators, is_read=True)
    if outcome is Outcome.FAILED:
        raise PreconditionFailed("the resource is not the one the request names")
    if outcome is Outcome.PROCEED:
        return None
    return _without_body(context, 304, validators.headers)


def respond_cacheable(
    context: RequestContext, body: bytes, media_type: str
) -> Response:
    """Return a body that is the same for everybody, for shared caches too.

    Raise `PreconditionFailed`.
    """
    headers = {
        "Content-Type": media_type,
        "Cache-Control": "public, max-age=3600",
        "X-Content-Type-Options": "nosniff",
    }
    validators = _validators_of(context, body)
    outcome = evaluate_conditions(context.request.headers.get, validators, is_read=True)
    if outcome is Outcome.FAILED:
        raise PreconditionFailed("the document is not the one the request names")
    headers.update(validators.headers)
    if outcome is Outcome.NOT_MODIFIED:
        del headers["Content-Type"]
        return Response(status=304, headers=headers)
    return ReadyResponse(body, 200, ReadyHeaders(headers))


def _validators_of(context: RequestContext, body: bytes) -> Validators:
    """Return the validators of what has no revision: they are made of its bytes."""
    digest = hashlib.sha256(body).hexdigest()[:16]
    return Validators(entity_tag(digest, context.coding), None)


def render(context: RequestContext, document: Resource) -> RenderedPage:
    """Render a document in the negotiated format."""
    vocabulary = context.urls.vocabulary
    if _is_page(context):
        vocabulary = replace(vocabulary, viewer=context.viewer)
    return RenderedPage(
        context.choice.representation.render(document, vocabulary),
        LINK_HEADER.render_embedded(document, vocabulary),
        ", ".join(sorted(context.shown_languages)),
    )


def build_response(
    context: RequestContext,
    body: bytes,
    status: int = 200,
    headers: dict[str, str] | None = None,
    links: str = "",
) -> Response:
    """Return a body with the headers that each negotiated response has.

    `links` are those of the document, as they stand in the Link header.
    """
    answer = {
        "Content-Type": context.choice.content_type,
        "Vary": VARY,
        "Cache-Control": "private, no-cache",
        "X-Content-Type-Options": "nosniff",
        "Link": _link_header(context, links),
    }
    if _is_page(context):
        # Pages show texts of merchants, so a script in one of them must not run.
        answer["Content-Security-Policy"] = page_policy(is_framed=context.is_framed)
        answer["Vary"] = VARY if context.is_framed else PAGE_VARY
    if context.request.environ.get("HTTP_FOXY_API_VERSION") == FOXY_VERSION:
        answer[VERSION_HEADER] = FOXY_VERSION
    if context.shown_languages:
        answer["Content-Language"] = ", ".join(sorted(context.shown_languages))
    if headers:
        answer.update(headers)
    return ReadyResponse(body, status, ReadyHeaders(answer))


def page_policy(*, is_framed: bool) -> str:
    """Return the Content-Security-Policy of a page."""
    return FRAMED_POLICY if is_framed else PAGE_POLICY


def _without_body(
    context: RequestContext, status: int, headers: dict[str, str]
) -> Response:
    response = build_response(context, b"", status, headers)
    del response.headers["Content-Type"]
    return response


def alternates(context: RequestContext) -> list[tuple[Representation, str]]:
    """Return the formats of the requested resource with their URLs."""
    start = _format_url(context)
    return [(r, start + r.name) for r in context.offers]


def _format_url(context: RequestContext) -> str:
    """Return the requested URL up to the name of a format."""
    # The format that was asked for is replaced, not added to.
    without = tuple((n, v) for n, v in context.query if n != "format")
    url = with_query(context.url, without)
    return f"{url}&format=" if without else f"{url}?format="


def _link_header(context: RequestContext, links: str) -> str:
    """Return all links; HAL Explorer finds the profile only if it is the first."""
    base = context.urls.base
    found = [links] if links else []
    if context.profile:
        profile = f'<{base}{PROFILES}/{context.profile}>; rel="profile"'
        found.insert(0, f'{profile}; type="{SCHEMA}"')
    others = _alternate_links(context.offers, context.choice.representation)
    if others:
        found.append(others.replace(_START, _format_url(context)))
    if "service-desc" not in links:
        found.append(
            f'<{base}{OPENAPI}>; rel="service-desc", <{base}{DOCS}>; rel="service-doc"'
        )
    return ", ".join(found)


# Stands for the requested URL, up to the name of a format.
_START = "\0"


@lru_cache(maxsize=64)
def _alternate_links(offers: tuple[Representation, ...], mine: Representation) -> str:
    return ", ".join(
        f'<{_START}{other.name}>; rel="alternate"; type="{other.media_types[0]}"'
        for other in offers
        if other is not mine
    )
