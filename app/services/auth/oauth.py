"""The authorization server: Authlib's protocol over our clients and tokens.

Authlib decides what is valid (RFC 6749, 7009, 7636, 7662); here is only where things
are kept. It is imported at the first request that needs it.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

from authlib.oauth2 import AuthorizationServer as Protocol
from authlib.oauth2 import OAuth2Error, OAuth2Request
from authlib.oauth2.rfc6749 import (
    ClientMixin,
    InvalidGrantError,
    InvalidRequestError,
    InvalidScopeError,
    TokenMixin,
    grants,
)
from authlib.oauth2.rfc6749.requests import BasicOAuth2Payload
from authlib.oauth2.rfc6750 import BearerTokenGenerator
from authlib.oauth2.rfc7009 import RevocationEndpoint
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oauth2.rfc7662 import IntrospectionEndpoint
from sqlalchemy import bindparam, delete, select, update

from app.database import Database, Statement, Transaction
from app.models import AUTHORIZATION_CODES, OAUTH_CLIENTS, TOKENS, UPLOAD_SLOTS
from app.services.auth import authentication, clients, revocation
from app.services.auth.clients import ACCESS_LIFETIME, REFRESH_LIFETIME
from app.services.blob_removal import BlobRemoval
from app.services.clock import now
from app.services.principal import Principal, principal_of
from app.services.rows.row_types import ClientRow
from app.services.scopes import CLIENT_METHODS, GRANTS, NARROWER, SCOPES, SECRET_METHODS

CODE_LIFETIME = 600
FORGOTTEN = 86_400
"""Seconds after which an expired access token is no longer told from an unknown."""


_T = TOKENS.c
_TOKEN = Statement(select(TOKENS).where(_T.digest == bindparam("digest")))
_PUBLIC = Statement(
    select(OAUTH_CLIENTS.c.id).where(
        OAUTH_CLIENTS.c.id == bindparam("id"), OAUTH_CLIENTS.c.secret_digest.is_(None)
    )
)
_CODE = Statement(
    select(AUTHORIZATION_CODES).where(
        AUTHORIZATION_CODES.c.digest == bindparam("digest")
    )
)

Answer = tuple[int, Any, list[tuple[str, str]]]
"""A status, a body, and headers."""


class Client(ClientMixin):
    """A client as the protocol asks about it."""

    def __init__(self, record: ClientRow) -> None:
        self.record = record
        self.redirect_uris = self.record["redirect_uris"].split()

    @property
    def is_public(self) -> bool:
        """Whether it is a public client, without a secret (RFC 6749, section 2.1)."""
        return self.record["secret_digest"] is None

    def get_client_id(self) -> str:
        """Return the public id."""
        return str(self.record["client_id"])

    def get_default_redirect_uri(self) -> str | None:
        """Return the only redirect URI."""
        return self.redirect_uris[0] if len(self.redirect_uris) == 1 else None

    def get_allowed_scope(self, scope: str | None) -> str | None:
        """Narrow a scope to what the client may have."""
        return clients.allowed_scope(self.record["scope"], scope)

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        """Return whether a URI is registered; on loopback, with any port (RFC 8252)."""
        if redirect_uri in self.redirect_uris:
            return True
        wanted = clients.loopback_parts(redirect_uri)
        return wanted is not None and wanted in map(
            clients.loopback_parts, self.redirect_uris
        )

    def check_client_secret(self, client_secret: str) -> bool:
        """Compare a secret."""
        return clients.is_secret_of(self.record, client_secret)

    def check_endpoint_auth_method(
        self,
        method: str,
        endpoint: str,  # noqa: ARG002
    ) -> bool:
        """Return whether the client may authenticate by a secret, or without one."""
        return (method == "none") == self.is_public

    def check_response_type(self, response_type: str) -> bool:
        """Return whether the client may use the consent page."""
        return response_type == "code" and bool(self.redirect_uris)

    def check_grant_type(self, grant_type: str) -> bool:
        """Return whether the client may use this grant type."""
        if grant_type == "client_credentials":
            record = self.record
            is_for_all = record["store_id"] is None and bool(self.redirect_uris)
            return not self.is_public and not is_for_all
        if grant_type == "authorization_code":
            return bool(self.redirect_uris)
        return grant_type in GRANTS


@dataclass(frozen=True)
class IssuedToken(TokenMixin):
    """A token or code as the protocol asks about it."""

    record: Mapping[str, Any]

    def check_client(self, client: Client) -> bool:
        """Return whether the token was issued to this client."""
        return bool(self.record["client_id"] == client.record["id"])

    def get_scope(self) -> str:
        """Return the scope."""
        return str(self.record["scope"])

    def get_redirect_uri(self) -> str:
        """Return the redirect URI that a code was asked for with."""
        return str(self.record["redirect_uri"])

    def is_expired(self) -> bool:
        """Return whether the token has expired."""
        expires = self.record["date_expires"]
        return expires is not None and expires <= now()

    def is_revoked(self) -> bool:
        """Return whether the token was revoked."""
        return self.record["date_revoked"] is not None

    @property
    def code_digest(self) -> str | None:
        """The digest of the authorization code that this is, or came of."""
        found = self.record.get("code_digest", self.record["digest"])
        return None if found is None else str(found)

    @property
    def code_challenge(self) -> Any:
        """The challenge of PKCE."""
        return self.record["code_challenge"]

    @property
    def code_challenge_method(self) -> Any:
        """The method of the code challenge (RFC 7636)."""
        return self.record["code_challenge_method"]


class AuthorizationServer(Protocol):
    """The server of one installation."""

    def __init__(self, database: Database, removal: BlobRemoval) -> None:
        super().__init__(scopes_supported=list(SCOPES))
        self.database = database
        self.removal = removal
        self.register_token_generator(
            "default",
            BearerTokenGenerator(_new_text, _new_text, ACCESS_LIFETIME),
        )
        self.register_grant(ClientCredentials)
        self.register_grant(RefreshToken)
        self.register_grant(AuthorizationCode, [_Challenge(required=True)])
        self.register_endpoint(Revocation)
        self.register_endpoint(Introspection)

    def query_client(self, client_id: str) -> Client | None:
        """Return a client by its id, or None."""
        with self.database.reading() as db:
            record = clients.find_client(db, client_id)
        return None if record is None else Client(record)

    def save_token(self, token: Mapping[str, Any], request: OAuth2Request) -> None:
        """Store the digests of new tokens, and delete those that expired long ago."""
        code: Any = getattr(request, "authorization_code", None)
        once: IssuedToken | None = code or _rotated(request)
        keys: list[str] = []
        with self.database.writing() as tx:
            take = _take if code is not None else _retire
            # Checked again inside the transaction: a token may have been revoked since
            # Authlib read it.
            is_valid = _are_valid(tx, request)
            is_first = once is None or take(tx, once)
            if is_first and is_valid:
                self._save(tx, token, request)
            elif not is_first and once is not None:
                keys = _end_grant(tx, once)
        # Of two requests with a code, or with a token that rotates, the second finds it
        # used and undoes the first: one of them is a thief's.
        self.removal.remove(keys)
        if not (is_first and is_valid):
            raise InvalidGrantError

    def end_grant(self, granted: "IssuedToken") -> None:
        """Revoke all tokens of a grant."""
        with self.database.writing() as tx:
            keys = _end_grant(tx, granted)
        self.removal.remove(keys)

    def is_public(self, granted: "IssuedToken") -> bool:
        """Return whether a token belongs to a client that can keep no secret."""
        with self.database.reading() as db:
            return db.value(_PUBLIC, id=granted.record["client_id"]) is not None

    @staticmethod
    def _save(
        tx: Transaction, token: Mapping[str, Any], request: OAuth2Request
    ) -> None:
        client, user = request.client.record, request.user
        lasting = authentication.lasting_parent(tx, user.token_id)
        # The token that consented; revoking it revokes what is issued here.
        parent_id = lasting.parent_id
        create = partial(
            authentication.create_token,
            store_id=user.store_id,
            client_id=client["id"],
            code_digest=_code_of(request),
            parent_id=parent_id,
            user_id=lasting.user_id or user.user_id,
        )
        # What an upload slot was made with is still asked for.
        of_slot = select(UPLOAD_SLOTS.c.token_id).where(
            UPLOAD_SLOTS.c.token_id.is_not(None)
        )
        tx.execute(
            delete(TOKENS).where(
                _T.client_id == client["id"],
                _T.date_expires < now() - FORGOTTEN,
                _T.id.not_in(of_slot),
            )
        )
        create(
            tx,
            scope=token["scope"],
            token=token["access_token"],
            lifetime=authentication.lifetime_with(tx, parent_id, ACCESS_LIFETIME),
        )
        rotated = _rotated(request)
        refresh = token.get("refresh_token")
        if refresh and (rotated or not getattr(request, "refresh_token", None)):
            create(
                tx,
                # One that takes another's place is good for as much.
                scope=rotated.get_scope() if rotated else token["scope"],
                token=refresh,
                kind=authentication.REFRESH,
                lifetime=authentication.lifetime_with(tx, parent_id, REFRESH_LIFETIME),
            )

    def create_oauth2_request(self, request: OAuth2Request) -> OAuth2Request:
        """Return the request, which the view has created."""
        return request

    def handle_response(self, status: int, body: Any, headers: Any) -> Answer:
        """Return the response as Authlib made it."""
        return status, body, headers

    def send_signal(self, name: str, *args: Any, **options: Any) -> None:
        """Do nothing: nobody listens."""

    def token(self, text: str) -> IssuedToken | None:
        """Return an access or refresh token, or None."""
        with self.database.reading() as db:
            record = db.record(_TOKEN, digest=authentication.token_digest(text))
        return None if record is None else IssuedToken(record)


class ClientCredentials(grants.ClientCredentialsGrant):
    """A client acts for itself: for the store, or all stores, it was made for."""

    TOKEN_ENDPOINT_AUTH_METHODS: ClassVar = list(SECRET_METHODS)

    def validate_token_request(self) -> None:
        """Validate the request and set its store."""
        super().validate_token_request()
        record = self.request.client.record
        self.request.user = principal_of(record["scope"], record["store_id"])


class RefreshToken(grants.RefreshTokenGrant):
    """A client goes on.

    The token of a confidential client stays, so that parallel refreshes all work. That
    of a public one rotates, since anybody could send it: one that comes again ends all
    tokens of its grant (RFC 9700, section 4.14.2).
    """

    TOKEN_ENDPOINT_AUTH_METHODS: ClassVar = list(CLIENT_METHODS)

    def authenticate_refresh_token(self, refresh_token: str) -> IssuedToken | None:
        """Return a valid refresh token, or None."""
        found = self.server.token(refresh_token)
        # An access token in the place of a refresh token is no refresh token.
        if found is None or found.record["kind"] != authentication.REFRESH:
            return None
        if not found.check_client(self.request.client):
            # What another client sends must not end this one's grant.
            return None
        if found.is_revoked() and self.server.is_public(found):
            self.server.end_grant(found)
        # The replay is answered like any other invalid token, once the grant has ended.
        return None if found.is_expired() or found.is_revoked() else found

    def authenticate_user(self, refresh_token: IssuedToken) -> Principal:
        """Return the store of the grant, and the token that consented to it."""
        record = refresh_token.record
        return principal_of(
            record["scope"],
            record["store_id"],
            token_id=record["parent_id"] or 0,
            user_id=record["user_id"],
        )

    def _validate_token_scope(self, token: IssuedToken) -> None:
        wanted = self.request.payload.scope
        # A refresh may narrow the scope, never widen it (RFC 6749, section 6).
        if wanted and wanted.strip() not in NARROWER[token.get_scope()]:
            raise InvalidScopeError

    def issue_token(
        self, user: Principal, refresh_token: IssuedToken
    ) -> dict[str, Any]:
        """Return a token response with the same refresh token, or a rotated one."""
        if self.request.client.is_public:
            scope = self.request.payload.scope or refresh_token.get_scope()
            rotated: dict[str, Any] = self.generate_token(
                user=user, scope=scope, include_refresh_token=True
            )
            return rotated
        token: dict[str, Any] = super().issue_token(user, refresh_token)
        return {**token, "refresh_token": self.request.form["refresh_token"]}

    def revoke_old_credential(self, refresh_token: IssuedToken) -> None:
        """Do nothing: a client may still use its older tokens."""


class AuthorizationCode(grants.AuthorizationCodeGrant):
    """A store's owner let a client in, on the consent page."""

    TOKEN_ENDPOINT_AUTH_METHODS: ClassVar = list(CLIENT_METHODS)

    def save_authorization_code(self, code: str, request: OAuth2Request) -> None:
        """Store the digest of a code."""
        with self.server.database.writing() as tx:
            codes = AUTHORIZATION_CODES
            # Keeps the table small without a task of its own.
            tx.execute(delete(codes).where(codes.c.date_expires < now()))
            tx.connection.execute(
                codes.insert().values(
                    digest=authentication.token_digest(code),
                    client_id=request.client.record["id"],
                    redirect_uri=request.payload.redirect_uri or "",
                    scope=request.scope,
                    store_id=request.user.store_id,
                    token_id=request.user.token_id or None,
                    code_challenge=request.payload.data.get("code_challenge"),
                    code_challenge_method=request.payload.data.get(
                        "code_challenge_method"
                    ),
                    date_expires=now() + CODE_LIFETIME,
                )
            )

    def query_authorization_code(self, code: str, client: Client) -> IssuedToken | None:
        """Return a valid code of the client, or None."""
        with self.server.database.reading() as db:
            record = db.record(_CODE, digest=authentication.token_digest(code))
        found = None if record is None else IssuedToken(record)
        if found is None or found.is_expired() or not found.check_client(client):
            return None
        # A used code was perhaps stolen: all tokens it led to are revoked (RFC 6749,
        # section 4.1.2).
        if found.record["date_used"] is not None:
            self.server.end_grant(found)
            return None
        return found

    def delete_authorization_code(self, authorization_code: IssuedToken) -> None:
        """Do nothing: the code was marked as used when its tokens were saved."""

    def authenticate_user(self, authorization_code: IssuedToken) -> Principal:
        """Return the store of the grant, and the token that consented to it."""
        record = authorization_code.record
        return principal_of(
            record["scope"], record["store_id"], token_id=record["token_id"] or 0
        )


