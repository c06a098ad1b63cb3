"""Sums of downloads and refusals by day, so that no statistic counts all downloads."""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, Table

from app.models.columns import ID, text
from app.models.metadata import METADATA

DOWNLOAD_DAYS = Table(
    "download_days",
    METADATA,
    Column(
        "store_id", ID, ForeignKey("stores.id", ondelete="CASCADE"), primary_key=True
    ),
    # The day in the store's time zone when a download began: 2026-11-30.
    Column("day", text(10), primary_key=True),
    # No foreign key: what was sold stays in the sums when it is deleted.
    Column("downloadable_id", ID, primary_key=True),
    Column("downloads", Integer, nullable=False),
    # Purchases that were downloaded for the first time.
    Column("purchases", Integer, nullable=False),
    Column("completed", Integer, nullable=False),
    Column("redirected", Integer, nullable=False),
    Column("bytes_sent", BigInteger, nullable=False),
    Index(None, "downloadable_id", "day"),
)

REFUSAL_DAYS = Table(
    "refusal_days",
    METADATA,
    Column(
        "store_id", ID, ForeignKey("stores.id", ondelete="CASCADE"), primary_key=True
    ),
    Column("day", text(10), primary_key=True),
    Column("downloadable_id", ID, primary_key=True),
    # The code of the error that customers got.
    Column("reason", text(40), primary_key=True),
    Column("refusals", Integer, nullable=False),
)
