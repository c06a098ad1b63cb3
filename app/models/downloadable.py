"""Downloadables, their files, and the versions of those."""

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

DOWNLOADABLES = Table(
    "downloadables",
    METADATA,
    Column("id", ID, primary_key=True),
    Column("store_id", ID, ForeignKey("stores.id", ondelete="CASCADE"), nullable=False),
    # By which clients of other systems know it.
    Column("uuid", text(36), nullable=False, server_default=""),
    Column("item_category_id", ID, ForeignKey("item_categories.id"), nullable=False),
    Column("revision", Integer, nullable=False),
    Column("name", text(100), nullable=False),
    Column("code", text(50), nullable=False),
    Column("price", BigInteger, nullable=False),
    Column("description", text(), nullable=False),
    # Of name and description; null: the store's.
    Column("language", text(35)),
    Column("release_notes", text(), nullable=False),
    Column("max_downloads_per_customer", Integer),
    Column("max_downloads_time_period", Integer),
    Column("is_archived", Boolean, nullable=False),
    Column("date_archived", BigInteger),
    Column("is_published", Boolean, nullable=False),
    Column("number_of_downloads", Integer, nullable=False),
    # What a search looks through, folded; see app/services/rows/search_text.py.
    Column("search_text", text(), nullable=False, server_default=""),
    Column("attribute_count", Integer, nullable=False, server_default="0"),
    Column("translation_count", Integer, nullable=False, server_default="0"),
    # When a customer last downloaded it, which is no change of it.
    Column("date_counted", BigInteger),
    Column("date_created", BigInteger, nullable=False),
    Column("date_modified", BigInteger, nullable=False),
    UniqueConstraint("store_id", "code"),
    Index(None, "store_id", "uuid", unique=True),
    Index(None, "item_category_id", "is_archived", "id"),
    Index(None, "store_id", "is_archived", "id"),
    sqlite_autoincrement=True,
)

VERSIONS = Table(
    "versions",
    METADATA,
    Column("id", ID, primary_key=True),
    # Null for a file of the store's library, which belongs to none and has no number.
    Column("downloadable_id", ID, ForeignKey("downloadables.id", ondelete="CASCADE")),
    # That of its downloadable, with which it goes.
    Column("store_id", ID, nullable=False, server_default="0"),
    Column("revision", Integer, nullable=False, server_default="1"),
    Column("number", Integer),
    # Several may have the same one: it goes with the last of them.
    Column("blob_key", text(64), nullable=False, index=True),
    Column("file_name", text(255), nullable=False),
    Column("file_size", BigInteger, nullable=False),
    Column("file_type", text(127), nullable=False),
    Column("file_sha256", text(64), nullable=False),
    Column("release_notes", text(), nullable=False, server_default=""),
    Column("title", text(300), nullable=False, server_default=""),
    Column("alt", text(300), nullable=False, server_default=""),
    Column("upload_date", BigInteger, nullable=False),
    Column("date_modified", BigInteger, nullable=False, server_default="0"),
    UniqueConstraint("downloadable_id", "number"),
    Index(None, "store_id", "downloadable_id"),
    sqlite_autoincrement=True,
)

FILES = Table(
    "files",
    METADATA,
    Column("id", ID, primary_key=True),
    Column("store_id", ID, ForeignKey("stores.id", ondelete="CASCADE"), nullable=False),
    Column(
        "downloadable_id",
        ID,
        ForeignKey("downloadables.id", ondelete="CASCADE"),
        nullable=False,
    ),
    Column("uuid", text(36), nullable=False),
    Column("revision", Integer, nullable=False),
    # The one at `MAIN` is the main file; the others keep their order behind it.
    Column("position", Integer, nullable=False),
    # What customers get: a version of the downloadable for the main file, a file of
    # the library for any other one. Null if only an external URL is set.
    Column("version_id", ID, ForeignKey("versions.id")),
    # An external URL goes before the version, which is used again once it is unset.
    Column("url", text(2000)),
    Column("name", text(200), nullable=False),
    Column("title", text(300), nullable=False),
    Column("alt", text(300), nullable=False),
    Column("is_archived", Boolean, nullable=False),
    Column("date_archived", BigInteger),
    Column("date_created", BigInteger, nullable=False),
    Column("date_modified", BigInteger, nullable=False),
    Index(None, "store_id", "uuid", unique=True),
    Index(None, "downloadable_id", "id"),
    Index(None, "version_id"),
    Index(None, "downloadable_id", "position", unique=True),
    sqlite_autoincrement=True,
)
MAIN = 0
"""The position of the main file, which a downloadable has while it has any content."""
