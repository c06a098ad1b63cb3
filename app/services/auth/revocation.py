"""Revoke tokens, and everything that was created with them.

A token may have opened upload slots, and a personal one may have consented to programs,
whose grants are tokens themselves. All of it ends in the transaction of the revocation.
"""

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, delete, select, update

from app.database import Transaction
from app.models import AUTHORIZATION_CODES, TOKENS, UPLOAD_SLOTS
from app.services.clock import now

BATCH = 500
"""Ids of one statement."""

_T, _U = TOKENS.c, UPLOAD_SLOTS.c


class Ended(NamedTuple):
    """The number of revoked tokens, and the keys of partial uploads to remove.

    The caller removes these from the storage after the commit.
    """

    number: int
    partial_keys: list[str]


def revoke_tokens(tx: Transaction, which: ColumnElement[bool]) -> Ended:
    """Revoke the valid tokens that a condition selects, and what was made with them."""
    named = _ids(tx, select(_T.id).where(which, _T.date_revoked.is_(None)))
    keys: list[str] = []
    for ids in _batches(named):
        made = select(_T.id).where(_T.parent_id.in_(ids), _T.date_revoked.is_(None))
        # Batches, because SQLite limits the number of parameters of a statement.
        for doomed in _batches([*ids, *_ids(tx, made)]):
            keys += _revoke(tx, doomed)
    return Ended(len(named), keys)


def end_grant(
    tx: Transaction, client_id: int, store_id: int | None, code_digest: str | None
) -> Ended:
    """Revoke all tokens of a grant: those that came of one consent, if it had one."""
    which = (_T.client_id == client_id) & _T.store_id.is_not_distinct_from(store_id)
    if code_digest is not None:
        which &= _T.code_digest == code_digest
    return revoke_tokens(tx, which)


def _revoke(tx: Transaction, ids: Sequence[int]) -> list[str]:
    tx.execute(update(TOKENS).where(_T.id.in_(ids)).values(date_revoked=now()))
    codes = AUTHORIZATION_CODES
    # A code that was not exchanged yet would otherwise yield a new token.
    tx.execute(delete(codes).where(codes.c.token_id.in_(ids)))
    mine = _U.token_id.in_(ids)
    partial = select(_U.partial_key).where(mine, _U.partial_key.is_not(None))
    keys = [str(key) for key in tx.connection.execute(partial).scalars()]
    tx.execute(delete(UPLOAD_SLOTS).where(mine))
    return keys


def _ids(tx: Transaction, statement: Select[Any]) -> list[int]:
    return [int(row[0]) for row in tx.connection.execute(statement)]


def _batches(ids: Iterable[int]) -> Iterable[list[int]]:
    rest = iter(ids)
    while batch := list(islice(rest, BATCH)):
        yield batch
