"""Stores, and the number of their resources."""

from enum import StrEnum

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Integer,
    Table,
)

from app.models.columns import ID, text
from app.models.metadata import METADATA

STORES = Table(
    "stores",
    METADATA,
    Column("id", ID, primary_key=True),
    Column("revision", Integer, nullable=False),
    Column("store_name", text(50), nullable=False),
    # Not unique: that one is taken would tell of another store.
    Column("store_domain", text(100), nullable=False, index=True),
    Column("store_url", text(300), nullable=False),
    Column("store_email", text(300), nullable=False),
    Column("postal_code", text(50), nullable=False),
    Column("region", text(100), nullable=False),
    Column("country", text(2), nullable=False),
    Column("locale_code", text(10), nullable=False),
    Column("language", text(50), nullable=False),
    Column("timezone", text(64), nullable=False),
    Column("currency", text(3), nullable=False),
    Column("logo_url", text(200), nullable=False),
    Column("use_webhook", Boolean, nullable=False),
    Column("webhook_url", text(300), nullable=False),
    Column("webhook_key", text(200), nullable=False),
    # Old keys, as JSON: they go on signing for a while after a change.
    Column("webhook_old_keys", text(), nullable=False, server_default=""),
    # Until when its receiver asked to be sent nothing (Retry-After).
    Column("webhook_paused_until", BigInteger),
    # How it does: null while it is not known to fail, and is not disabled.
    Column("webhook_failing_since", BigInteger),
    Column("webhook_disabled_since", BigInteger),
    Column("webhook_error", text(300), nullable=False, server_default=""),
    Column("is_maintenance_mode", Boolean, nullable=False),
    Column("is_active", Boolean, nullable=False),
    # What a search looks through, folded; see app/services/rows/search_text.py.
    Column("search_text", text(), nullable=False, server_default=""),
    Column("attribute_count", Integer, nullable=False, server_default="0"),
    Column("date_created", BigInteger, nullable=False),
    Column("date_modified", BigInteger, nullable=False),
    # Ids are never given twice: an old link must not show a new resource.
    sqlite_autoincrement=True,
)


class Collection(StrEnum):
    """The collections whose total and version are stored with each store."""

    ITEM_CATEGORIES = "item_categories"
    DOWNLOADABLES = "downloadables"
    PURCHASES = "downloadable_purchases"
    DOWNLOADS = "downloads"
    WEBHOOK_DELIVERIES = "webhook_deliveries"
    LIBRARY_FILES = "library_files"
    USERS = "users"


COLLECTION_STATES = Table(
    "collection_states",
    METADATA,
    Column(
        "store_id",
        ID,
        ForeignKey("stores.id", ondelete="CASCADE"),
        primary_key=True,
    ),
    Column("collection", text(), primary_key=True),
    # Kept in the transaction that changes the rows, so that no page counts them.
    Column("total", Integer, nullable=False),
    Column("version", Integer, nullable=False),
)
