"""The outbox of webhooks, which is also the log of their deliveries."""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, Table

from app.models.columns import ID, text
from app.models.metadata import METADATA

WEBHOOK_DELIVERIES = Table(
    "webhook_deliveries",
    METADATA,
    Column("id", ID, primary_key=True),
    Column("store_id", ID, ForeignKey("stores.id", ondelete="CASCADE"), nullable=False),
    Column("revision", Integer, nullable=False),
    # What the receiver knows it by; sent again, it stays the same.
    Column("webhook_id", text(40), nullable=False, unique=True),
    Column("event", text(60), nullable=False),
    Column("payload", text(), nullable=False),
    Column("state", text(20), nullable=False),
    Column("attempts", Integer, nullable=False),
    # Null where there is to be none; while one is made, the end of its lease.
    Column("next_attempt", BigInteger),
    Column("url", text(300), nullable=False),
    Column("response_status", Integer),
    Column("error", text(300), nullable=False),
    Column("date_created", BigInteger, nullable=False),
    Column("date_modified", BigInteger, nullable=False),
    Index(None, "next_attempt"),
    Index(None, "store_id", "id"),
    sqlite_autoincrement=True,
)
