"""The state of one request: principal, negotiated format, database session.

What costs a query is looked up when a resource asks for it.

Tested in `tests/wire/test_formats.py`.
"""

import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, quote

from flask import Request, Response, current_app

from app.build import build_digest
from app.caching import cache_short_keys
from app.database import Row, Snapshot, Transaction
from app.errors import (
    BadRequest,
    Forbidden,
    NotAcceptable,
    PreconditionFailed,
    PreconditionRequired,
    Unauthorized,
)
from app.http.browser import Browser, browser_of
from app.http.cached_attribute import lazy
from app.http.environ import REFUSED
from app.http.headers.accept import Choice, negotiate
from app.http.headers.accept_encoding import IDENTITY, choose_coding
from app.http.headers.accept_language import language_ranges
from app.http.headers.body_headers import ensure_supported
from app.http.headers.conditional import (
    Outcome,
    Validators,
    entity_tag,
    evaluate_conditions,
)
from app.http.headers.field_syntax import ensure_bounded
from app.http.headers.prefer import Preferences, parse_prefer
from app.http.hypermedia.document_builder import RenderContext
from app.http.pagination import Query
from app.http.paths import RELS
from app.http.query.query_limits import MAX_PARAMETERS, MAX_QUERY
from app.http.rate_limit import ensure_within_limit
from app.services import clock
from app.services.auth import authentication, sessions
from app.services.operations.installation import Installation
from app.services.principal import Principal
from app.services.rows.localization import Localization
from app.services.scopes import STORE
from representations import (
    ERROR_REPRESENTATIONS,
    HAL,
    REPRESENTATIONS,
    Failure,
    Representation,
    Viewer,
    Vocabulary,
)

VIEWER = "sirenhall.viewer"
"""The extension that builds what pages show of who looks at them."""

VERSION_HEADER = "FOXY-API-VERSION"
FOXY_VERSION = "1"

REALM = 'Bearer realm="sirenhall"'
CONDITIONS = frozenset(
    {
        "HTTP_IF_MATCH",
        "HTTP_IF_NONE_MATCH",
        "HTTP_IF_MODIFIED_SINCE",
        "HTTP_IF_UNMODIFIED_SINCE",
    }
)
# Links are built from it, so it must not contain a path, a user or markup.
_HOST = re.compile(
    r"[a-z0-9._-]{1,253}(:[0-9]{1,5})?|\[[0-9a-f:.]{2,45}\](:[0-9]{1,5})?",
    re.IGNORECASE,
)
# What a path may hold unencoded (RFC 3986, section 3.3).
_PATH_SAFE = "/:@!$&'()*+,;=~"


