"""The outbox of webhooks: events are stored with the change, and sent later.

The outbox is a table, written in the transaction of the change: no event is sent for a
change that was rolled back, and none is lost in a crash. Each event is sent at least
once, in no guaranteed order (Standard Webhooks, https://www.standardwebhooks.com).
"""

import base64
import hmac
import json
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import and_, bindparam, case, delete, func, select, true, update
from sqlalchemy.sql import ColumnElement

from app.database import Database, RowStatement, Snapshot, Statement, Transaction
from app.models import STORES, WEBHOOK_DELIVERIES, Collection
from app.services.clock import now
from app.services.principal import Principal
from app.services.rows import listing
from app.services.rows.changes import (
    bump_all_collections,
    bump_collection,
    insert_row,
    update_rows,
)
from app.services.rows.row_types import DeliveryRow
from app.services.rows.tenancy import find_scoped
from schemas.webhook_delivery import DELIVERED, FAILED, PENDING

SECRET = "whsec_"  # noqa: S105 - how a secret begins
SECRET_BYTES = 32
SHORTEST = 16
"""Characters of a key, or bytes where it is in Base64."""


RETRY_DELAYS = (5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400)
"""Seconds between attempts; after the last of them there is no further one."""

PATIENCE = 3 * 86_400
"""Seconds for which a webhook may fail, and nothing else, before it is disabled."""

LEASE = 60
"""Seconds that an attempt has, before another process may make it."""

KEPT = 30 * 86_400
"""Seconds for which it is known what was told."""

GONE = 410
ROTATION = 86_400
"""Seconds for which a key signs after it was changed."""

MOST_KEYS = 10
"""Old keys that sign, at most."""

LOOKED_AT = 64
"""Rows that a claim chooses from: the oldest few of each store."""

_W, _S = WEBHOOK_DELIVERIES.c, STORES.c
SOURCE = listing.register_source(
    name="webhook_delivery",
    table=WEBHOOK_DELIVERIES,
    columns=listing.shown_columns(WEBHOOK_DELIVERIES),
    joined=WEBHOOK_DELIVERIES,
    searched=None,
)
_BY_ID = RowStatement(
    DeliveryRow,
    SOURCE.rows()
    .add_columns(_S.date_modified.label("store_modified"), _W.revision)
    .where(_W.id == bindparam("id")),
)
_IS_ON = Statement(
    select(_S.id).where(_S.id == bindparam("id"), _S.use_webhook, _S.webhook_url != "")
)
_WAITING = (
    select(
        _W.id,
        _W.store_id,
        _W.webhook_id,
        _W.payload,
        _W.attempts,
        _S.webhook_url,
        _S.webhook_key,
        _S.webhook_old_keys,
        func.row_number()
        .over(partition_by=_W.store_id, order_by=(_W.next_attempt, _W.id))
        .label("place"),
    )
    .select_from(WEBHOOK_DELIVERIES.join(STORES, _S.id == _W.store_id))
    .where(
        _W.state == PENDING,
        _W.next_attempt <= bindparam("moment"),
        func.coalesce(_S.webhook_paused_until, 0) <= bindparam("moment"),
        _S.use_webhook,
        _S.webhook_url != "",
    )
    .subquery()
)
# A store with thousands of them comes no sooner to the end than one with a few.
_DUE = Statement(
    select(_WAITING)
    .where(_WAITING.c.place <= bindparam("of_one_store"))
    .order_by(_WAITING.c.place, _WAITING.c.id)
    .limit(bindparam("most"))
)
_IS_DUE = Statement(
    select(_W.id)
    .where(_W.state == PENDING, _W.next_attempt <= bindparam("moment"))
    .limit(1)
)
_FAILING = Statement(
    select(_S.webhook_failing_since).where(_S.id == bindparam("id"), _S.use_webhook)
)
IN_STORE = listing.Listing(
    SOURCE,
    owner="store_id",
    counter=Collection.WEBHOOK_DELIVERIES,
    default_filter=listing.Selection(),
)


@dataclass(frozen=True, slots=True)
class DueDelivery:
    """Something to be told now; `attempts` are those before."""

    id: int
    store_id: int
    webhook_id: str
    payload: str
    attempts: int
    url: str
    key: str
    lease: int
    """Until when it is this process's to tell."""

    old_keys: str = ""

    def signature(self, moment: int) -> str:
        """Return the signatures by all keys that are valid (Standard Webhooks)."""
        signed = f"{self.webhook_id}.{moment}.{self.payload}".encode()
        keys = [self.key, *_keys_before(self.old_keys, moment)]
        made = (hmac.digest(_key(key), signed, "sha256") for key in keys)
        return " ".join(f"v1,{base64.b64encode(digest).decode()}" for digest in made)


