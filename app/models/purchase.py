"""Purchases, and the downloads of their files."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    Table,
    UniqueConstraint,
)

from app.models.columns import ID, text
from app.models.metadata import METADATA

DOWNLOADABLE_PURCHASES = Table(
    "downloadable_purchases",
    METADATA,
    Column("id", ID, primary_key=True),
    Column("store_id", ID, ForeignKey("stores.id", ondelete="CASCADE"), nullable=False),
    # What was bought cannot be deleted.
    Column("downloadable_id", ID, ForeignKey("downloadables.id"), nullable=False),
    # The version that the customer gets; null: whatever is current.
    Column("version_id", ID, ForeignKey("versions.id")),
    # Or a file that is kept elsewhere, for this customer alone.
    Column("url", text(2000)),
    Column("revision", Integer, nullable=False),
    # Null where there is none, so that those are not one and the same.
    Column("order_id", text(100)),
    Column("customer_id", text(100), nullable=False),
    Column("customer_email", text(300), nullable=False),
    Column("quantity", Integer, nullable=False),
    Column("is_active", Boolean, nullable=False),
    Column("expires_at", BigInteger),
    # As they were when it was bought; 0 is unlimited.
    Column("max_downloads", Integer),
    Column("download_window_hours", Integer),
    Column("number_of_downloads", Integer, nullable=False),
    Column("first_download_time", BigInteger),
    # The customer's link; whoever has it may download.
    Column("download_passcode", text(64), nullable=False, unique=True),
    Column("search_text", text(), nullable=False, server_default=""),
    # When it was last downloaded, which is no change of it.
    Column("date_counted", BigInteger),
    Column("date_created", BigInteger, nullable=False),
    Column("date_modified", BigInteger, nullable=False),
    UniqueConstraint("store_id", "order_id", "downloadable_id"),
    Index(None, "store_id", "id"),
    Index(None, "downloadable_id"),
    Index(None, "version_id"),
    sqlite_autoincrement=True,
)

FILE_COUNTS = Table(
    "file_counts",
    METADATA,
    # How often a further file of what was bought was downloaded; the purchase itself
    # counts the main one.
    Column(
        "downloadable_purchase_id",
        ID,
        ForeignKey("downloadable_purchases.id", ondelete="CASCADE"),
        primary_key=True,
    ),
    Column("file_id", ID, ForeignKey("files.id", ondelete="CASCADE"), primary_key=True),
    Column("number_of_downloads", Integer, nullable=False),
)

DOWNLOADS = Table(
    "downloads",
    METADATA,
    Column("id", ID, primary_key=True),
    Column("store_id", ID, ForeignKey("stores.id", ondelete="CASCADE"), nullable=False),
    Column(
        "downloadable_purchase_id",
        ID,
        ForeignKey("downloadable_purchases.id", ondelete="CASCADE"),
        nullable=False,
    ),
    Column("downloadable_id", ID, ForeignKey("downloadables.id"), nullable=False),
    # Which file: a version of the main file, or one of the other files. Both are null
    # for a main file with an external URL. No foreign keys: both may be deleted later.
    Column("version_id", ID),
    Column("file_id", ID),
    # What it was; a version may be gone since.
    Column("version", Integer),
    Column("file_name", text(255)),
    Column("file_size", BigInteger),
    Column("revision", Integer, nullable=False),
    # Until when further requests are the same download.
    Column("open_until", BigInteger, nullable=False),
    Column("bytes_sent", BigInteger, nullable=False),
    Column("outcome", text(20), nullable=False),
    Column("address", text(45), nullable=False),
    Column("user_agent", text(300), nullable=False),
    Column("date_created", BigInteger, nullable=False),
    Column("date_modified", BigInteger, nullable=False),
    Index(None, "downloadable_purchase_id", "open_until"),
    Index(None, "store_id", "id"),
    Index(None, "downloadable_id", "id"),
    sqlite_autoincrement=True,
)
