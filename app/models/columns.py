"""Column types that mean the same in every database."""

from sqlalchemy import BigInteger, Integer, String
from sqlalchemy import Text as Unbounded
from sqlalchemy.types import TypeEngine

ID = BigInteger().with_variant(Integer(), "sqlite")
"""SQLite counts up only what is called INTEGER, which has 64 bits there."""


def text(length: int | None = None) -> TypeEngine[str]:
    """Return the type of a text that is compared and sorted by its code points."""
    if length is None:
        return Unbounded().with_variant(Unbounded(collation="C"), "postgresql")
    return String(length).with_variant(String(length, collation="C"), "postgresql")
