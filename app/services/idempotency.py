"""Outcomes of requests with an Idempotency-Key, stored in their transaction.

So there is never an effect without its outcome, even after a crash, and a restart or
another worker can replay it. Responses with tokens are stored a moment before their
transaction: repeating such a request does no harm, except that an authorization code
can be used only once.

Tested in `tests/http/views/test_idempotency.py`.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, delete, select

from app.database import Database, Snapshot, Statement, Transaction
from app.errors import Conflict, Invalid, Problem, TooManyRequests
from app.models import IDEMPOTENCY_KEYS
from app.services.clock import now

KEPT = 86_400
"""Seconds for which an outcome is replayed."""

LEASE = 300
"""Seconds after which a request that was begun and never ended counts for nothing."""

MAX_KEYS = 10_000
"""Keys of one token that are kept at a time."""

_K = IDEMPOTENCY_KEYS.c
_LAST_ALLOWED = Statement(
    select(_K.digest)
    .where(_K.caller == bindparam("caller"))
    .limit(1)
    .offset(bindparam("most"))
)
_BY_DIGEST = Statement(
    select(_K.request_digest, _K.status, _K.headers, _K.body, _K.date_expires).where(
        _K.digest == bindparam("digest"), _K.date_expires > bindparam("moment")
    )
)


@dataclass(frozen=True, slots=True)
class StoredOutcome:
    """The stored response to a request."""

    request_digest: str
    status: int
    headers: str
    body: bytes


def claim_key(database: Database, digest: str, caller: str) -> StoredOutcome | None:
    """Return the outcome of an earlier request, or mark this one as running.

    Raise `Conflict` while the first one is still running, and `TooManyRequests` where
    a caller has as many keys as one may have.
    """
    with database.writing() as tx:
        row = tx.row(_BY_DIGEST, digest=digest, moment=now())
        if row is not None:
            if row[1] is None:
                raise Conflict(
                    "a request with this Idempotency-Key is still running; try again "
                    "in a moment",
                    retry_after=1,
                )
            return _outcome(row)
        # Cheap, by an index; so the table stays small without a background task.
        delete_expired_outcomes(tx)
        # A single token must not fill the disk with stored responses.
        if tx.row(_LAST_ALLOWED, caller=caller, most=MAX_KEYS - 1) is not None:
            raise TooManyRequests(
                f"{MAX_KEYS} requests with an Idempotency-Key are kept for this token, "
                "each for a day; send it without one, or try again later",
                retry_after=3600,
            )
        tx.connection.execute(
            IDEMPOTENCY_KEYS.insert().values(
                digest=digest,
                caller=caller,
                request_digest="",
                date_expires=now() + LEASE,
            )
        )
    return None


def delete_expired_outcomes(tx: Transaction) -> None:
    """Delete expired outcomes."""
    tx.execute(delete(IDEMPOTENCY_KEYS).where(_K.date_expires <= now()))


def find_outcome(db: Snapshot, digest: str) -> StoredOutcome | None:
    """Return the outcome that another request has stored meanwhile."""
    row = db.row(_BY_DIGEST, digest=digest, moment=now())
    return None if row is None or row[1] is None else _outcome(row)


def store_outcome(
    tx: Transaction, digest: str, caller: str, outcome: StoredOutcome, seconds: int
) -> None:
    """Store an outcome in the transaction of its effect, for some seconds."""
    # Replaces the row of `claim_key`, which had no outcome yet.
    tx.execute(delete(IDEMPOTENCY_KEYS).where(_K.digest == digest))
    tx.connection.execute(
        IDEMPOTENCY_KEYS.insert().values(
            digest=digest,
            caller=caller,
            request_digest=outcome.request_digest,
            status=outcome.status,
            headers=outcome.headers,
            body=outcome.body,
            date_expires=now() + seconds,
        )
    )


def release_key(database: Database, digest: str) -> None:
    """Release the key of a request that had no effect, so that it can be used again."""
    with database.writing() as tx:
        tx.execute(
            delete(IDEMPOTENCY_KEYS).where(_K.digest == digest, _K.status.is_(None))
        )


def ensure_same(outcome: StoredOutcome, request_digest: str) -> None:
    """Raise `Invalid` for a key that comes with another request."""
    if outcome.request_digest != request_digest:
        text = "this Idempotency-Key was sent with another body before; use a new one"
        raise Invalid(problems=[Problem(text, "key_reused")])


def _outcome(row: Any) -> StoredOutcome:
    return StoredOutcome(row[0], row[1], row[2], bytes(row[3]))
