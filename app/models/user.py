"""People who sign in, and their roles in stores."""

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    Table,
    UniqueConstraint,
)

from app.models.columns import ID, text
from app.models.metadata import METADATA

USERS = Table(
    "users",
    METADATA,
    Column("id", ID, primary_key=True),
    Column("email", text(254), nullable=False),
    # Folded: an address is the same in capital letters.
    Column("email_key", text(254), nullable=False, unique=True),
    # argon2id, with its parameters and salt; null: nobody can sign in by password yet.
    Column("password_digest", text(200)),
    Column("date_signed_in", BigInteger),
    Column("date_created", BigInteger, nullable=False),
    Column("date_modified", BigInteger, nullable=False),
    sqlite_autoincrement=True,
)

USER_ROLES = Table(
    "user_roles",
    METADATA,
    Column("id", ID, primary_key=True),
    Column("store_id", ID, ForeignKey("stores.id", ondelete="CASCADE"), nullable=False),
    Column("user_id", ID, ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    Column("revision", Integer, nullable=False),
    # The name of a role: app/services/scopes.py has the scope that it gives.
    Column("role", text(20), nullable=False),
    Column("date_created", BigInteger, nullable=False),
    Column("date_modified", BigInteger, nullable=False),
    UniqueConstraint("store_id", "user_id"),
    Index(None, "user_id"),
    sqlite_autoincrement=True,
)