@dataclass(frozen=True, slots=True)
class DeliveryOutcome:
    """The outcome of an attempt: the response's status, or an error."""

    status: int | None
    error: str
    retry_after: int = 0
    """Seconds for which the receiver wants to be sent nothing."""

    @property
    def is_told(self) -> bool:
        """Whether the receiver accepted it."""
        return self.status is not None and 200 <= self.status < 300  # noqa: PLR2004


def new_key() -> str:
    """Create a secret, as Standard Webhooks writes one."""
    return SECRET + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def is_key(text: str) -> bool:
    """Return whether a text is a key: Base64 after its prefix, or without a prefix."""
    # Any other text is a key as it is.
    if not text.startswith(SECRET):
        return True
    try:
        key = base64.b64decode(text.removeprefix(SECRET), validate=True)
    except ValueError:
        return False
    return len(key) >= SHORTEST


def rotated_keys(stored: str, old: str, new: str) -> str:
    """Return the old keys to store when a new key replaces the current one."""
    moment = now()
    kept = {key: until for key, until in _old_keys(stored) if until > moment}
    kept[old] = moment + ROTATION
    # A key that comes back signs as the current one.
    kept.pop(new, None)
    # The newest ones: each key makes every request's signature header longer.
    return json.dumps(list(kept.items())[-MOST_KEYS:])


def _keys_before(stored: str, moment: int) -> list[str]:
    return [key for key, until in _old_keys(stored) if until > moment]


def _old_keys(stored: str) -> list[tuple[str, int]]:
    return [(key, until) for key, until in json.loads(stored or "[]")]


def _key(text: str) -> bytes:
    """Return the bytes of a secret: Base64 after its prefix, or the text itself."""
    try:
        if text.startswith(SECRET):
            return base64.b64decode(text.removeprefix(SECRET), validate=True)
    except ValueError:
        pass
    return text.encode()


def find_delivery(db: Snapshot, principal: Principal, delivery_id: int) -> DeliveryRow:
    """Return a delivery of a store that the token may access. Raise `NotFound`."""
    return find_scoped(db, _BY_ID, principal, delivery_id)


def deliveries_version(db: Snapshot, store_id: int) -> int:
    """Return the version of a store's deliveries."""
    return listing.collection_version(db, store_id, Collection.WEBHOOK_DELIVERIES)


def is_on(db: Snapshot, store_id: int) -> bool:
    """Return whether a store has a webhook in use."""
    return db.value(_IS_ON, id=store_id) is not None


# -- what happened --------------------------------------------------------------


def enqueue(
    tx: Transaction, event: str, store_id: int, data: Callable[[], Mapping[str, Any]]
) -> None:
    """Enqueue an event for the webhook of a store; call `data` only if it has one."""
    # Most stores have no webhook, and composing the data costs queries.
    if not is_on(tx, store_id):
        return
    moment = now()
    payload = {
        "type": event,
        "timestamp": datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "data": dict(data()),
    }
    insert_row(
        tx,
        WEBHOOK_DELIVERIES,
        {
            "store_id": store_id,
            # The same in each attempt, so that a receiver can ignore a repetition.
            "webhook_id": f"msg_{secrets.token_hex(16)}",
            "event": event,
            "payload": json.dumps(payload, ensure_ascii=False, default=str),
            "state": PENDING,
            "attempts": 0,
            "next_attempt": moment,
            "url": "",
            "error": "",
        },
        collection=Collection.WEBHOOK_DELIVERIES,
    )


def event_data(
    tx: Transaction, path: str, record: Mapping[str, Any], names: Sequence[str]
) -> dict[str, Any]:
    """Return the data of an event: the URL of a record, and some of its values."""
    return {
        "href": tx.public_url + path.format_map(record),
        **{name: record.get(name) for name in names},
    }


def redeliver(tx: Transaction, record: DeliveryRow) -> None:
    """Enqueue a delivery again, with all its attempts."""
    values = {"state": PENDING, "attempts": 0, "next_attempt": now(), "error": ""}
    _update(tx, record["id"], record["store_id"], values)


# -- telling it -----------------------------------------------------------------


def claim_due(
    database: Database,
    *,
    most: int,
    of_one_store: int,
    allowed: Mapping[int, int] | None = None,
) -> list[DueDelivery]:
    """Return the deliveries that are due, reserved for this process for a while.

    `allowed` are how many more a store may have, where it has some under way.
    """
    moment = now()
    # Asked without the write lock first: this runs every second, and mostly there is
    # nothing.
    with database.reading() as db:
        if db.row(_IS_DUE, moment=moment) is None:
            return []
    left = dict(allowed or {})
    taken: list[DueDelivery] = []
    with database.writing() as tx:
        for row in tx.rows(
            _DUE, moment=moment, of_one_store=of_one_store, most=LOOKED_AT
        ):
            # The keys of before are the last column but one, the last is the place.
            due = DueDelivery(*(*row[:-2], moment + LEASE, row[-2]))
            room = left.setdefault(due.store_id, of_one_store)
            # One slow receiver must not hold all the places.
            if room > 0 and len(taken) < most:
                left[due.store_id] = room - 1
                taken.append(due)
        tx.execute(
            update(WEBHOOK_DELIVERIES)
            .where(_W.id.in_([one.id for one in taken]))
            .values(next_attempt=moment + LEASE)
        )
    return taken


