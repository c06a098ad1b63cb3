"""OAuth2: the token endpoint, and the page on which a merchant gives consent."""

from base64 import b64decode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode, urlsplit

import msgspec
from flask import Flask, Response, current_app

from app.errors import BadRequest
from app.http.bodies.body_reader import Body
from app.http.context import RequestContext
from app.http.error_handler import log_refusal
from app.http.hypermedia.declaration import ERRORS, STANDARD_METHODS
from app.http.hypermedia.registry import ResourceRegistry
from app.http.media_types import JSON
from app.http.pagination import with_query
from app.http.paths import AUTHORIZE, DOCS, SIGN_IN, TOKEN
from app.http.responses import PAGE_POLICY, redirect_browser, respond_cacheable
from app.http.routes import OperationSpec, Route
from app.http.routing import publish_route
from app.http.views.forms import fields_of, form_body, read_form, readable
from app.http.views.idempotency import Replay, idempotent
from app.services.principal import Principal
from app.services.scopes import (
    CLIENT_METHODS,
    GRANTS,
    NARROWER,
    OF_ALL_STORES,
    SCOPES,
    SECRET_METHODS,
)
from representations import HAL, Field, Resource
from representations.html import render_page
from schemas.base.fields import UNREPRESENTABLE

if TYPE_CHECKING:
    from app.services.auth.oauth import AuthorizationServer, Request

EXTENSION = "sirenhall.oauth"
PRIVATE = {"Cache-Control": "no-store", "Pragma": "no-cache"}
ENDPOINTS = {
    "token": TOKEN,
    "revocation": f"{TOKEN}/revocation",
    "introspection": f"{TOKEN}/introspection",
    "authorization": AUTHORIZE,
}
TOKEN_FIELDS = (
    Field("grant_type", "Grant Type", required=True, options=GRANTS),
    Field("client_id", "Client ID", required=True),
    Field("client_secret", "Client Secret", "password"),
    Field("refresh_token", "Refresh Token", "password"),
    Field("code", "Authorization Code"),
    Field("redirect_uri", "Redirect URI", "url"),
    Field("code_verifier", "Code Verifier"),
    Field("scope", "Scope", options=tuple(SCOPES)),
)
_ABOUT_TOKEN = (
    Field("token", "Token", "password", required=True),
    Field("client_id", "Client ID", required=True),
    Field("client_secret", "Client Secret", "password"),
)
_DECISION = (Field("decision", "Decision", required=True, options=("allow", "deny")),)
_TEXT = {"type": "string"}
_NUMBER = {"type": "integer"}
_GIVEN = {
    "type": "object",
    "properties": {
        "access_token": _TEXT,
        "token_type": _TEXT,
        "expires_in": _NUMBER,
        "scope": _TEXT,
        "refresh_token": _TEXT,
    },
    "required": ["access_token", "token_type", "expires_in"],
}
_KNOWN = {
    "type": "object",
    "properties": {
        "active": {"type": "boolean"},
        "scope": _TEXT,
        "token_type": _TEXT,
        "iat": _NUMBER,
        "exp": _NUMBER,
        "store_id": _NUMBER,
    },
    "required": ["active"],
}
TOKEN_KEPT = 600
MAX_STATE = 1000
"""Characters of the state that a redirect carries, in a header that is bounded."""

INVALID_CLIENT = "invalid_client"
_REFUSALS = (400, 401, 413, 415, 422)
# In our words where the protocol has none, or none that help.
_OTHERWISE = {"invalid_request": "token must be sent"}
_EXPLAINED = {
    "unsupported_response_type": "response_type must be code",
    "invalid_client": "client_id and client_secret must be sent, as Basic or in the "
    "body, and be those of one client (`sirenhall client create` makes one)",
    "unsupported_grant_type": f"grant_type must be one of {', '.join(GRANTS)}",
    "unauthorized_client": "this client may not get tokens by this grant_type",
    "invalid_scope": "scope must be one that the client was made with, or a narrower "
    f"one; there are {', '.join(SCOPES)}",
    "invalid_grant": "the code or refresh_token is unknown, was given to another "
    "client, was used or revoked, or has expired",
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
    "POST": "Allow the access, or refuse it",
    **STANDARD_METHODS,
}
METADATA_METHODS = {"GET": "View what this server offers", **STANDARD_METHODS}


