"""Sums of downloads and refusals, so that no statistic counts all downloads.

Downloads are summed three times: by day and downloadable, by day for a whole store, and
by month and downloadable. So a statistic of years reads some thousand rows.
"""

from typing import Any

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, Table

from app.models.columns import ID, text
from app.models.metadata import METADATA


def _sums(name: str, *keys: Column[Any], **options: Any) -> Table:
    """Create a table of a store's sums of downloads, with more keys."""
    return Table(
        name,
        METADATA,
        Column(
            "store_id",
            ID,
            ForeignKey("stores.id", ondelete="CASCADE"),
            primary_key=True,
        ),
        *keys,
        Column("downloads", Integer, nullable=False),
        # Purchases that were downloaded for the first time.
        Column("purchases", Integer, nullable=False),
        Column("completed", Integer, nullable=False),
        Column("redirected", Integer, nullable=False),
        Column("bytes_sent", BigInteger, nullable=False),
        **options,
    )


# Days and months are those of the store's time zone when a download began: 2026-11-30,
# 2026-11. Downloadables are no foreign keys: what was sold stays in the sums when it is
# deleted.
DOWNLOAD_DAYS = _sums(
    "download_days",
    Column("day", text(10), primary_key=True),
    Column("downloadable_id", ID, primary_key=True),
)
Index(None, DOWNLOAD_DAYS.c.downloadable_id, DOWNLOAD_DAYS.c.day)
STORE_DAYS = _sums("store_days", Column("day", text(10), primary_key=True))
DOWNLOAD_MONTHS = _sums(
    "download_months",
    Column("month", text(7), primary_key=True),
    Column("downloadable_id", ID, primary_key=True),
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
