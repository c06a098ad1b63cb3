"""Attributes: names with values that a merchant gives to a resource."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Integer,
    Table,
    UniqueConstraint,
)

from app.models.columns import ID, text
from app.models.metadata import METADATA

ATTRIBUTES = Table(
    "attributes",
    METADATA,
    Column("id", ID, primary_key=True),
    # The store that sees it, whatever it belongs to.
    Column("store_id", ID, ForeignKey("stores.id", ondelete="CASCADE"), nullable=False),
    # It belongs to one of these, and goes with it.
    Column("of_store_id", ID, ForeignKey("stores.id", ondelete="CASCADE")),
    Column(
        "item_category_id", ID, ForeignKey("item_categories.id", ondelete="CASCADE")
    ),
    Column("downloadable_id", ID, ForeignKey("downloadables.id", ondelete="CASCADE")),
    Column("revision", Integer, nullable=False),
    Column("name", text(500), nullable=False),
    Column("value", text(1000), nullable=False),
    Column("visibility", text(20), nullable=False),
    Column("date_created", BigInteger, nullable=False),
    Column("date_modified", BigInteger, nullable=False),
    UniqueConstraint("of_store_id", "name"),
    UniqueConstraint("item_category_id", "name"),
    UniqueConstraint("downloadable_id", "name"),
    CheckConstraint(
        "of_store_id IS NOT NULL OR item_category_id IS NOT NULL "
        "OR downloadable_id IS NOT NULL",
        name="owned",
    ),
    sqlite_autoincrement=True,
)
