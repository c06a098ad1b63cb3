"""People who may use a store, and their roles in it.

Tested in `tests/resources/pages/test_sign_in.py`.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from sqlalchemy import bindparam, delete, select, update

from app.database import RowStatement, Snapshot, Statement, Transaction
from app.errors import Conflict, Forbidden
from app.models import STORES, TOKENS, USER_ROLES, USERS, Collection
from app.services.auth import passwords, revocation
from app.services.clock import now
from app.services.principal import Principal
from app.services.rows import listing
from app.services.rows.changes import bump_collection, insert_row, update_row
from app.services.rows.row_types import ListedUserRow, UserRow
from app.services.rows.tenancy import find_scoped
from app.services.scopes import ROLES, STORE
from schemas.user import OWNER
from schemas.values.normalization import fold

_R, _U, _T = USER_ROLES.c, USERS.c, TOKENS.c
SOURCE = listing.register_source(
    name="user",
    table=USER_ROLES,
    columns=(
        _R.id,
        _R.store_id,
        _U.email,
        _R.role,
        _U.date_signed_in,
        _R.date_created,
        _R.date_modified,
    ),
    joined=USER_ROLES.join(USERS, _U.id == _R.user_id),
    searched=None,
)
_BY_ID = RowStatement(
    UserRow,
    SOURCE.rows()
    .add_columns(
        STORES.c.date_modified.label("store_modified"), _R.revision, _R.user_id
    )
    .where(_R.id == bindparam("id")),
)
_BY_EMAIL = Statement(
    select(_U.id, _U.email, _U.password_digest).where(
        _U.email_key == bindparam("email_key")
    )
)
_EMAIL = Statement(select(_U.email).where(_U.id == bindparam("id")))
_HAS_PASSWORD = Statement(
    select(_U.id).where(_U.id == bindparam("id"), _U.password_digest.is_not(None))
)
_ROLES = Statement(
    select(_R.id, _R.store_id, STORES.c.store_name, _R.role)
    .select_from(USER_ROLES.join(STORES, STORES.c.id == _R.store_id))
    .where(_R.user_id == bindparam("user_id"))
    .order_by(_R.store_id)
)
_OWNERS = Statement(
    select(_R.id).where(_R.store_id == bindparam("store_id"), _R.role == OWNER)
)
_ALL = RowStatement(
    ListedUserRow,
    select(
        _U.email,
        _R.store_id,
        STORES.c.store_name,
        _R.role,
        _U.date_created,
        _U.date_signed_in,
    )
    .select_from(
        USERS.join(USER_ROLES, _R.user_id == _U.id).join(
            STORES, STORES.c.id == _R.store_id
        )
    )
    .order_by(_U.email_key, _R.store_id),
)
IN_STORE = listing.Listing(
    SOURCE,
    owner="store_id",
    counter=Collection.USERS,
    default_filter=listing.Selection(),
)


class Account(NamedTuple):
    """A person: the id, the address, and what is stored of the password."""

    id: int
    email: str
    password_digest: str | None


class Role(NamedTuple):
    """What a person may do in a store."""

    id: int
    store_id: int
    store_name: str
    role: str

    @property
    def scope(self) -> str:
        """The scope of sessions in that role."""
        return ROLES[self.role]


def find_user(db: Snapshot, principal: Principal, role_id: int) -> UserRow:
    """Return a person's role in a store that the principal manages.

    Raise `NotFound` or `Forbidden`.
    """
    record = find_scoped(db, _BY_ID, principal, role_id)
    ensure_manager(principal)
    return record


def ensure_manager(principal: Principal) -> None:
    """Raise `Forbidden` for who may not see who uses a store."""
    if not principal.manages_access:
        raise Forbidden(
            f"only an owner of the store may see and change who uses it (scope {STORE})"
        )


def users_version(db: Snapshot, store_id: int) -> int:
    """Return the version of a store's people."""
    return listing.collection_version(db, store_id, Collection.USERS)


def find_account(db: Snapshot, email: str) -> Account | None:
    """Return the account of an address, in capitals or not; None if there is none."""
    row = db.row(_BY_EMAIL, email_key=fold(email.strip()))
    return None if row is None else Account(*row)


def email_of(db: Snapshot, user_id: int) -> str:
    """Return the address of a person."""
    return str(db.value(_EMAIL, id=user_id) or "")


