"""Item categories; amounts are integers of ten-thousandths."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Integer,
    Table,
    UniqueConstraint,
)

from app.models.columns import ID, text
from app.models.metadata import METADATA

ITEM_CATEGORIES = Table(
    "item_categories",
    METADATA,
    Column("id", ID, primary_key=True),
    Column("store_id", ID, ForeignKey("stores.id", ondelete="CASCADE"), nullable=False),
    Column("revision", Integer, nullable=False),
    Column("code", text(50), nullable=False),
    Column("name", text(50), nullable=False),
    Column("item_delivery_type", text(20), nullable=False),
    Column("max_downloads_per_customer", Integer),
    Column("max_downloads_time_period", Integer),
    Column("customs_value", BigInteger, nullable=False),
    Column("default_weight", BigInteger),
    Column("default_weight_unit", text(10), nullable=False),
    Column("default_length_unit", text(10), nullable=False),
    Column("shipping_flat_rate", BigInteger),
    Column("shipping_flat_rate_type", text(20), nullable=False),
    Column("handling_fee_type", text(30), nullable=False),
    Column("handling_fee", BigInteger, nullable=False),
    Column("handling_fee_minimum", BigInteger),
    Column("handling_fee_percentage", BigInteger),
    Column("discount_type", text(30), nullable=False),
    Column("discount_name", text(50), nullable=False),
    Column("discount_details", text(200), nullable=False),
    Column("send_customer_email", Boolean, nullable=False),
    Column("send_admin_email", Boolean, nullable=False),
    Column("admin_email", text(300), nullable=False),
    Column("admin_email_template_uri", text(300), nullable=False),
    Column("customer_email_template_uri", text(300), nullable=False),
    Column("gift_recipient_email_template_uri", text(300)),
    # What a search looks through, folded; see app/services/rows/search_text.py.
    Column("search_text", text(), nullable=False, server_default=""),
    Column("attribute_count", Integer, nullable=False, server_default="0"),
    Column("date_created", BigInteger, nullable=False),
    Column("date_modified", BigInteger, nullable=False),
    UniqueConstraint("store_id", "code"),
    sqlite_autoincrement=True,
)
