"""OAuth2: tokens for programs, and the page on which a merchant lets one in."""

from base64 import b64decode
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import msgspec
from flask import Flask, Response, current_app, render_template

from app.errors import BadRequest
from app.http.addresses import DOCS, TOKEN
from app.http.bodies import Reader
from app.http.call import Call
from app.http.catalogue import Catalogue
from app.http.declaration import STANDARD_METHODS
from app.http.endpoints import route
from app.http.media_types import JSON
from app.http.pagination import with_query
from app.services import access
from app.services.access import Principal
from app.services.scopes import NARROWER, SCOPES
from representations import HAL, Resource
from schemas.base import ResourceSchema
from schemas.fields import UNREPRESENTABLE

if TYPE_CHECKING:
    from app.services.oauth import AuthorizationServer, Request

EXTENSION = "sirenhall.oauth"
PRIVATE = {"Cache-Control": "no-store", "Pragma": "no-cache"}
ENDPOINTS = {
    "token": TOKEN,
    "revocation": f"{TOKEN}/revocation",
    "introspection": f"{TOKEN}/introspection",
    "authorization": "/authorize",
}
TOKEN_METHODS = {
    "POST": "Get an access token: for a client_id and client_secret, a refresh_token "
    "or an authorization code",
    "OPTIONS": STANDARD_METHODS["OPTIONS"],
}
REVOCATION_METHODS = {
    "POST": "Make a token useless (RFC 7009)",
    "OPTIONS": STANDARD_METHODS["OPTIONS"],
}
INTROSPECTION_METHODS = {
    "POST": "Learn whether a token is valid, and for what (RFC 7662)",
    "OPTIONS": STANDARD_METHODS["OPTIONS"],
}
AUTHORIZE_METHODS = {
    "GET": "Ask the merchant to let a program in",
    "POST": "Let it in, or not",
    **STANDARD_METHODS,
}
METADATA_METHODS = {"GET": "View what this server offers", **STANDARD_METHODS}


def _server(call: Call) -> "AuthorizationServer":
    from app.services.oauth import AuthorizationServer

    extensions = current_app.extensions
    if EXTENSION not in extensions:
        extensions[EXTENSION] = AuthorizationServer(call.installation.database)
    server: AuthorizationServer = extensions[EXTENSION]
    return server


def _request(call: Call, form: dict[str, str]) -> "Request":
    from app.services.oauth import Request

    return Request(
        call.request.method,
        call.url,
        _headers(call),
        form,
        _readable(call.query),
    )


@contextmanager
def _readable_errors() -> Iterator[None]:
    """Say of what the protocol cannot quote in its errors that it is wrong."""
    try:
        yield
    except ValueError:
        raise BadRequest(
            "a parameter has a character that may not be in it, such as a quotation "
            "mark or a backslash"
        ) from None


def _form(call: Call) -> dict[str, str]:
    reader = Reader(ResourceSchema(), call.settings, call.installation.storage)
    with reader.read(call.request, "POST") as body:
        return _readable((name, str(value)) for name, value in body.values.items())