def has_password(db: Snapshot, user_id: int) -> bool:
    """Return whether a person has chosen a password."""
    return db.row(_HAS_PASSWORD, id=user_id) is not None


def roles_of(db: Snapshot, user_id: int) -> list[Role]:
    """Return the roles of a person, by store."""
    return [Role(*row) for row in db.rows(_ROLES, user_id=user_id)]


def list_users(db: Snapshot) -> list[ListedUserRow]:
    """List all people, once for each store that they may use."""
    return db.typed_records(_ALL)


def add_user(tx: Transaction, store_id: int, email: str, role: str) -> tuple[int, int]:
    """Give a person a role in a store; return the ids of both. Raise `Conflict`.

    The account is created if the address has none.
    """
    account = find_account(tx, email)
    if account is None:
        moment = now()
        user_id = tx.insert(
            USERS,
            {
                "email": email,
                "email_key": fold(email),
                "date_created": moment,
                "date_modified": moment,
            },
        )
    else:
        user_id = account.id
        # An account may use several stores, but has one role in each.
        if any(one.store_id == store_id for one in roles_of(tx, user_id)):
            raise Conflict.about("email", f"email {email} may use this store already")
    row = {"store_id": store_id, "user_id": user_id, "role": role}
    return insert_row(tx, USER_ROLES, row, collection=Collection.USERS), user_id


def change_role(tx: Transaction, record: UserRow, values: Mapping[str, Any]) -> None:
    """Change what a person may do; sessions with the old role end. Raise `Conflict`."""
    _ensure_owner_stays(tx, record)
    update_row(tx, USER_ROLES, record, values, collection=Collection.USERS)
    _end_rights(tx, record)


def remove_user(
    tx: Transaction, record: UserRow, *, is_forced: bool = False
) -> list[str]:
    """Remove a person from a store, with all that they may do in it.

    Without another store the account goes as well. Return the keys of partial
    uploads. Raise `Conflict` for the last owner, unless the operator wants it.
    """
    if not is_forced:
        _ensure_owner_stays(tx, record)
    keys = _end_rights(tx, record)
    tx.execute(delete(USER_ROLES).where(_R.id == record["id"]))
    bump_collection(tx, record["store_id"], Collection.USERS, added=-1)
    # An account that may use no store could not even be found again by an owner.
    if not roles_of(tx, record["user_id"]):
        tx.execute(delete(USERS).where(_U.id == record["user_id"]))
    return keys


def is_removable(db: Snapshot, record: UserRow) -> bool:
    """Return whether the store has another owner."""
    return record["role"] != OWNER or len(db.rows(_OWNERS, **_store(record))) > 1


def _ensure_owner_stays(tx: Snapshot, record: UserRow) -> None:
    if not is_removable(tx, record):
        raise Conflict(
            "a store with people needs an owner: make somebody else an owner first"
        )


def _store(record: UserRow) -> dict[str, int]:
    return {"store_id": record["store_id"]}


def _end_rights(tx: Transaction, record: UserRow) -> list[str]:
    """Revoke the sessions of a person in a store, and what they consented to."""
    theirs = (_T.user_id == record["user_id"]) & (_T.store_id == record["store_id"])
    return revocation.revoke_tokens(tx, theirs).partial_keys


def set_password(tx: Transaction, user_id: int, digest: str, keep: int = 0) -> None:
    """Store the digest of a new password; end all sessions but the one to `keep`."""
    tx.execute(
        update(USERS)
        .where(_U.id == user_id)
        .values(password_digest=digest, date_modified=now())
    )
    # Who changes a password often does so because somebody else knows the old one.
    others = (_T.user_id == user_id) & _T.client_id.is_(None) & (_T.id != keep)
    revocation.revoke_tokens(tx, others)


def note_sign_in(tx: Transaction, user_id: int) -> None:
    """Store when a person signed in."""
    tx.execute(update(USERS).where(_U.id == user_id).values(date_signed_in=now()))
    # The list of people shows when each last signed in, and is kept by caches.
    for role in roles_of(tx, user_id):
        bump_collection(tx, role.store_id, Collection.USERS)


def account_with_password(db: Snapshot, email: str, password: str) -> Account | None:
    """Return the account of an address and its password, or None.

    An unknown address takes as long as a wrong password. Raise `Unavailable`.
    """
    account = find_account(db, email)
    digest = account.password_digest if account else None
    return account if passwords.is_password(digest, password) else None
