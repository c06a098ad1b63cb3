"""Access tokens: create, list and revoke them, and find their principal.

Tested in `tests/resources/test_tokens.py`.
"""

import hashlib
import secrets
from typing import NamedTuple

from sqlalchemy import bindparam, delete, or_, select, update

from app.database import Database, RowStatement, Snapshot, Statement, Transaction
from app.errors import ConfigurationError
from app.models import TOKENS
from app.services.clock import now
from app.services.principal import PERSONAL, Principal, principal_of
from app.services.rows.row_types import ListedTokenRow
from app.services.scopes import OF_ALL_STORES

ACCESS, REFRESH = "access", "refresh"
SESSION, SIGN_IN = "session", "sign_in"
HOUR = 3600
PREFIX = "sirenhall_"
"""Lets scanners of leaked secrets recognize a token."""


_BY_DIGEST = Statement(
    select(
        TOKENS.c.scope,
        TOKENS.c.store_id,
        TOKENS.c.id,
        TOKENS.c.client_id,
        TOKENS.c.date_expires,
        TOKENS.c.date_last_used,
        TOKENS.c.user_id,
    ).where(
        TOKENS.c.digest == bindparam("digest"),
        TOKENS.c.kind == bindparam("kind"),
        TOKENS.c.date_revoked.is_(None),
    )
)

_IS_VALID = Statement(
    select(TOKENS.c.id).where(
        TOKENS.c.id == bindparam("id"),
        TOKENS.c.date_revoked.is_(None),
        or_(
            TOKENS.c.date_expires.is_(None), TOKENS.c.date_expires > bindparam("moment")
        ),
    )
)
_EXPIRY = Statement(select(TOKENS.c.date_expires).where(TOKENS.c.id == bindparam("id")))
_CONSENT = Statement(
    select(TOKENS.c.kind, TOKENS.c.parent_id, TOKENS.c.user_id).where(
        TOKENS.c.id == bindparam("id")
    )
)
_PARENT = Statement(select(TOKENS.c.parent_id).where(TOKENS.c.id == bindparam("id")))
_PARENTS = TOKENS.alias("parents")
_PARENT_EXPIRY = Statement(
    select(_PARENTS.c.date_expires).where(
        TOKENS.c.id == bindparam("id"), _PARENTS.c.id == TOKENS.c.parent_id
    )
)
_ALL = RowStatement(
    ListedTokenRow,
    select(
        TOKENS.c.id,
        TOKENS.c.scope,
        TOKENS.c.store_id,
        TOKENS.c.note,
        TOKENS.c.date_created,
        TOKENS.c.date_expires,
        TOKENS.c.date_last_used,
        TOKENS.c.date_revoked,
    )
    .where(TOKENS.c.client_id.is_(None), TOKENS.c.kind == ACCESS)
    .order_by(TOKENS.c.id),
)


def token_digest(token: str) -> str:
    """Return the stored hash of a token; its 256 random bits need no salt."""
    # A slow hash such as argon2 protects guessable passwords; 256 random bits need
    # none.
    return hashlib.sha256(token.encode()).hexdigest()


class TokenExpired(Exception):
    """The token was valid once."""


def authenticate(db: Snapshot, token: str, kind: str = ACCESS) -> Principal | None:
    """Return the principal of a token, or None if it is unknown or revoked.

    A token of one kind is good for that alone: a session is no access token.

    Raise `TokenExpired`.
    """
    row = db.row(_BY_DIGEST, digest=token_digest(token), kind=kind)
    if row is None:
        return None
    scope, store_id, number, client_id, expires, last_hour, user_id = row
    # Told apart from unknown tokens, so that clients know to refresh.
    if expires is not None and expires <= now():
        raise TokenExpired
    # A client's access tokens change every two hours; its idempotency keys outlive
    # them.
    caller = f"client {client_id} {store_id}" if client_id else f"{PERSONAL}{number}"
    return principal_of(
        scope,
        store_id,
        caller=caller,
        token_id=number,
        date_expires=expires,
        last_hour=last_hour,
        user_id=user_id,
    )


def is_valid(db: Snapshot, principal: Principal) -> bool:
    """Return whether the token of a principal is still valid."""
    return db.row(_IS_VALID, id=principal.token_id, moment=now()) is not None


