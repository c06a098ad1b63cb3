"""OAuth clients: programs that get tokens for stores."""

import hmac
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from sqlalchemy import bindparam, select, update

from app.database import RowStatement, Snapshot, Transaction
from app.errors import ConfigurationError
from app.models import OAUTH_CLIENTS, TOKENS
from app.services.auth import authentication, revocation
from app.services.clock import now
from app.services.rows.row_types import ClientRow, ListedClientRow
from app.services.scopes import NARROWER

PREFIX = "client_"
ACCESS_LIFETIME = 7200
REFRESH_LIFETIME = 315_360_000
"""Ten years, as Foxy's."""

# RFC 8252, section 7.3; localhost is not recommended there, but in use.
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})

# RFC 3986, section 3, without a fragment.
_URI = re.compile(
    r"([A-Za-z][A-Za-z0-9+.-]*):[A-Za-z0-9._~:/?\[\]@!$&'()*+,;=%-]+", re.ASCII
)
_C = OAUTH_CLIENTS.c
_BY_CLIENT_ID = RowStatement(
    ClientRow,
    select(OAUTH_CLIENTS).where(
        _C.client_id == bindparam("client_id"), _C.date_revoked.is_(None)
    ),
)
_ALL = RowStatement(
    ListedClientRow,
    select(
        _C.client_id,
        _C.name,
        _C.scope,
        _C.store_id,
        _C.redirect_uris,
        _C.date_created,
        _C.date_revoked,
    ).order_by(_C.id),
)


@dataclass(frozen=True, slots=True)
class Credentials:
    """The credentials of a new client, which are shown only once."""

    client_id: str
    client_secret: str | None
    refresh_token: str | None
    access_token: str | None


def find_client(db: Snapshot, client_id: str) -> ClientRow | None:
    """Return the client of that public id; None if it is unknown or revoked."""
    return db.typed_record(_BY_CLIENT_ID, client_id=client_id)


def is_secret_of(client: ClientRow, secret: str) -> bool:
    """Return whether a secret is the client's, in constant time."""
    digest = client["secret_digest"]
    return digest is not None and hmac.compare_digest(
        digest, authentication.token_digest(secret)
    )


def ensure_redirectable(uri: str) -> None:
    """Raise `ConfigurationError` for an address to which no code may be sent.

    Over plain http it could be read on its way; a loopback address stays on the
    machine (RFC 8252, section 7.3). A native app has a scheme of its own, which is
    its reversed domain name (section 7.1): no other app has it by accident, and it is
    none that a browser runs, such as `javascript`.
    """
    found = _URI.fullmatch(uri)
    if found is None:
        raise ConfigurationError(
            f"--redirect-uri {uri}: must be an absolute URI without a fragment"
        )
    scheme = found[1].lower()
    if scheme == "https":
        if not _has_host(uri):
            raise ConfigurationError(
                f"--redirect-uri {uri}: must have a host, and no user or password"
            )
    elif scheme == "http":
        if loopback_parts(uri) is None:
            raise ConfigurationError(
                f"--redirect-uri {uri}: must be https; plain http is for "
                "http://127.0.0.1, http://[::1] and http://localhost only"
            )
    elif not all(scheme.split(".")) or "." not in scheme:
        raise ConfigurationError(
            f"--redirect-uri {uri}: the scheme of an app must be its reversed domain "
            f"name (RFC 8252), such as com.example.{scheme}:/callback"
        )


def _has_host(uri: str) -> bool:
    try:
        parts = urlsplit(uri)
        _ = parts.port
    except ValueError:
        return False
    return bool(parts.hostname) and "@" not in parts.netloc


def loopback_parts(uri: str) -> tuple[str, str, str] | None:
    """Return the parts of a loopback address to compare; its port may vary.

    None for any other address: whoever reads `localhost:80@evil.example` as
    localhost sends a code to evil.example.
    """
    try:
        parts = urlsplit(uri)
        _ = parts.port
    except ValueError:
        return None
    is_plain = parts.scheme == "http" and "@" not in parts.netloc and not parts.fragment
    if not is_plain or parts.hostname not in LOOPBACK or "\\" in uri:
        return None
    return str(parts.hostname), parts.path, parts.query


def create_client(
    tx: Transaction,
    *,
    scope: str,
    store_id: int | None,
    name: str = "",
    redirect_uris: Sequence[str] = (),
    is_public: bool = False,
) -> Credentials:
    """Create a client, with a pair of tokens where it is for certain stores.

    A client that a store's owner lets in by the consent page has no store of its own,
    and a public one (a program whose code anybody can read) has no secret.
    """
    # Such a client gets its store with each consent.
    asks_owners = bool(redirect_uris) and store_id is None
    if not asks_owners:
        authentication.ensure_scope_fits(scope, store_id)
    if is_public and not redirect_uris:
        raise ConfigurationError(
            "--public needs --redirect-uri: a public client proves itself by where its "
            "codes are sent"
        )
    client_id = PREFIX + secrets.token_hex(12)
    secret = None if is_public else secrets.token_urlsafe(32)
    number = tx.insert(
        OAUTH_CLIENTS,
        {
            "client_id": client_id,
            "secret_digest": None
            if secret is None
            else authentication.token_digest(secret),
            "name": name,
            "scope": scope,
            "store_id": store_id,
            "redirect_uris": "\n".join(redirect_uris),
            "date_created": now(),
        },
    )
    # Without a store or a secret there is nobody to give tokens to yet.
    if asks_owners or is_public:
        return Credentials(client_id, secret, None, None)
    texts = [
        authentication.create_token(
            tx,
            scope=scope,
            store_id=store_id,
            client_id=number,
            kind=kind,
            lifetime=lifetime,
        )[1]
        for kind, lifetime in (
            (authentication.REFRESH, REFRESH_LIFETIME),
            (authentication.ACCESS, ACCESS_LIFETIME),
        )
    ]
    return Credentials(client_id, secret, *texts)


def list_clients(db: Snapshot) -> list[ListedClientRow]:
    """List all clients, without their secrets, which nobody has."""
    return db.typed_records(_ALL)


def revoke_client(tx: Transaction, client_id: str) -> revocation.Ended | None:
    """Revoke a client and all its tokens; None if there is no such valid client."""
    client = find_client(tx, client_id)
    if client is None:
        return None
    tx.execute(
        update(OAUTH_CLIENTS).where(_C.id == client["id"]).values(date_revoked=now())
    )
    return revocation.revoke_tokens(tx, TOKENS.c.client_id == client["id"])


def allowed_scope(client_scope: str, wanted: str | None) -> str | None:
    """Return the scope to grant, None if the client may not have the one it wants."""
    if not wanted or not wanted.strip():
        return client_scope
    return wanted.strip() if wanted.strip() in NARROWER[client_scope] else None