class RequestContext:
    """The state of one request: principal, negotiated format, database snapshot.

    It is closed when the response is built.
    """

    def __init__(self, installation: Installation, request: Request) -> None:
        self.installation = installation
        self.settings = installation.settings
        self.request = request
        self.started = time.perf_counter()
        self.offers = REPRESENTATIONS
        self.profile = ""
        self.shown_languages: set[str] = set()
        self.is_negotiated = True
        self.is_only_page = False
        self.is_framed = False
        """Whether anybody may show the page inside another: it knows nobody."""
        self.typed: Mapping[str, str] | None = None
        """The fields of the form that was sent, as they were typed."""
        self.choices: dict[str, tuple[Any, ...]] = {}
        """The choices of fields by resource type, as they were looked up."""
        self.failure: Failure | None = None
        """The form that was refused, while its page is shown again."""
        self.show_page: Callable[[], Response] | None = None
        """Shows the page that the form of this request is on."""
        self._db: Snapshot | None = None
        self._tx: Transaction | None = None

    def reject_malformed(self) -> None:
        """Raise an error for a malformed request, before anything is looked up.

        Raise `BadRequest`, `UnsupportedMediaType` or `ExpectationFailed`.
        """
        refused = self.request.environ.get(REFUSED)
        if refused:
            raise BadRequest(refused)
        ensure_bounded(self.request.environ)
        ensure_supported(self.request.environ)
        RequestContext.urls.compute(self)

    def ensure_answerable(self, *, is_versioned: bool) -> None:
        """Raise an error if the answer cannot be as the client asks for it.

        `is_versioned` tells whether the version of the API is looked at. Raise
        `BadRequest` or `NotAcceptable`.
        """
        if is_versioned:
            RequestContext.is_foxy.compute(self)
        if self.is_negotiated:
            RequestContext.choice.compute(self)

    def use_fallbacks(self) -> None:
        """Replace invalid request values, so that an error response can be rendered.

        The fallbacks are HAL, the server's own name, and an empty query.
        """
        try:
            RequestContext.query.compute(self)
        except BadRequest:
            self.replace_query(())
        self.profile = ""
        try:
            choice = self._chosen(ERROR_REPRESENTATIONS)
        except NotAcceptable:
            choice = Choice(HAL, HAL.media_types[0])
        RequestContext.choice.override(self, choice)
        try:
            RequestContext.urls.compute(self)
        except BadRequest:
            environ = self.request.environ
            base = f"http://{environ['SERVER_NAME']}:{environ['SERVER_PORT']}"
            urls = RenderContext(base, Vocabulary(f"{base}{RELS}/", home=f"{base}/"))
            RequestContext.urls.override(self, urls)

    # -- how it is answered -------------------------------------------------

    @lazy
    def choice(self) -> Choice:
        """The format of the answer. Raise `NotAcceptable`."""
        return self._chosen(self.offers)

    def _chosen(self, offers: tuple[Representation, ...]) -> Choice:
        # The query comes before Accept, because people cannot set headers in an address
        # bar.
        name = dict(self.query).get("format") if self.query else None
        if name is not None:
            by_name = {r.name: r for r in offers}
            if name not in by_name:
                raise NotAcceptable(
                    f"format {name[:40]!r} is not available; available are "
                    + ", ".join(by_name)
                )
            representation = by_name[name]
            return Choice(representation, representation.media_types[0])
        header = self.request.environ.get("HTTP_ACCEPT", "")
        choice = negotiate(header, offers)
        if choice is None:
            types = ", ".join(r.media_types[0] for r in offers)
            raise NotAcceptable(
                f"none of the types in Accept is available; available are {types}"
            )
        return choice

    @lazy
    def is_foxy(self) -> bool:
        """Whether the client asked for version 1 of Foxy's API. Raise `BadRequest`."""
        version = self.request.environ.get("HTTP_FOXY_API_VERSION")
        if version is None:
            if self.settings.require_api_version:
                raise BadRequest(
                    f"the header {VERSION_HEADER} is required; send "
                    f"{VERSION_HEADER}: {FOXY_VERSION}"
                )
            return False
        if version.strip() != FOXY_VERSION:
            raise BadRequest(
                f"{VERSION_HEADER} {version[:40]!r} is not known; the only version "
                f"is {FOXY_VERSION}"
            )
        return True

    @lazy
    def urls(self) -> RenderContext:
        """The base URL of all links: set, or the request's own."""
        base = self.settings.public_url.rstrip("/") or self._own_base()
        rels = self.settings.rel_base or f"{base}{RELS}/"
        return RenderContext(base, Vocabulary(rels, home=f"{base}/"))

    @lazy
    def viewer(self) -> Viewer:
        """Who looks at a page; nobody in particular where others may frame it."""
        build: Callable[[RequestContext], Viewer] = current_app.extensions[VIEWER]
        return build(self)

    @lazy
    def render_context(self) -> RenderContext:
        """The context of rendering; read-only principals see no secrets."""
        # A webhook key signs messages, so whoever may only read must not see it.
        return replace(self.urls, hides_secrets=not self.principal.can_write)

    def _own_base(self) -> str:
        environ = self.request.environ
        # HTTP/1.0 clients may send no Host.
        host = environ.get("HTTP_HOST")
        if host is None:
            host = f"{environ['SERVER_NAME']}:{environ['SERVER_PORT']}"
        if environ["wsgi.url_scheme"] not in {"http", "https"}:
            raise BadRequest("X-Forwarded-Proto must be http or https")
        if not _HOST.fullmatch(host):
            raise BadRequest("the Host header is not a host name")
        prefix = environ.get("SCRIPT_NAME", "").rstrip("/")
        return f"{environ['wsgi.url_scheme']}://{host}{prefix}"

    @lazy
    def query(self) -> Query:
        """The query's parameters in their order. Raise `BadRequest`."""
        text = self.request.environ.get("QUERY_STRING", "")
        if not text:
            return ()
        return _parameters(text)

    def replace_query(self, query: Query) -> None:
        """Use other parameters from now on."""
        RequestContext.query.override(self, query)

    @property
    def url(self) -> str:
        """The requested URL without its query."""
        return self.urls.base + quote(self.request.path, safe=_PATH_SAFE)

    @property
    def coding(self) -> str:
        """The content coding of the response, if it is large enough."""
        accepted = self.request.environ.get("HTTP_ACCEPT_ENCODING")
        return choose_coding(accepted) if accepted else IDENTITY

    @lazy
    def languages(self) -> tuple[str, ...]:
        """The languages that the client would rather read, the best first."""
        header = self.request.environ.get("HTTP_ACCEPT_LANGUAGE")
        return language_ranges(header) if header else ()

    def localized(
        self,
        localization: Localization | None,
        names: Sequence[str],
        rows: Sequence[Row],
    ) -> Sequence[Row]:
        """Return rows with their texts in the best of the requested languages."""
        if localization is None or not self.languages or not rows:
            return rows
        shown, used = localization.localize(self.db, names, rows, self.languages)
        self.shown_languages |= used
        return shown

    @lazy
    def preferences(self) -> Preferences:
        """The preferences of the client (RFC 7240)."""
        return parse_prefer(self.request.environ.get("HTTP_PREFER", ""))

    # -- who asks -----------------------------------------------------------

    @lazy
    def principal(self) -> Principal:
        """The principal of the request. Raise `Unauthorized`."""
        header = self.request.environ.get("HTTP_AUTHORIZATION", "")
        if not header and self.browser.session:
            return self._signed_in()
        scheme, _, token = header.partition(" ")
        if not header or scheme.lower() != "bearer" or not token.strip():
            sent = (
                _SENT.get(scheme.lower(), "Bearer is missing before the token. ")
                if header
                else ""
            )
            raise Unauthorized(
                f"{sent}A token is needed: send Authorization: Bearer <token>; "
                "`sirenhall token create` makes one",
                headers={"WWW-Authenticate": REALM},
            )
        # Who has another one to show may try; Foxy's PHP client waits for this text.
        reason = "The access token provided is invalid"
        try:
            principal = authentication.authenticate(self.db, token.strip())
        except authentication.TokenExpired:
            reason, principal = "The access token provided has expired", None
        if principal is None:
            raise _invalid_token(reason)
        ensure_within_limit(principal)
        return principal

    def _signed_in(self) -> Principal:
        """Return the principal of the session. Raise `Unauthorized` or `Forbidden`."""
        principal = sessions.authenticate_session(self.db, self.browser.session)
        if principal is None or not (self.is_page or self.browser.has_form_token):
            raise Unauthorized(
                "A session of a browser counts for pages alone: send Authorization: "
                "Bearer <token>"
                if principal
                else "You are not signed in any more; please sign in again",
                headers={"WWW-Authenticate": REALM},
            )
        is_read = self.request.method in {"GET", "HEAD", "OPTIONS"}
        if not (is_read or self.browser.has_form_token):
            raise Forbidden(
                "this form was not made for you, or you have signed in anew since: "
                "reload the page and try again"
            )
        return principal

    @lazy
    def browser(self) -> Browser:
        """The cookies of the request."""
        return browser_of(self.request.environ, self.installation.secret_key)

    @property
    def is_page(self) -> bool:
        """Whether the answer is a page. Raise `NotAcceptable`."""
        if self.is_only_page or not self.is_negotiated:
            return self.is_only_page
        return self.choice.representation.is_for_people

    @property
    def is_signed_in(self) -> bool:
        """Whether the principal is known by a session, and so a browser's."""
        principal = self.known_principal
        return principal is not None and "HTTP_AUTHORIZATION" not in (
            self.request.environ
        )

    @property
    def known_principal(self) -> Principal | None:
        """The principal if it is known already, else None."""
        if RequestContext.principal.is_computed(self):
            return self.principal
        return None

    def authenticate_with(self, token: str) -> Principal:
        """Authenticate a token that came elsewhere than in Authorization.

        Raise `Unauthorized`.
        """
        # Rate limits and logs look at this header, so a token from elsewhere is put
        # there.
        self.request.environ["HTTP_AUTHORIZATION"] = f"Bearer {token}"
        RequestContext.principal.reset(self)
        return self.principal

    @lazy
    def visitor(self) -> Principal | None:
        """The principal, or None without a token: for public resources."""
        if "HTTP_AUTHORIZATION" in self.request.environ:
            return self.principal
        if not self.browser.session:
            return None
        try:
            return self.principal
        except Unauthorized:
            # A session that has ended is no reason to refuse what is public.
            return None

    @lazy
    def writer(self) -> Principal:
        """The principal of a request that changes something. Raise `Forbidden`."""
        if not self.principal.can_write:
            raise Forbidden(
                f"a token with the scope {self.principal.scope} can only read",
                headers={
                    "WWW-Authenticate": f'{REALM}, error="insufficient_scope", '
                    f'scope="{STORE}"'
                },
            )
        return self.principal

    # -- the database -------------------------------------------------------

    @property
    def db(self) -> Snapshot:
        """One view of the database for the whole request, or its open transaction."""
        # Inside a transaction reads must see its changes.
        if self._tx is not None:
            return self._tx
        if self._db is None:
            self._db = self.installation.database.snapshot()
        return self._db

    @contextmanager
    def writing(self) -> Iterator[Transaction]:
        """Open a transaction; the view of before is given up.

        What only the request says is parsed before: nobody else can write meanwhile.
        Raise `BadRequest`, or `Unauthorized` where the token has ended since.
        """
        for parsed in (
            RequestContext.query,
            RequestContext.preferences,
            RequestContext.languages,
        ):
            parsed.compute(self)
        self.release_connection()
        principal = self.known_principal
        with self.installation.database.writing() as tx:
            # The token may have ended while a body came in at its sender's pace.
            if principal is not None and not authentication.is_valid(tx, principal):
                raise _invalid_token("The access token provided is invalid")
            self._tx = tx
            try:
                yield tx
            finally:
                self._tx = None

    def release_connection(self) -> None:
        """Return the connection to the pool, so that no slow client holds it."""
        if self._db is not None:
            self._db.close()
            self._db = None

    # -- conditions ---------------------------------------------------------

    def validators(
        self, revision: object, modified: int | None, *shape: object
    ) -> Validators:
        """Tag what is answered: its revision, and all else that makes the bytes."""
        # Everything that changes the bytes of the representation, apart from the
        # revision.
        urls = self.urls
        if self.choice.representation.is_for_people:
            # A page has a menu, a token and perhaps a notice for who looks at it.
            shape = (*shape, self.viewer)
        made_of = (
            f"{build_digest()} {revision} {self.choice.media_type} "
            f"{urls.base} {urls.vocabulary.base} "
            f"{self.is_foxy} {self.principal.scope} {self.principal.store_id} "
            f"{shape} {self.coding} {self.languages} "
            f"{self.request.environ.get('QUERY_STRING', '')}"
        )
        # Within its second, a resource may change again and look the same by date.
        if modified is not None and modified >= clock.now():
            modified = None
        return Validators(entity_tag(revision, made_of), modified, made_of)

    def ensure_may_change(self, record: Mapping[str, Any]) -> None:
        """Evaluate the preconditions of a change; raise 428 if a setting requires some.

        Raise `PreconditionFailed` or `PreconditionRequired`.
        """
        headers = self.request.headers
        if self.settings.require_preconditions and not (
            "If-Match" in headers or "If-Unmodified-Since" in headers
        ):
            raise PreconditionRequired(
                "send If-Match with the ETag of the version that you want to change"
            )
        self.ensure_matches(record)

    def ensure_matches(self, record: Mapping[str, Any]) -> None:
        """Evaluate the preconditions of a change, inside of its transaction.

        Raise `PreconditionFailed`.
        """
        headers = self.request.headers
        validators = self.validators(record["revision"], record["date_modified"])
        if (
            evaluate_conditions(headers.get, validators, is_read=False)
            is Outcome.FAILED
        ):
            raise PreconditionFailed(
                "the resource has changed since, or is not the one the request names; "
                "get it again and look before you change it"
                + _without_quotes(headers.get("If-Match", "*").strip())
            )


_SENT = {
    "basic": "Basic is for a client at the token endpoint only. ",
    "bearer": "After Bearer there is no token. ",
}


def _invalid_token(reason: str) -> Unauthorized:
    """Return the error for a token that is not valid (RFC 6750, section 3)."""
    challenge = f'{REALM}, error="invalid_token", error_description="{reason}"'
    return Unauthorized(reason, headers={"WWW-Authenticate": challenge})


def _without_quotes(sent: str) -> str:
    """Return a hint for a malformed or weak tag, or an empty text."""
    if sent.startswith("W/"):
        return "; a weak tag (W/) is never a condition of a change"
    if sent == "*" or '"' in sent:
        return ""
    return f'; a tag is sent with its quotes, as "{sent[:40]}"'


@cache_short_keys(len)
def _parameters(text: str) -> Query:
    if len(text) > MAX_QUERY:
        raise BadRequest(f"the query has more than {MAX_QUERY} characters")
    if text.count("&") >= MAX_PARAMETERS:
        raise BadRequest(f"the query has more than {MAX_PARAMETERS} parameters")
    try:
        return tuple(parse_qsl(text, keep_blank_values=True, errors="strict"))
    except ValueError:
        raise BadRequest("the query is not UTF-8") from None
