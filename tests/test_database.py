"""Statements run on the driver's cursor, so their values must need no conversion."""

from typing import Any

import pytest
from sqlalchemy import (
    JSON,
    Boolean,
    Date,
    Interval,
    String,
    bindparam,
    column,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite

from app.database import Statement

SQLITE = SQLiteDialect_pysqlite()
POSTGRESQL = postgresql.psycopg.dialect()
DIALECTS = [SQLITE, POSTGRESQL]


@pytest.mark.parametrize("kind", [Interval(), JSON(), sqlite.JSON()], ids=repr)
def test_a_column_that_needs_a_conversion_is_refused(kind):
    with pytest.raises(TypeError, match="column moment"):
        Statement(select(column("moment", kind))).compiled(SQLITE)


@pytest.mark.parametrize(
    ("dialect", "kind"), [(SQLITE, Interval()), (SQLITE, JSON()), (POSTGRESQL, JSON())]
)
def test_a_parameter_that_needs_a_conversion_is_refused(dialect, kind):
    moment = bindparam("moment", type_=kind)
    statement = Statement(select(column("a")).where(column("a") == moment))
    with pytest.raises(TypeError, match="parameter moment"):
        statement.compiled(dialect)


def test_a_date_is_refused_on_sqlite_alone():
    statement = Statement(select(column("day", Date())))
    with pytest.raises(TypeError, match="column day"):
        statement.compiled(SQLITE)
    statement.compiled(POSTGRESQL)


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
def test_texts_numbers_and_truth_need_none(dialect):
    text, truth = column("a", String()), column("b", Boolean())
    chosen: Any = select(text, truth).where(truth.is_(True), text == "x")
    statement = Statement(chosen)
    sql, _, _ = statement.compiled(dialect)
    assert "SELECT" in sql