def _server(context: RequestContext) -> "AuthorizationServer":
    from app.services.auth.oauth import AuthorizationServer

    extensions = current_app.extensions
    if EXTENSION not in extensions:
        installation = context.installation
        extensions[EXTENSION] = AuthorizationServer(
            installation.database, installation.removal
        )
    server: AuthorizationServer = extensions[EXTENSION]
    return server


def _request(context: RequestContext, form: dict[str, str]) -> "Request":
    from app.services.auth.oauth import Request

    return Request(
        context.request.method,
        context.url,
        _headers(context),
        form,
        readable(context.query),
    )


@contextmanager
def _readable_errors() -> Iterator[None]:
    """Raise an error for parameters that OAuth errors cannot quote."""
    try:
        yield
    except ValueError:
        raise BadRequest(
            "a parameter has a character that may not be in it, such as a quotation "
            "mark or a backslash"
        ) from None


def _headers(context: RequestContext) -> dict[str, str]:
    """Return the headers, without credentials that cannot be read."""
    headers = dict(context.request.headers)
    scheme, _, sent = headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            is_text = not UNREPRESENTABLE.search(b64decode(sent.strip()).decode())
        except ValueError:
            is_text = False
        if not is_text:
            # Authlib would fail to decode them; without them the client is unknown, a
            # 401.
            del headers["Authorization"]
    return headers


def _token(context: RequestContext) -> Response:
    try:
        with form_body(context) as body:
            form = fields_of(body)
            # Who knows the key and sends the same is who sent the first one.
            header = context.request.environ.get("HTTP_AUTHORIZATION", "")
            caller = f"{header} {form.get('client_id', '')}"
            return _token_once(context, body, form, caller)
    except Replay as done:
        # A replayed token is as secret as the first one.
        done.response.headers.update(PRIVATE)
        return done.response


def _token_once(
    context: RequestContext, body: Body, form: dict[str, str], caller: str
) -> Response:
    with idempotent(context, caller) as state:
        state.read(body)
        request = _request(context, form)
        with _readable_errors():
            answer = _server(context).create_token_response(request)
        response = _protocol_response(context, *answer)
        # Only tokens are kept: a client may correct its mistake under the same key.
        if response.status_code != 200:  # noqa: PLR2004
            state.release_key()
            return response
        with context.writing() as tx:
            # Long enough for who lost the answer, and no longer than it is true.
            return state.store_response(tx, response, seconds=TOKEN_KEPT)


def _endpoint(name: str) -> Any:
    def view(context: RequestContext) -> Response:
        request = _request(context, read_form(context))
        with _readable_errors():
            answer = _server(context).create_endpoint_response(name, request)
        return _protocol_response(context, *answer)

    return view


def _protocol_response(
    context: RequestContext, status: int, body: Any, _headers: Any
) -> Response:
    """Write an answer of the protocol; an error is one of ours, too."""
    document = dict(body or {})
    if "error" in document:
        code = document["error"]
        said_so = document.get("error_description")
        message = str(_EXPLAINED.get(code) or said_so or _OTHERWISE.get(code, code))
        document["error_description"] = message
        if code == INVALID_CLIENT:
            # Also where the client is named in the body (RFC 6749, section 5.2).
            status = 401
        logref = log_refusal(context, status, message)
        properties = {"logref": logref, "message": message, "code": code}
        entry = Resource(classes=("error",), properties=properties)
        error = Resource(
            properties={**document, "total": 1}, embedded={ERRORS: [entry]}
        )
        document = HAL.document(error, context.urls.vocabulary)
    response = Response(_encoded(document), status, {"Content-Type": JSON, **PRIVATE})
    if status == 401:  # noqa: PLR2004
        response.headers["WWW-Authenticate"] = 'Basic realm="sirenhall"'
    return response