class LastUses:
    """The tokens whose hour of last use is to be written down.

    A request only notes it: it must not wait for the writers of others.
    """

    def __init__(self) -> None:
        self._ids: dict[int, int] = {}
        self.is_written_by_another = False
        """Whether a thread writes them, so that no request has to."""

    def record(self, principal: Principal) -> bool:
        """Record the use of a token; False where its hour is known already."""
        # To the hour: a write for each request would serialize all reads.
        hour = this_hour()
        if not principal.token_id or principal.last_hour == hour:
            return False
        self._ids[principal.token_id] = hour
        return True

    def write(self, database: Database) -> None:
        """Write the noted uses of tokens in one transaction."""
        if not self._ids:
            return
        noted, self._ids = self._ids, {}
        with database.writing() as tx:
            # A copy: a request that has just begun may still note in it.
            for token_id, hour in list(noted.items()):
                tx.execute(
                    update(TOKENS)
                    .where(TOKENS.c.id == token_id)
                    .values(date_last_used=hour)
                )


def this_hour() -> int:
    """Return the current hour, in seconds UTC."""
    return now() // HOUR * HOUR


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
    parent_id: int | None = None,
    user_id: int | None = None,
    lifetime: int | None = None,
) -> tuple[int, str]:
    """Create a token and return its id and text; only its digest is kept.

    `lifetime` is in seconds, None: until it is revoked. It ends with its parent, the
    token with which a merchant consented to it.
    """
    ensure_scope_fits(scope, store_id)
    # 32 bytes are 256 bits.
    text = token or PREFIX + secrets.token_urlsafe(32)
    values = {
        "digest": token_digest(text),
        "scope": scope,
        "store_id": store_id,
        "note": note,
        "client_id": client_id,
        "kind": kind,
        "code_digest": code_digest,
        "parent_id": parent_id,
        "user_id": user_id,
        "date_created": now(),
        "date_expires": None if lifetime is None else now() + lifetime,
    }
    return tx.insert(TOKENS, values), text


def ensure_scope_fits(scope: str, store_id: int | None) -> None:
    """Raise an error for a store with a scope for all, and the reverse.

    Raise `ConfigurationError`.
    """
    if (store_id is None) != (scope in OF_ALL_STORES):
        is_for_all = scope in OF_ALL_STORES
        raise ConfigurationError(
            f"scope {scope} is for "
            + ("all stores, so name none" if is_for_all else "one store, name it")
        )


def list_tokens(db: Snapshot) -> list[ListedTokenRow]:
    """List all personal tokens, without their texts, which nobody has."""
    return db.typed_records(_ALL)


def delete_token(tx: Transaction, token_id: int) -> None:
    """Delete a token that was never given to a client."""
    tx.execute(delete(TOKENS).where(TOKENS.c.id == token_id))


def token_expiry(db: Snapshot, token_id: int) -> int | None:
    """Return the expiry of a token in seconds UTC, None if it never expires."""
    expires: int | None = db.value(_EXPIRY, id=token_id)
    return expires


class Lasting(NamedTuple):
    """What a grant lasts as long as: a token, or a person (None: neither)."""

    parent_id: int | None
    user_id: int | None


def lasting_parent(db: Snapshot, token_id: int) -> Lasting:
    """Return the token or person whose end also ends a program's access.

    A session ends sooner than what was allowed in it: then it is the token that opened
    the session, or the person.
    """
    row = db.row(_CONSENT, id=token_id) if token_id else None
    if row is None:
        return Lasting(None, None)
    kind, parent_id, user_id = row
    return Lasting(parent_id if kind == SESSION else token_id, user_id)


def parent_of(db: Snapshot, token_id: int) -> int | None:
    """Return the parent of a token, None if it has none."""
    found: int | None = db.value(_PARENT, id=token_id)
    return found


def personal_expiry(db: Snapshot, principal: Principal) -> int | None:
    """Return the expiry of a personal token in seconds UTC, None if it never expires.

    That of a program is renewed; there it is the token that consented to it.
    """
    if principal.is_personal:
        return principal.date_expires
    expires: int | None = db.value(_PARENT_EXPIRY, id=principal.token_id)
    return expires


def lifetime_with(tx: Transaction, parent_id: int | None, lifetime: int) -> int:
    """Return a lifetime in seconds that ends with the parent's, if it has one."""
    ends = token_expiry(tx, parent_id) if parent_id else None
    return lifetime if ends is None else max(0, min(lifetime, ends - now()))
