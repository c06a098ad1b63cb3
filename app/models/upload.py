"""Upload slots, for files that arrive in one request or in several."""

from sqlalchemy import BigInteger, Column, ForeignKey, Table

from app.models.columns import ID, text
from app.models.metadata import METADATA

UPLOAD_SLOTS = Table(
    "upload_slots",
    METADATA,
    Column("id", ID, primary_key=True),
    # Of the last part of its address, which is the right to upload.
    Column("digest", text(64), nullable=False, unique=True),
    # The token it was made with: it ends with it.
    Column("token_id", ID, index=True),
    # What the file is for; null: the library of the store.
    Column("downloadable_id", ID, ForeignKey("downloadables.id", ondelete="CASCADE")),
    Column("store_id", ID, ForeignKey("stores.id", ondelete="CASCADE")),
    Column("file_name", text(255)),
    Column("file_type", text(127)),
    # What was announced of it, which it is held to.
    Column("announced_size", BigInteger),
    Column("announced_md5", text(24)),
    # What has come in by several requests; null where none has.
    Column("partial_key", text(64)),
    Column("length", BigInteger),
    Column("offset", BigInteger, nullable=False),
    Column("date_created", BigInteger, nullable=False, server_default="0"),
    Column("date_expires", BigInteger, nullable=False, index=True),
    Column("date_finished", BigInteger),
    # The file of the library that it became.
    Column("version_id", ID, ForeignKey("versions.id", ondelete="SET NULL")),
    sqlite_autoincrement=True,
)
