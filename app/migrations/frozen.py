"""What migrations were written with, as it was then, so that they never change.

The types and the folding of today are in `app/models/columns.py` and
`app/services/folding.py`; a migration that needs them otherwise gets them otherwise
named here.
"""

import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import BigInteger, Integer, String
from sqlalchemy import Text as Unbounded
from sqlalchemy.types import TypeEngine

ID = BigInteger().with_variant(Integer(), "sqlite")


def text(length: int | None = None) -> TypeEngine[str]:
    """Give the type of a text that is compared by its code points."""
    if length is None:
        return Unbounded().with_variant(Unbounded(collation="C"), "postgresql")
    return String(length).with_variant(String(length, collation="C"), "postgresql")


def folded(values: Mapping[str, Any], names: Iterable[str]) -> str:
    """Give what a search looks through: the named texts without case, a line each."""
    return "\n".join(
        unicodedata.normalize("NFKC", str(values.get(name) or "")).casefold()
        for name in names
    )