def _readable(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Refuse what no id, secret or token can be."""
    found = dict(pairs)
    for name, value in found.items():
        if UNREPRESENTABLE.search(name + value):
            shown = UNREPRESENTABLE.sub("\ufffd", name[:40])
            raise BadRequest(f"{shown} has a character that no text can have")
    return found


def _headers(call: Call) -> dict[str, str]:
    """Give the headers, without credentials that cannot be read."""
    headers = dict(call.request.headers)
    scheme, _, sent = headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            is_text = not UNREPRESENTABLE.search(b64decode(sent.strip()).decode())
        except ValueError:
            is_text = False
        if not is_text:
            del headers["Authorization"]
    return headers


def _token(call: Call) -> Response:
    request = _request(call, _form(call))
    with _readable_errors():
        answer = _server(call).create_token_response(request)
    return _answered(call, *answer)


def _endpoint(name: str) -> Any:
    def view(call: Call) -> Response:
        request = _request(call, _form(call))
        with _readable_errors():
            answer = _server(call).create_endpoint_response(name, request)
        return _answered(call, *answer)

    return view


def _answered(call: Call, status: int, body: Any, headers: Any) -> Response:
    """Write an answer of the protocol; an error is one of ours, too."""
    document = dict(body or {})
    if "error" in document:
        said = {
            "message": document.get("error_description") or document["error"],
            "code": document["error"],
        }
        entry = Resource(classes=("error",), properties=said)
        error = Resource(
            properties={**document, "total": 1}, embedded={"fx:errors": [entry]}
        )
        document = HAL.document(error, call.place.vocabulary)
    response = Response(_encoded(document), status, {"Content-Type": JSON, **PRIVATE})
    for name, value in headers:
        if name.lower() == "www-authenticate":
            response.headers[name] = value
    return response


def _encoded(document: Any) -> bytes:
    return msgspec.json.encode(document) + b"\n"


# -- the consent page ---------------------------------------------------------


def _ask(call: Call) -> Response:
    """Answer a GET of the page."""
    request, grant = _consent(call)
    if isinstance(grant, Response):
        return grant
    return _page(call, request)


def _decide(call: Call) -> Response:
    """Answer a POST of the page."""
    form = _form(call)
    request, grant = _consent(call)
    if isinstance(grant, Response):
        return grant
    server = _server(call)
    user = None
    decision = form.get("decision")
    if decision not in {"allow", "deny"}:
        return _page(call, request, "Choose whether to let it in.")
    if decision == "allow":
        user, complaint = _owner(call, request, form.get("token", "").strip())
        if complaint:
            return _page(call, request, complaint)
    with _readable_errors():
        answer = server.create_authorization_response(request, user, grant)
    return _redirected(*answer)


def _consent(call: Call) -> tuple["Request", Any]:
    """Check what is asked for. Raises `BadRequest` where nobody can be sent back."""
    from app.services.oauth import OAuth2Error

    request = _request(call, {})
    server = _server(call)
    try:
        with _readable_errors():
            return request, server.get_consent_grant(request)
    except OAuth2Error as error:
        if not error.redirect_uri:
            raise BadRequest(error.description or error.error) from None
        return request, _redirected(*error(None))


def _owner(call: Call, request: "Request", token: str) -> tuple[Principal | None, str]:
    """Find what a token lets the client have, or say why it does not."""
    client = request.client.record
    try:
        principal = access.authenticate(call.db, token) if token else None
    except access.Expired:
        principal = None
    call.close()
    if principal is None:
        return None, "That is no valid token of this server."
    if not principal.is_personal:
        # What a program was given for two hours must not become another one's.
        return None, "That token belongs to a program; use one of your own."
    if request.scope not in NARROWER[principal.scope]:
        return None, (
            f"That token has the scope {principal.scope}, which does not include "
            f"{request.scope}."
        )
    if client["store_id"] not in {None, principal.store_id}:
        return None, "The program is for another store than the token."
    return principal, ""


def _page(call: Call, request: "Request", complaint: str = "") -> Response:
    client = request.client.record
    redirect_uri = request.payload.redirect_uri or client["redirect_uris"]
    parts = urlsplit(redirect_uri)
    origin = f"{parts.scheme}://{parts.netloc}" if parts.netloc else f"{parts.scheme}:"
    page = render_template(
        "consent.html",
        name=client["name"] or client["client_id"],
        scope=request.scope,
        meaning=SCOPES[request.scope],
        destination=origin,
        action=with_query(call.url, call.query),
        complaint=complaint,
    )
    policy = (
        "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; "
        f"form-action 'self' {origin}; frame-ancestors 'none'"
    )
    headers = {"Content-Security-Policy": policy, "Referrer-Policy": "no-referrer"}
    return Response(page, 422 if complaint else 200, {**headers, **PRIVATE})


def _redirected(status: int, body: Any, headers: Any) -> Response:
    location = dict(headers).get("Location")
    if location is None:
        raise BadRequest(str(dict(body or {}).get("error_description", "refused")))
    # The answer to a POST is fetched with GET.
    return Response(b"", 303 if status == 302 else status, {"Location": location})  # noqa: PLR2004


# -- metadata -----------------------------------------------------------------


def _metadata(call: Call, issuer: str = "") -> Response:  # noqa: ARG001
    """Say what there is (RFC 8414)."""
    base = call.place.base
    secret = ["client_secret_basic", "client_secret_post"]
    document = {
        "issuer": base,
        "scopes_supported": list(SCOPES),
        "response_types_supported": ["code"],
        "grant_types_supported": [
            "authorization_code",
            "client_credentials",
            "refresh_token",
        ],
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": [*secret, "none"],
        "revocation_endpoint_auth_methods_supported": [*secret, "none"],
        "introspection_endpoint_auth_methods_supported": secret,
        "service_documentation": base + DOCS,
        **{f"{name}_endpoint": base + path for name, path in ENDPOINTS.items()},
    }
    headers = {"Content-Type": JSON, "Cache-Control": "public, max-age=3600"}
    return Response(_encoded(document), headers=headers)


def register(app: Flask, _catalogue: Catalogue) -> None:
    """Publish the views."""
    for path, views, words in (
        (ENDPOINTS["token"], {"POST": _token}, TOKEN_METHODS),
        (
            ENDPOINTS["revocation"],
            {"POST": _endpoint("revocation")},
            REVOCATION_METHODS,
        ),
        (
            ENDPOINTS["introspection"],
            {"POST": _endpoint("introspection")},
            INTROSPECTION_METHODS,
        ),
        (
            ENDPOINTS["authorization"],
            {"GET": _ask, "POST": _decide},
            AUTHORIZE_METHODS,
        ),
        (
            "/.well-known/oauth-authorization-server",
            {"GET": _metadata},
            METADATA_METHODS,
        ),
        (
            # Where an issuer that has a path is looked for (RFC 8414, section 3).
            "/.well-known/oauth-authorization-server/<path:issuer>",
            {"GET": _metadata},
            METADATA_METHODS,
        ),
    ):
        route(
            app,
            path,
            views,
            words,
            is_negotiated=False,
            is_api=False,
            media_types=("text/html",)
            if path == ENDPOINTS["authorization"]
            else (JSON,),
        )
