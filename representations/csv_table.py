"""CSV (RFC 4180), for collections alone: a row for each member."""

import csv
import io
from collections.abc import Iterable
from decimal import Decimal
from typing import ClassVar

from representations.representation import Representation
from representations.resource import Resource, Value

HREF = "href"


class CsvTable(Representation):
    """The properties of the members and the addresses they are at, as a table.

    It is written row by row, since a table may be any size.
    """

    name = "csv"
    title = "CSV"
    media_types: ClassVar[tuple[str, ...]] = ("text/csv",)

    def head(self, names: Iterable[str]) -> bytes:
        """Write the line of names."""
        return _line([*names, HREF])

    def rows(self, members: Iterable[Resource]) -> bytes:
        """Write a line for each resource."""
        return b"".join(
            _line([*map(_text, member.properties.values()), member.href or ""])
            for member in members
        )


def _line(values: list[str]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerow(values)
    return text.getvalue().encode()


def _text(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return f"{value:f}"
    return "" if value is None else str(value)
