"""CSV (RFC 4180), for collections only: a row for each member.

A spreadsheet runs a cell that begins like a formula, whoever wrote its text. So such a
text gets an apostrophe before it, as OWASP advises, and `import` takes it off again.

Tested in `tests/representations/test_csv.py`.
"""

import csv
import io
import re
from collections.abc import Iterable
from decimal import Decimal
from typing import ClassVar

from representations.representation import Representation
from representations.resource import Resource, Value

HREF = "href"
MARK = "\ufeff"
"""The byte order mark by which Excel knows a table as UTF-8."""

APOSTROPHE = "'"
_SIGNS = "=+\\-@\uff1d\uff0b\uff0d\uff20"
# A text that has apostrophes before it already gets one more, so that nothing is lost.
_FORMULA = f"'*[{_SIGNS}\t\r\n]"
# In another country's settings a cell begins after other separators, too. There, the
# end of a line is only the end of a line.
_INNER = "(?<=[;\t\r\n])"
_INNER_FORMULA = f"'*[{_SIGNS}]"
_UNPROTECTED = re.compile(f"^(?={_FORMULA})|{_INNER}(?={_INNER_FORMULA})")
_PROTECTED = re.compile(f"^'(?={_FORMULA})|{_INNER}'(?={_INNER_FORMULA})")


def protect(text: str) -> str:
    """Return a text as a cell that no spreadsheet takes for a formula."""
    return _UNPROTECTED.sub(APOSTROPHE, text)


def unprotect(cell: str) -> str:
    """Return the text that was protected."""
    return _PROTECTED.sub("", cell)


class CsvTable(Representation):
    """The properties of the members and the addresses they are at, as a table.

    It is written row by row, since a table may be any size.
    """

    name = "csv"
    title = "CSV"
    media_types: ClassVar[tuple[str, ...]] = ("text/csv",)

    def head(self, names: Iterable[str], mark: str = "") -> bytes:
        """Write the line of names, perhaps after a byte order mark."""
        return mark.encode() + _line([*names, HREF])

    def rows(self, members: Iterable[Resource]) -> bytes:
        """Write a line for each resource."""
        return b"".join(
            _line([*map(_text, member.properties.values()), member.href or ""])
            for member in members
        )


def _line(values: list[str]) -> bytes:
    text = io.StringIO()
    # The csv module quotes as RFC 4180 says, with CRLF at the end of a line.
    csv.writer(text).writerow(values)
    return text.getvalue().encode()


def _text(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, str):
        return protect(value)
    return "" if value is None else str(value)
