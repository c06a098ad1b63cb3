"""Helpers of migrations, frozen as they were, so that migrations never change.

Today's column types are in `app/models/columns.py`, and today's search text is in
`app/services/rows/search_text.py`. A migration that needs a newer form gets it here,
under another name.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Literal

from alembic import op
from alembic.operations import BatchOperations
from sqlalchemy import BigInteger, Integer, String
from sqlalchemy import Text as Unbounded
from sqlalchemy import text as sql
from sqlalchemy.types import TypeEngine

ID = BigInteger().with_variant(Integer(), "sqlite")


def text(length: int | None = None) -> TypeEngine[str]:
    """Return the type of a text that is compared by its code points."""
    if length is None:
        return Unbounded().with_variant(Unbounded(collation="C"), "postgresql")
    return String(length).with_variant(String(length, collation="C"), "postgresql")


def folded(values: Mapping[str, Any], names: Iterable[str]) -> str:
    """Return the search text of a row: the named texts in lower case, one a line."""
    return "\n".join(
        unicodedata.normalize("NFKC", str(values.get(name) or "")).casefold()
        for name in names
    )


def nfc(text: str) -> str:
    """Return a text in NFC, in linear time."""
    return _normalized("NFC", text)


def fold(text: str) -> str:
    """Return a text without case, as searches compare them since 0011."""
    if text.isascii():
        return text.lower()
    folded = _normalized("NFKC", _INVISIBLE.sub("", text)).casefold()
    return _normalized("NFKC", folded.replace("i\u0307", "i").replace("\u0131", "i"))


_INVISIBLE = re.compile("[\u00ad\u034f\u200b-\u200f\u2060\ufe00-\ufe0f\ufeff]")
_MARKS = 30


def _normalized(form: Literal["NFC", "NFKC"], text: str) -> str:
    pieces, start, marks = [], 0, 0
    for position, character in enumerate(text):
        is_mark = (
            unicodedata.combining(character)
            or character in "\u0f73\u0f75\u0f81\uff9e\uff9f"
        )
        marks = marks + 1 if is_mark else 0
        if marks > _MARKS:
            pieces.append(text[start:position])
            start, marks = position, 1
    pieces.append(text[start:])
    return "".join(unicodedata.normalize(form, piece) for piece in pieces)


@contextmanager
def altered(table: str) -> Iterator[BatchOperations]:
    """Alter a table in ways for which SQLite has to copy it.

    The copy goes on counting its ids where the original was: none is given twice.
    """
    connection = op.get_bind()
    is_sqlite = connection.dialect.name == "sqlite"
    newest = None
    if is_sqlite:
        query = "SELECT seq FROM sqlite_sequence WHERE name = :table"
        newest = connection.execute(sql(query), {"table": table}).scalar()
    kwargs = {"sqlite_autoincrement": True}
    with op.batch_alter_table(table, table_kwargs=kwargs) as batch:
        yield batch
    if is_sqlite:
        gone = "DELETE FROM sqlite_sequence WHERE name = :table"
        connection.execute(sql(gone), {"table": table})
        kept = "INSERT INTO sqlite_sequence (name, seq) VALUES (:table, :seq)"
        connection.execute(sql(kept), {"table": table, "seq": newest or 0})
