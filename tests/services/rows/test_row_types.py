"""The types of rows are those of the statements that they come from."""

import gc
import importlib
import pkgutil
from typing import get_args, get_type_hints

import pytest
from sqlalchemy import BigInteger, Boolean, Column, Integer, String
from sqlalchemy.sql.elements import Label

import app.services
from app.database import RowStatement
from app.resources import REGISTRY
from app.services.rows import row_types

ROWS = [
    kind
    for kind in vars(row_types).values()
    if isinstance(kind, type) and kind.__name__.endswith("Row")
]
LIMITS = ("max_downloads", "download_window_hours")
NEVER_NULL = {
    # They are null for library files alone, which an inner join excludes.
    ("VersionRow", "downloadable_id"),
    ("VersionRow", "number"),
    # A purchase gets its limits when it is granted, and at each change.
    *(("PurchasedFileRow", name) for name in LIMITS),
    *(("ListedFileRow", name) for name in LIMITS),
}
"""Columns of rows in which they are never null, though their tables allow it."""

KINDS = {Boolean: bool, Integer: int, BigInteger: int, String: str}


def statements():
    """Return the statements of all modules, whether something has used them or not."""
    for module in pkgutil.walk_packages(app.services.__path__, "app.services."):
        importlib.import_module(module.name)
    assert REGISTRY
    return [found for found in gc.get_objects() if type(found) is RowStatement]


def test_every_type_of_row_has_a_statement():
    assert {s.row_type for s in statements()} == set(ROWS)


@pytest.mark.parametrize("statement", statements(), ids=lambda s: s.row_type.__name__)
def test_a_row_has_the_columns_of_its_statement(statement):
    assert sorted(get_type_hints(statement.row_type)) == sorted(statement.columns)


@pytest.mark.parametrize("statement", statements(), ids=lambda s: s.row_type.__name__)
def test_a_column_has_the_type_of_its_table(statement):
    hints = get_type_hints(statement.row_type)
    for column in statement.select.selected_columns:
        kinds = get_args(hints[column.key]) or (hints[column.key],)
        [expected] = {KINDS[base] for base in KINDS if isinstance(column.type, base)}
        assert expected in kinds, column.key
        named = column.element if isinstance(column, Label) else column
        is_null = isinstance(named, Column) and named.nullable
        if is_null and (statement.row_type.__name__, column.key) not in NEVER_NULL:
            assert type(None) in kinds, column.key
