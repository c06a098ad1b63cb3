"""Stores, and how many of each resource a store has."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Integer,
    String,
    Table,
    Text,
)

from app.models.metadata import METADATA

STORES = Table(
    "stores",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("revision", Integer, nullable=False),
    Column("store_name", String(50), nullable=False),
    Column("store_domain", String(100), nullable=False, unique=True),
    Column("store_url", String(300), nullable=False),
    Column("store_email", String(300), nullable=False),
    Column("postal_code", String(50), nullable=False),
    Column("region", String(100), nullable=False),
    Column("country", String(2), nullable=False),
    Column("locale_code", String(10), nullable=False),
    Column("language", String(50), nullable=False),
    Column("timezone", String(64), nullable=False),
    Column("currency", String(3), nullable=False),
    Column("logo_url", String(200), nullable=False),
    Column("use_webhook", Boolean, nullable=False),
    Column("webhook_url", String(300), nullable=False),
    Column("webhook_key", String(200), nullable=False),
    Column("is_maintenance_mode", Boolean, nullable=False),
    Column("is_active", Boolean, nullable=False),
    Column("date_created", BigInteger, nullable=False),
    Column("date_modified", BigInteger, nullable=False),
    # Ids are never given twice: an old link must not show a new resource.
    sqlite_autoincrement=True,
)

COLLECTION_STATES = Table(
    "collection_states",
    METADATA,
    Column(
        "store_id",
        Integer,
        ForeignKey("stores.id", ondelete="CASCADE"),
        primary_key=True,
    ),
    Column("collection", Text, primary_key=True),
    # Kept in the transaction that changes the rows, so that no page counts them.
    Column("total", Integer, nullable=False),
    Column("version", Integer, nullable=False),
)
