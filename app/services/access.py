"""Access tokens: making, listing and revoking them, and who a token stands for."""

import hashlib
import secrets
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, delete, select, update

from app.database import Snapshot, Statement, Transaction
from app.errors import ConfigurationError
from app.models import TOKENS
from app.services.clock import now
from app.services.scopes import OF_ALL_STORES, READ_ONLY

ACCESS, REFRESH = "access", "refresh"
PERSONAL = "token "

PREFIX = "sirenhall_"
"""Lets scanners of leaked secrets recognize a token."""


@dataclass(frozen=True, slots=True)
class Principal:
    """Who sends a request: a token's scope, and its store (None: all of them).

    `caller` is the same for all tokens of one OAuth client.
    """

    scope: str
    store_id: int | None
    caller: str = ""

    @property
    def is_personal(self) -> bool:
        """Whether a person holds the token, rather than a client of OAuth2."""
        return self.caller.startswith(PERSONAL)

    @property
    def can_write(self) -> bool:
        """Whether the token may change anything."""
        return self.scope not in READ_ONLY

    def sees(self, store_id: int) -> bool:
        """Whether a store and what belongs to it exist for this token."""
        return self.store_id is None or self.store_id == store_id


_BY_DIGEST = Statement(
    select(
        TOKENS.c.scope,
        TOKENS.c.store_id,
        TOKENS.c.id,
        TOKENS.c.client_id,
        TOKENS.c.date_expires,
    ).where(
        TOKENS.c.digest == bindparam("digest"),
        TOKENS.c.kind == ACCESS,
        TOKENS.c.date_revoked.is_(None),
    )
)

_ALL = Statement(
    select(
        TOKENS.c.id,
        TOKENS.c.scope,
        TOKENS.c.store_id,
        TOKENS.c.note,
        TOKENS.c.date_created,
        TOKENS.c.date_revoked,
    )
    .where(TOKENS.c.client_id.is_(None))
    .order_by(TOKENS.c.id)
)


def digest(token: str) -> str:
    """Give what is stored of a token: it has 256 random bits, so a plain hash."""
    return hashlib.sha256(token.encode()).hexdigest()


class Expired(Exception):
    """The token was valid once."""


def authenticate(db: Snapshot, token: str) -> Principal | None:
    """Find who a token stands for; None if it is unknown or revoked.

    Raises `Expired`.
    """
    row = db.row(_BY_DIGEST, digest=digest(token))
    if row is None:
        return None
    scope, store_id, number, client_id, expires = row
    if expires is not None and expires <= now():
        raise Expired
    caller = f"client {client_id} {store_id}" if client_id else f"{PERSONAL}{number}"
    return Principal(scope, store_id, caller)


def create_token(  # noqa: PLR0913 - each is a column
    tx: Transaction,
    *,
    scope: str,
    store_id: int | None,
    note: str = "",
    token: str | None = None,
    client_id: int | None = None,
    kind: str = ACCESS,
    code_digest: str | None = None,
    lifetime: int | None = None,
) -> tuple[int, str]:
    """Make a token and give its id and text; only its digest is kept.

    `lifetime` is in seconds, None: until it is revoked.
    """
    ensure_scope_fits(scope, store_id)
    text = token or PREFIX + secrets.token_urlsafe(32)
    values = {
        "digest": digest(text),
        "scope": scope,
        "store_id": store_id,
        "note": note,
        "client_id": client_id,
        "kind": kind,
        "code_digest": code_digest,
        "date_created": now(),
        "date_expires": None if lifetime is None else now() + lifetime,
    }
    return tx.insert(TOKENS, values), text


def ensure_scope_fits(scope: str, store_id: int | None) -> None:
    """Refuse a store with a scope for all, and the reverse.

    Raises `ConfigurationError`.
    """
    if (store_id is None) != (scope in OF_ALL_STORES):
        is_for_all = scope in OF_ALL_STORES
        raise ConfigurationError(
            f"scope {scope} is for "
            + ("all stores, so name none" if is_for_all else "one store, name it")
        )


def tokens(db: Snapshot) -> list[dict[str, Any]]:
    """List all personal tokens, without their texts, which nobody has."""
    return [dict(zip(_ALL.columns, row, strict=True)) for row in db.rows(_ALL)]


def remove_token(tx: Transaction, token_id: int) -> None:
    """Remove a token that nobody but this process has had."""
    tx.execute(delete(TOKENS).where(TOKENS.c.id == token_id))


def revoke_token(tx: Transaction, token_id: int) -> bool:
    """Make a token useless at once; False if there is no such valid token."""
    statement = (
        update(TOKENS)
        .where(TOKENS.c.id == token_id, TOKENS.c.date_revoked.is_(None))
        .values(date_revoked=now())
    )
    return tx.execute(statement) == 1
