"""Access tokens: making, listing and revoking them, and who a token stands for."""

import hashlib
import secrets
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, select, update

from app.database import Snapshot, Statement, Transaction
from app.errors import ConfigurationError
from app.models import TOKENS
from app.services.clock import now
from app.services.scopes import CLIENT, READER

PREFIX = "sirenhall_"
"""Lets scanners of leaked secrets recognize a token."""


@dataclass(frozen=True, slots=True)
class Principal:
    """Who sends a request: a token's scope, and its store (None: all of them)."""

    scope: str
    store_id: int | None

    @property
    def can_write(self) -> bool:
        """Whether the token may change anything."""
        return self.scope != READER

    def sees(self, store_id: int) -> bool:
        """Whether a store and what belongs to it exist for this token."""
        return self.store_id is None or self.store_id == store_id


_BY_DIGEST = Statement(
    select(TOKENS.c.scope, TOKENS.c.store_id).where(
        TOKENS.c.digest == bindparam("digest"), TOKENS.c.date_revoked.is_(None)
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
    ).order_by(TOKENS.c.id)
)


def digest(token: str) -> str:
    """Give what is stored of a token: it has 256 random bits, so a plain hash."""
    return hashlib.sha256(token.encode()).hexdigest()


def authenticate(db: Snapshot, token: str) -> Principal | None:
    """Find who a token stands for; None if it is unknown or revoked."""
    row = db.row(_BY_DIGEST, digest=digest(token))
    return None if row is None else Principal(*row)


def create_token(
    tx: Transaction,
    *,
    scope: str,
    store_id: int | None,
    note: str = "",
    token: str | None = None,
) -> tuple[int, str]:
    """Make a token and give its id and text; only its digest is kept."""
    if (store_id is None) != (scope == CLIENT):
        raise ConfigurationError(
            f"scope {scope} is for "
            + ("all stores, so name none" if scope == CLIENT else "one store, name it")
        )
    text = token or PREFIX + secrets.token_urlsafe(32)
    values = {
        "digest": digest(text),
        "scope": scope,
        "store_id": store_id,
        "note": note,
        "date_created": now(),
    }
    return tx.insert(TOKENS, values), text


def tokens(db: Snapshot) -> list[dict[str, Any]]:
    """List all tokens, without their texts, which nobody has."""
    return [dict(zip(_ALL.columns, row, strict=True)) for row in db.rows(_ALL)]


def revoke_token(tx: Transaction, token_id: int) -> bool:
    """Make a token useless at once; False if there is no such valid token."""
    statement = (
        update(TOKENS)
        .where(TOKENS.c.id == token_id, TOKENS.c.date_revoked.is_(None))
        .values(date_revoked=now())
    )
    return tx.execute(statement) == 1