def _encoded(document: Any) -> bytes:
    return msgspec.json.encode(document) + b"\n"


# -- the consent page ---------------------------------------------------------


def _consent_form(context: RequestContext) -> Response:
    """Handle a GET of the page."""
    request, grant = _consent(context)
    if isinstance(grant, Response):
        return grant
    if context.visitor is None or not context.is_signed_in:
        return _sign_in_first(context)
    return _page(context, request)


def _sign_in_first(context: RequestContext) -> Response:
    """Lead to the page to sign in, and from there back to this one."""
    asked = f"{context.request.path}?{context.request.environ['QUERY_STRING']}"
    href = f"{context.urls.base}{SIGN_IN}?{urlencode({'next': asked})}"
    return redirect_browser(context, href)


def _decide(context: RequestContext) -> Response:
    """Handle a POST of the page."""
    form = read_form(context)
    request, grant = _consent(context)
    if isinstance(grant, Response):
        return grant
    principal = context.principal
    context.release_connection()
    user = None
    decision = form.get("decision")
    if decision not in {"allow", "deny"}:
        return _page(context, request, "Choose whether to let it in.")
    if decision == "allow":
        complaint = _refusal(request, principal)
        if complaint:
            return _page(context, request, complaint)
        user = principal
    with _readable_errors():
        answer = _server(context).create_authorization_response(request, user, grant)
    return _redirected(context, *answer)


# Where nobody can be sent back to.
_AT_CONSENT = {
    "unsupported_response_type": "response_type must be code",
    "invalid_client": "client_id names no client of this server; `sirenhall client "
    "create` makes one",
}


def _consent(context: RequestContext) -> tuple["Request", Any]:
    """Validate a request for consent. Raise `BadRequest` if it has no redirect URI."""
    from app.services.auth.oauth import OAuth2Error

    request = _request(context, {})
    if len(quote(request.payload.state or "")) > MAX_STATE:
        raise BadRequest(f"state must have at most {MAX_STATE} characters, encoded")
    server = _server(context)
    try:
        with _readable_errors():
            return request, server.get_consent_grant(request)
    except OAuth2Error as error:
        # Never redirected to an address that is not registered (RFC 6749, section
        # 4.1.2.1).
        if not error.redirect_uri:
            raise BadRequest(
                _AT_CONSENT.get(error.error) or error.description or error.error
            ) from None
        return request, _redirected(context, *error(None))


def _refusal(request: "Request", principal: Principal) -> str:
    """Return the reason why this person cannot give consent, or an empty string."""
    store_id = request.client.record["store_id"]
    # A program gets no more than the person who lets it in may do.
    if request.scope not in NARROWER[principal.scope]:
        return (
            f"You have the scope {principal.scope}, which does not include "
            f"{request.scope}."
        )
    if store_id not in {None, principal.store_id}:
        return "The program is for another store than the one you are signed in to."
    return ""


def _page(context: RequestContext, request: "Request", complaint: str = "") -> Response:
    client = request.client.record
    redirect_uri = request.payload.redirect_uri or client["redirect_uris"]
    parts = urlsplit(redirect_uri)
    origin = f"{parts.scheme}://{parts.netloc}" if parts.netloc else f"{parts.scheme}:"
    page = render_page(
        "consent.html",
        context.viewer,
        home=f"{context.urls.base}/",
        here=context.url,
        name=client["name"] or client["client_id"],
        scope=request.scope,
        meaning=SCOPES[request.scope],
        is_for_all=request.scope in OF_ALL_STORES,
        destination=origin,
        action=with_query(context.url, context.query),
        complaint=complaint,
    )
    # Browsers apply form-action to the redirect after a form as well; frames would
    # allow clickjacking.
    policy = PAGE_POLICY.replace(
        "form-action 'self'", f"form-action 'self' {origin}"
    ).replace("frame-ancestors 'self'", "frame-ancestors 'none'")
    headers = {
        "Content-Type": "text/html; charset=utf-8",
        "Content-Security-Policy": policy,
        # The URL has the state of the client, which its site should not leak on.
        "Referrer-Policy": "no-referrer",
        **PRIVATE,
    }
    return Response(page, 422 if complaint else 200, headers)