class Revocation(RevocationEndpoint):
    """A client gives a token back (RFC 7009); with a refresh token, all it led to."""

    CLIENT_AUTH_METHODS: ClassVar = list(CLIENT_METHODS)

    def query_token(self, token_string: str, _hint: str | None) -> IssuedToken | None:
        """Return a token, or None."""
        found: IssuedToken | None = self.server.token(token_string)
        return found

    def revoke_token(self, token: IssuedToken, _request: OAuth2Request) -> None:
        """Revoke the token."""
        record = token.record
        server = self.server
        with server.database.writing() as tx:
            if record["kind"] == authentication.REFRESH:
                keys = _end_grant(tx, token)
            else:
                # An access token ends alone; its refresh token stays (RFC 7009, section
                # 2.1).
                keys = revocation.revoke_tokens(tx, _T.id == record["id"]).partial_keys
        server.removal.remove(keys)


class Introspection(IntrospectionEndpoint):
    """A client asks about a token (RFC 7662): of its own, or of its store."""

    CLIENT_AUTH_METHODS: ClassVar = list(SECRET_METHODS)

    def query_token(self, token_string: str, _hint: str | None) -> IssuedToken | None:
        """Return a token, or None."""
        found: IssuedToken | None = self.server.token(token_string)
        return found

    def check_permission(
        self, token: IssuedToken, client: Client, _request: OAuth2Request
    ) -> bool:
        """Return whether the client may inspect the token."""
        store_id = client.record["store_id"]
        # A client of all stores has no store of its own, and so may ask about its own
        # tokens only.
        is_of_its_store = store_id is not None and store_id == token.record["store_id"]
        return token.check_client(client) or is_of_its_store

    def introspect_token(self, token: IssuedToken) -> dict[str, Any]:
        """Return the introspection response (RFC 7662)."""
        record = token.record
        found = {
            "active": True,
            "scope": record["scope"],
            "token_type": "Bearer"
            if record["kind"] == authentication.ACCESS
            else "refresh",
            "iat": record["date_created"],
        }
        if record["date_expires"] is not None:
            found["exp"] = record["date_expires"]
        if record["store_id"] is not None:
            found["store_id"] = record["store_id"]
        return found


