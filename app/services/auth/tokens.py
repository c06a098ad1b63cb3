"""The tokens and grants of a store, for its merchant.

Tested in `tests/resources/test_tokens.py`.
"""

from sqlalchemy import bindparam, case, func, select

from app.database import RowStatement, Snapshot, Statement, Transaction
from app.models import OAUTH_CLIENTS, STORES, TOKENS
from app.services.auth import authentication, revocation
from app.services.principal import Principal
from app.services.rows import listing
from app.services.rows.row_types import TokenRow
from app.services.rows.tenancy import find_scoped
from schemas.token import ACCESS, GRANT, PERSONAL, SESSION

_T, _C = TOKENS.c, OAUTH_CLIENTS.c
_VALID = (
    select(
        _T.id,
        _T.store_id,
        case(
            (_T.kind == authentication.SESSION, SESSION),
            (_T.client_id.is_(None), PERSONAL),
            (_T.kind == authentication.REFRESH, GRANT),
            else_=ACCESS,
        ).label("kind"),
        _T.scope,
        _T.note,
        func.coalesce(_C.client_id, "").label("client_id"),
        func.coalesce(_C.name, "").label("client_name"),
        _T.date_created,
        _T.date_expires,
        _T.date_last_used,
    )
    .select_from(TOKENS.outerjoin(OAUTH_CLIENTS, _C.id == _T.client_id))
    # A code signs in once, and is no right by itself.
    .where(_T.date_revoked.is_(None), _T.kind != authentication.SIGN_IN)
    .subquery("valid_tokens")
)
SOURCE = listing.register_source(
    name="token",
    table=_VALID,
    columns=tuple(_VALID.c),
    joined=_VALID,
    searched=None,
)
IN_STORE = listing.Listing(SOURCE, owner="store_id")

_USED = func.coalesce(_VALID.c.date_last_used, _VALID.c.date_created)
_BY_ID = RowStatement(
    TokenRow,
    SOURCE.rows()
    .add_columns(
        STORES.c.date_modified.label("store_modified"),
        _USED.label("date_modified"),
        _USED.label("revision"),
    )
    .where(_VALID.c.id == bindparam("id")),
)
_STATE = Statement(
    select(
        func.count().label("total"),
        func.coalesce(func.max(_VALID.c.id), 0).label("newest"),
        func.coalesce(func.sum(_VALID.c.id), 0).label("ids"),
        func.coalesce(func.sum(_USED), 0).label("used"),
    ).where(_VALID.c.store_id == bindparam("store_id"))
)
_GRANT = Statement(
    select(_T.client_id, _T.kind, _T.code_digest).where(_T.id == bindparam("id"))
)


def find_token(db: Snapshot, principal: Principal, token_id: int) -> TokenRow:
    """Return a valid token of a store that the principal sees. Raise `NotFound`."""
    return find_scoped(db, _BY_ID, principal, token_id)


def tokens_version(db: Snapshot, store_id: int) -> str:
    """Return a text that changes with each change of a store's tokens."""
    return "-".join(map(str, db.row(_STATE, store_id=store_id) or ()))


def revoke_token(tx: Transaction, record: TokenRow) -> list[str]:
    """End a token and what was made with it; with a grant, all that it led to.

    Return the keys of partial uploads.
    """
    client_id, kind, code = tx.row(_GRANT, id=record["id"]) or (None, None, None)
    if client_id is not None and kind == authentication.REFRESH:
        store_id = record["store_id"]
        return revocation.end_grant(tx, client_id, store_id, code).partial_keys
    return revocation.revoke_tokens(tx, _T.id == record["id"]).partial_keys
