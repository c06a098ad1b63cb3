"""Sessions of browsers: tokens that only pages accept, and codes to sign in once.

Tested in `tests/resources/pages/test_sign_in.py`.
"""

from sqlalchemy import delete

from app.database import Snapshot, Transaction
from app.models import TOKENS, UPLOAD_SLOTS
from app.services.auth import authentication, revocation, users
from app.services.auth.authentication import SESSION, SIGN_IN
from app.services.auth.users import Role
from app.services.clock import now
from app.services.principal import Principal

LIFETIME = 14 * 86_400
"""Seconds that a session lasts, however much it is used."""

CODE_LIFETIME = 7 * 86_400
"""Seconds in which a code is good."""

FORGOTTEN = 86_400
"""Seconds after their end in which sessions are still listed."""

_T = TOKENS.c


def authenticate_session(db: Snapshot, text: str) -> Principal | None:
    """Return the principal of a session; None if it is unknown, ended or expired."""
    try:
        return authentication.authenticate(db, text, SESSION)
    except authentication.TokenExpired:
        return None


def open_user_session(tx: Transaction, user_id: int, role: Role) -> str:
    """Open a session of a person in a store, and return its text."""
    users.note_sign_in(tx, user_id)
    return _open(tx, role.scope, role.store_id, user_id, None)


def open_token_session(tx: Transaction, principal: Principal) -> str:
    """Open a session for who has shown a token; it ends with that token."""
    return _open(tx, principal.scope, principal.store_id, None, principal.token_id)


def _open(
    tx: Transaction,
    scope: str,
    store_id: int | None,
    user_id: int | None,
    parent_id: int | None,
) -> str:
    _forget_expired(tx)
    _, text = authentication.create_token(
        tx,
        scope=scope,
        store_id=store_id,
        kind=SESSION,
        parent_id=parent_id,
        user_id=user_id,
        note=users.email_of(tx, user_id) if user_id else "",
        lifetime=authentication.lifetime_with(tx, parent_id, LIFETIME),
    )
    return text


def end_session(tx: Transaction, token_id: int) -> list[str]:
    """End a session; return the keys of partial uploads."""
    return revocation.revoke_tokens(tx, _T.id == token_id).partial_keys


def invite(tx: Transaction, user_id: int, store_id: int) -> str:
    """Return a code by which a person can sign in once, and choose a password.

    Raise `LookupError` if the person may not use the store.
    """
    role = role_in(tx, user_id, store_id)
    return _create_code(tx, role.scope, store_id, user_id, None)


def create_code(tx: Transaction, principal: Principal) -> str:
    """Return a code by which one can sign in once with the rights of a token."""
    parent_id = principal.token_id or None
    return _create_code(tx, principal.scope, principal.store_id, None, parent_id)


def _create_code(
    tx: Transaction,
    scope: str,
    store_id: int | None,
    user_id: int | None,
    parent_id: int | None,
) -> str:
    _, text = authentication.create_token(
        tx,
        scope=scope,
        store_id=store_id,
        kind=SIGN_IN,
        parent_id=parent_id,
        user_id=user_id,
        lifetime=authentication.lifetime_with(tx, parent_id, CODE_LIFETIME),
    )
    return text


def find_code(db: Snapshot, text: str) -> Principal | None:
    """Return the principal of a code that was not used yet, or None."""
    try:
        return authentication.authenticate(db, text, SIGN_IN)
    except authentication.TokenExpired:
        return None


def use_code(tx: Transaction, code: Principal) -> str | None:
    """Use a code, and return the text of a session; None if somebody was first.

    None is returned as well for a person who has a password: that is what they sign
    in with.
    """
    if code.user_id is not None and users.has_password(tx, code.user_id):
        return None
    if not revocation.revoke_tokens(tx, _T.id == code.token_id).number:
        return None
    if code.user_id is None:
        parent = authentication.parent_of(tx, code.token_id)
        return _open(tx, code.scope, code.store_id, None, parent)
    if code.store_id is None:
        return None
    role = role_in(tx, code.user_id, code.store_id)
    return open_user_session(tx, code.user_id, role)


def role_in(db: Snapshot, user_id: int, store_id: int) -> Role:
    """Return the role of a person in a store. Raise `LookupError`."""
    for role in users.roles_of(db, user_id):
        if role.store_id == store_id:
            return role
    raise LookupError(f"user {user_id} may not use store {store_id}")


def _forget_expired(tx: Transaction) -> None:
    """Delete sessions and codes that ended a while ago: nobody else removes them."""
    # What an upload slot was made with is still asked for.
    of_slot = UPLOAD_SLOTS.select().with_only_columns(UPLOAD_SLOTS.c.token_id)
    tx.execute(
        delete(TOKENS).where(
            _T.kind.in_((SESSION, SIGN_IN)),
            _T.date_expires < now() - FORGOTTEN,
            _T.id.not_in(of_slot.where(UPLOAD_SLOTS.c.token_id.is_not(None))),
        )
    )
