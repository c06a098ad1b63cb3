"""Statements run on the driver's cursor, so their values must need no conversion."""

import shutil
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
from app.engines import PAGE, make_engine
from app.reserve import size_on

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


@pytest.mark.parametrize("megabytes", [1, 5, 40, 127, 128, 129, 10_000, 10**9])
def test_copying_the_wal_needs_no_more_room_than_the_reserve_has(
    tmp_path, monkeypatch, megabytes
):
    disk = shutil.disk_usage(tmp_path)._replace(total=megabytes * 10**6)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: disk)
    engine = make_engine(f"sqlite:///{tmp_path / 'a.db'}", 1)
    with engine.connect() as connection:
        pages = connection.exec_driver_sql("PRAGMA wal_autocheckpoint").scalar()
        assert connection.exec_driver_sql("PRAGMA page_size").scalar() == PAGE
    engine.dispose()
    assert 1 <= pages <= 1000
    assert pages * PAGE <= size_on(tmp_path)