class Request(OAuth2Request):
    """A request as the protocol takes it.

    Whether the way to here is secure is decided by who runs the server (a proxy may
    end TLS), so the protocol is told that it is.
    """

    def __init__(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        form: Mapping[str, str],
        query: Mapping[str, str],
    ) -> None:
        super().__init__(method, "https://" + url.partition("://")[2], headers=headers)
        self.payload = BasicOAuth2Payload({**query, **form})
        self._form, self._query = form, query

    @property
    def args(self) -> Mapping[str, str]:
        """The parameters of the query."""
        return self._query

    @property
    def form(self) -> Mapping[str, str]:
        """The parameters of the body."""
        return self._form


class _Challenge(CodeChallenge):
    """PKCE by digest alone: the plain method protects from nothing."""

    DEFAULT_CODE_CHALLENGE_METHOD = "S256"
    SUPPORTED_CODE_CHALLENGE_METHOD: ClassVar = ["S256"]

    def validate_code_challenge(self, grant: Any, redirect_uri: str) -> None:
        """Raise an error for a client that could not redeem the code."""
        if grant.request.client.is_public and not grant.request.payload.data.get(
            "code_challenge"
        ):
            raise InvalidRequestError("Missing 'code_challenge'")
        super().validate_code_challenge(grant, redirect_uri)