def record_outcome(
    database: Database, due: DueDelivery, outcome: DeliveryOutcome
) -> None:
    """Store the outcome of an attempt; disable a webhook that keeps failing.

    An attempt that outlived its lease says nothing any more, nor one of before a
    replay.
    """
    moment, attempts = now(), due.attempts + 1
    is_last = attempts > len(RETRY_DELAYS)
    values: dict[str, Any] = {
        "attempts": attempts,
        "url": due.url,
        "response_status": outcome.status,
        "error": outcome.error[:300],
        "next_attempt": None,
    }
    if outcome.is_told:
        values["state"] = DELIVERED
    elif is_last:
        values["state"] = FAILED
    else:
        delay = max(RETRY_DELAYS[attempts - 1], outcome.retry_after)
        values["next_attempt"] = moment + delay
    # The lease names the attempt: if another process took it over, it has another
    # lease.
    is_mine = and_(_W.state == PENDING, _W.next_attempt == due.lease)
    with database.writing() as tx:
        if _update(tx, due.id, due.store_id, values, is_mine):
            _pause(tx, due, outcome, moment)
            _note_health(tx, due, outcome, moment)


def _pause(
    tx: Transaction, due: DueDelivery, outcome: DeliveryOutcome, moment: int
) -> None:
    """Send a receiver nothing for as long as it asked, whatever happens."""
    if outcome.retry_after:
        tx.execute(
            update(STORES)
            # Not if the merchant has set another URL meanwhile.
            .where(_S.id == due.store_id, _S.webhook_url == due.url)
            .values(webhook_paused_until=_later(moment + outcome.retry_after))
        )


def _note_health(
    tx: Transaction, due: DueDelivery, outcome: DeliveryOutcome, moment: int
) -> None:
    """Update the store's webhook health if it changed."""
    row = tx.row(_FAILING, id=due.store_id)
    if row is None:
        return
    since = row[0]
    if outcome.is_told:
        # Written only if it changes: each write makes kept pages of the store stale.
        if since is not None:
            _change_store(tx, due, {**HEALTHY})
    # A receiver that answers 410 wants no more of them (Standard Webhooks).
    elif outcome.status == GONE or (since is not None and moment - since >= PATIENCE):
        values = {
            "use_webhook": False,
            "webhook_disabled_since": moment,
            "webhook_failing_since": since or moment,
            "webhook_error": outcome.error[:300],
        }
        _change_store(tx, due, values)
    elif since is None:
        values = {
            "webhook_failing_since": moment,
            "webhook_error": outcome.error[:300],
        }
        _change_store(tx, due, values)


def _later(until: int) -> ColumnElement[int]:
    """Return the later of a moment and the one until which a webhook is paused."""
    before = func.coalesce(_S.webhook_paused_until, 0)
    return case((before < until, until), else_=before)


HEALTHY: Mapping[str, Any] = {
    "webhook_failing_since": None,
    "webhook_disabled_since": None,
    "webhook_error": "",
}
"""What a store says whose webhook is not known to fail."""


def _change_store(tx: Transaction, due: DueDelivery, values: Mapping[str, Any]) -> None:
    is_same = and_(_S.id == due.store_id, _S.webhook_url == due.url)
    if update_rows(tx, STORES, is_same, values):
        bump_all_collections(tx, due.store_id)


def _update(
    tx: Transaction,
    delivery_id: int,
    store_id: int,
    values: Mapping[str, Any],
    condition: ColumnElement[bool] = true(),  # noqa: B008 - a constant
) -> bool:
    is_meant = and_(_W.id == delivery_id, condition)
    is_done = update_rows(tx, WEBHOOK_DELIVERIES, is_meant, values)
    if is_done:
        bump_collection(tx, store_id, Collection.WEBHOOK_DELIVERIES)
    return bool(is_done)


def delete_old_deliveries(tx: Transaction) -> int:
    """Delete deliveries that have not changed for a month; return how many."""
    old = _W.date_modified < now() - KEPT
    # Counted for each store before, because the kept totals go down by as many.
    stores = {
        row[0]: row[1]
        for row in tx.connection.execute(
            select(_W.store_id, func.count()).where(old).group_by(_W.store_id)
        )
    }
    for store_id, count in stores.items():
        bump_collection(tx, store_id, Collection.WEBHOOK_DELIVERIES, added=-count)
    return tx.execute(delete(WEBHOOK_DELIVERIES).where(old))