def _redirected(
    context: RequestContext, status: int, body: Any, headers: Any
) -> Response:
    location = dict(headers).get("Location")
    if location is None:
        raise BadRequest(str(dict(body or {}).get("error_description", "refused")))
    # The answer to a POST is fetched with GET.
    status = 303 if context.request.method == "POST" else status
    return Response(b"", status, {"Location": location, **PRIVATE})


# -- metadata -----------------------------------------------------------------


def _metadata(context: RequestContext, issuer: str = "") -> Response:  # noqa: ARG001
    """Return the authorization server metadata (RFC 8414)."""
    base = context.urls.base
    every, secret = list(CLIENT_METHODS), list(SECRET_METHODS)
    document = {
        "issuer": base,
        "scopes_supported": list(SCOPES),
        "response_types_supported": ["code"],
        "grant_types_supported": list(GRANTS),
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": every,
        "revocation_endpoint_auth_methods_supported": every,
        "introspection_endpoint_auth_methods_supported": secret,
        "service_documentation": base + DOCS,
        **{f"{name}_endpoint": base + path for name, path in ENDPOINTS.items()},
    }
    return respond_cacheable(context, _encoded(document), JSON)


def register_routes(app: Flask, _registry: ResourceRegistry) -> None:
    """Register the routes."""
    token = OperationSpec(
        statuses=(200, 409, *_REFUSALS), fields=TOKEN_FIELDS, answer=_GIVEN
    )
    revocation = OperationSpec(statuses=(200, *_REFUSALS), fields=_ABOUT_TOKEN)
    asked = OperationSpec(
        statuses=(200, *_REFUSALS), fields=_ABOUT_TOKEN, answer=_KNOWN
    )
    consent = OperationSpec(statuses=(200, 302, 303))
    decision = OperationSpec(statuses=(200, 303, 403, 413, 415, 422), fields=_DECISION)
    metadata = {"GET": OperationSpec(statuses=(200, 304, 412))}
    page = ("text/html",)
    issuer = "/.well-known/oauth-authorization-server"
    for name, summaries, views, spec in (
        ("token", TOKEN_METHODS, {"POST": _token}, token),
        (
            "revocation",
            REVOCATION_METHODS,
            {"POST": _endpoint("revocation")},
            revocation,
        ),
        (
            "introspection",
            INTROSPECTION_METHODS,
            {"POST": _endpoint("introspection")},
            asked,
        ),
    ):
        publish_route(app, _plain(ENDPOINTS[name], summaries, {"POST": spec}), views)
    publish_route(
        app,
        _plain(
            ENDPOINTS["authorization"],
            AUTHORIZE_METHODS,
            {"GET": consent, "POST": decision},
            page,
        ),
        {"GET": _consent_form, "POST": _decide},
    )
    # An issuer that has a path is looked for under it (RFC 8414, section 3).
    for path in (issuer, f"{issuer}/<path:issuer>"):
        publish_route(app, _plain(path, METADATA_METHODS, metadata), {"GET": _metadata})


def _plain(
    path: str,
    summaries: Mapping[str, str],
    operations: Mapping[str, OperationSpec],
    media_types: tuple[str, ...] = (JSON,),
) -> Route:
    """Declare an address of the protocol, which sets the type of its answers."""
    return Route(
        path,
        summaries,
        is_negotiated=False,
        is_api=False,
        is_page=media_types != (JSON,),
        media_types=media_types,
        operations=operations,
    )
