"""Access tokens; only their digests are stored."""

from sqlalchemy import BigInteger, Column, ForeignKey, Table

from app.models.columns import ID, text
from app.models.metadata import METADATA

TOKENS = Table(
    "tokens",
    METADATA,
    Column("id", ID, primary_key=True),
    Column("digest", text(64), nullable=False, unique=True),
    Column("scope", text(40), nullable=False),
    # Null: every store of the server.
    Column("store_id", ID, ForeignKey("stores.id", ondelete="CASCADE"), index=True),
    # What it is good for: access, refresh, a browser's session, or signing in once.
    Column("kind", text(10), nullable=False, server_default="access"),
    # The OAuth client it was given to, null if it is a personal one.
    Column("client_id", ID),
    # The authorization code that it came of, at first hand or by a refresh.
    Column("code_digest", text(64), index=True),
    # The personal token with which a merchant consented to it.
    Column("parent_id", ID, index=True),
    # The person whose session it is, or who consented to it.
    Column("user_id", ID, index=True),
    Column("note", text(200), nullable=False),
    Column("date_created", BigInteger, nullable=False),
    Column("date_expires", BigInteger),
    Column("date_revoked", BigInteger),
    # The full hour of it: no more is kept of how a token is used.
    Column("date_last_used", BigInteger),
    sqlite_autoincrement=True,
)
