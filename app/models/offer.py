"""Offers of downloadables, and their translations."""

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
from sqlalchemy import text as sql

from app.models.columns import ID, text
from app.models.metadata import METADATA

OFFERS = Table(
    "offers",
    METADATA,
    # Its downloadable; one that has no row here is offered by the defaults.
    Column(
        "downloadable_id",
        ID,
        ForeignKey("downloadables.id", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    ),
    Column("store_id", ID, ForeignKey("stores.id", ondelete="CASCADE"), nullable=False),
    Column("slug", text(200), nullable=False),
    Column("sale_price", BigInteger),
    Column("sale_price_start", BigInteger),
    Column("sale_price_end", BigInteger),
    Column("available_from", BigInteger),
    Column("available_until", BigInteger),
    Column("min_quantity", Integer),
    Column("max_quantity", Integer),
    Column("short_description", text(), nullable=False),
    Column("keywords", text(), nullable=False),
    Column("seo_title", text(200), nullable=False),
    Column("seo_description", text(), nullable=False),
    Column("barcode", text(100), nullable=False),
    Column("cost", BigInteger),
    Column("is_taxable", Boolean, nullable=False),
    Column("display_order", Integer),
    Index(
        "uq_offers_slug",
        "store_id",
        "slug",
        unique=True,
        sqlite_where=sql("slug <> ''"),
        postgresql_where=sql("slug <> ''"),
    ),
)

TRANSLATIONS = Table(
    "translations",
    METADATA,
    Column("id", ID, primary_key=True),
    Column("store_id", ID, ForeignKey("stores.id", ondelete="CASCADE"), nullable=False),
    Column(
        "downloadable_id",
        ID,
        ForeignKey("downloadables.id", ondelete="CASCADE"),
        nullable=False,
    ),
    Column("revision", Integer, nullable=False),
    Column("language", text(35), nullable=False),
    # An empty text is that of the downloadable itself.
    Column("name", text(100), nullable=False),
    Column("description", text(), nullable=False),
    Column("short_description", text(), nullable=False),
    Column("seo_title", text(200), nullable=False),
    Column("seo_description", text(), nullable=False),
    Column("date_created", BigInteger, nullable=False),
    Column("date_modified", BigInteger, nullable=False),
    UniqueConstraint("downloadable_id", "language"),
    sqlite_autoincrement=True,
)
