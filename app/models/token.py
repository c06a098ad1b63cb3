"""Access tokens: only their digests are kept."""

from sqlalchemy import BigInteger, Column, ForeignKey, Integer, String, Table

from app.models.metadata import METADATA

TOKENS = Table(
    "tokens",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("digest", String(64), nullable=False, unique=True),
    Column("scope", String(40), nullable=False),
    # Null: every store of the server.
    Column("store_id", Integer, ForeignKey("stores.id", ondelete="CASCADE")),
    Column("note", String(200), nullable=False),
    Column("date_created", BigInteger, nullable=False),
    Column("date_revoked", BigInteger),
    sqlite_autoincrement=True,
)