def _take(tx: Transaction, code: IssuedToken) -> bool:
    """Use a code, in the transaction that saves its tokens; False if it was used."""
    codes = AUTHORIZATION_CODES.c
    # The condition and the change in one statement: of two requests exactly one takes
    # the code.
    taken = tx.execute(
        update(AUTHORIZATION_CODES)
        .where(codes.digest == code.record["digest"], codes.date_used.is_(None))
        .values(date_used=now())
    )
    return taken == 1


def _are_valid(tx: Transaction, request: OAuth2Request) -> bool:
    """Return whether the grant and client of a new token are still valid."""
    client, parent_id = request.client.record, request.user.token_id
    refresh: IssuedToken | None = getattr(request, "refresh_token", None)
    tokens = [parent_id] if parent_id else []
    tokens += [refresh.record["id"]] if refresh is not None else []
    return clients.find_client(tx, client["client_id"]) is not None and all(
        authentication.is_valid(tx, principal_of("", None, token_id=number))
        for number in tokens
    )


def _rotated(request: OAuth2Request) -> IssuedToken | None:
    """Return the refresh token that a request replaces, if it is one that rotates."""
    granted: IssuedToken | None = getattr(request, "refresh_token", None)
    return granted if granted is not None and request.client.is_public else None


def _retire(tx: Transaction, rotated: IssuedToken) -> bool:
    """Revoke a refresh token that is replaced; False if another request was first."""
    return (
        tx.execute(
            update(TOKENS)
            .where(_T.id == rotated.record["id"], _T.date_revoked.is_(None))
            .values(date_revoked=now())
        )
        == 1
    )


def _end_grant(tx: Transaction, granted: IssuedToken) -> list[str]:
    """Revoke all tokens of the grant that a code or refresh token belongs to.

    It is given back (RFC 7009, section 2.1), or was used a second time (RFC 6749,
    section 4.1.2; RFC 9700, section 4.14.2). Return the keys of partial uploads.
    """
    record = granted.record
    return revocation.end_grant(
        tx, record["client_id"], record["store_id"], granted.code_digest
    ).partial_keys


def _code_of(request: OAuth2Request) -> str | None:
    """Return the digest of the code that a token comes of, at first hand or not."""
    code = getattr(request, "authorization_code", None)
    if code is not None:
        return str(code.record["digest"])
    refresh = getattr(request, "refresh_token", None)
    return None if refresh is None else refresh.record["code_digest"]


def _new_text(**_about: Any) -> str:
    return authentication.PREFIX + secrets.token_urlsafe(32)


__all__ = ["AuthorizationServer", "OAuth2Error", "Request"]
