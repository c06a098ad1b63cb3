"""Database access: consistent reads, serialized writes, statements compiled once."""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from typing import Any, Generic, TypeVar

from sqlalchemy import Boolean, Connection, Executable
from sqlalchemy.engine import Dialect
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.sql import Select

from app.engines import (
    BUSY_TIMEOUT,
    SQLITE,
    STATEMENT_TIMEOUT,
    Translated,
    begin_reading,
    make_engine,
    write_transaction,
)
from app.errors import RequestError
from app.removal_lock import removal_lock
from app.writer_queue import WriterQueue

Row = Sequence[Any]


FAILURES = (RequestError, SQLAlchemyError, OSError)
"""What is raised where a database, a disk or a network fails."""


class Statement:
    """A select that is compiled to SQL once for each database.

    Building and compiling a Core select costs five times what running it does, so
    statements are constants with bound parameters, run on the driver's cursor.
    """

    def __init__(self, select: Select[Any]) -> None:
        self.select = select
        self.columns = tuple(str(column.key) for column in select.selected_columns)
        self._compiled: dict[str, tuple[str, list[str] | None, dict[str, Any]]] = {}

    def compiled(
        self, dialect: Dialect
    ) -> tuple[str, list[str] | None, dict[str, Any]]:
        """Return the SQL, the names of its parameters, and the values it brings along.

        The names are None where parameters do not go by position.
        """
        # Compiled per dialect, because tests and `restore` use both databases in one
        # process.
        known = self._compiled.get(dialect.name)
        if known is None:
            compiled: Any = self.select.compile(dialect=dialect)
            self._ensure_plain(compiled, dialect)
            # SQLite's driver takes values by position, psycopg takes them by name.
            order = getattr(compiled, "positiontup", None)
            known = str(compiled), order, dict(compiled.params)
            self._compiled[dialect.name] = known
        return known

    def _ensure_plain(self, compiled: Any, dialect: Dialect) -> None:
        """Raise `TypeError` if a value needs to be converted by SQLAlchemy.

        The driver's own cursor converts nothing: a `Date` or `JSON` would come back as
        the driver has it. Only a `Boolean` may, which SQLite has as 0 or 1.
        """
        for column in self.select.selected_columns:
            kind = column.type.dialect_impl(dialect)
            if not isinstance(kind, Boolean) and kind.result_processor(dialect, None):
                raise TypeError(f"column {column.key}: {kind!r} needs a conversion")
        for name, parameter in compiled.binds.items():
            kind = parameter.type.dialect_impl(dialect)
            if not isinstance(kind, Boolean) and kind.bind_processor(dialect):
                raise TypeError(f"parameter {name}: {kind!r} needs a conversion")


R = TypeVar("R", bound=Mapping[str, Any])


class RowStatement(Statement, Generic[R]):
    """A statement whose rows are dictionaries of a known type."""

    def __init__(self, row_type: type[R], select: Select[Any]) -> None:
        super().__init__(select)
        self.row_type = row_type


class Snapshot:
    """One consistent view of the database, for the length of a request.

    `seen` is for what is asked more than once, where the view `is_constant`.
    """

    is_constant = True

    def __init__(self, driver: Any, dialect: Dialect, translated: Translated) -> None:
        self.driver = driver
        self.dialect = dialect
        self._translated = translated
        self.seen: dict[Any, Any] = {}

    def rows(self, statement: Statement, **parameters: Any) -> list[Row]:
        """Run a select and return its rows, as the driver has them."""
        sql, order, defaults = statement.compiled(self.dialect)
        values = {**defaults, **parameters}
        cursor = self.driver.cursor()
        with self._translated:
            cursor.execute(sql, values if order is None else [values[n] for n in order])
        rows: list[Row] = cursor.fetchall()
        cursor.close()
        return rows

    def close(self) -> None:
        """Return the connection to the pool."""
        try:
            # Ends the read transaction: SQLite could not truncate its WAL while it is
            # open.
            self.driver.rollback()
        except self._translated.drivers_own:
            # The database went away; the pool must not hand this one out again.
            self.driver.invalidate()
        self.driver.close()

    def row(self, statement: Statement, **parameters: Any) -> Row | None:
        """Return the only row, or None."""
        rows = self.rows(statement, **parameters)
        return rows[0] if rows else None

    def record(self, statement: Statement, **parameters: Any) -> dict[str, Any] | None:
        """Return the only row by column, or None."""
        row = self.row(statement, **parameters)
        return None if row is None else dict(zip(statement.columns, row, strict=True))

    def typed_record(self, statement: RowStatement[R], **parameters: Any) -> R | None:
        """Return the only row by column, or None."""
        record: Any = self.record(statement, **parameters)
        found: R | None = record
        return found

    def typed_records(self, statement: RowStatement[R], **parameters: Any) -> list[R]:
        """Return all rows by column."""
        rows = self.rows(statement, **parameters)
        records: Any = [dict(zip(statement.columns, r, strict=True)) for r in rows]
        found: list[R] = records
        return found

    def value(self, statement: Statement, **parameters: Any) -> Any:
        """Return the first column of the only row, or None."""
        row = self.row(statement, **parameters)
        return None if row is None else row[0]


class Transaction(Snapshot):
    """A snapshot that can be changed; it is committed as a whole or not at all.

    `public_url` is the base of addresses that are written down in it, for others: the
    setting, since whoever sends a request may claim any host.
    """

    is_constant = False

    def __init__(
        self, connection: Connection, translated: Translated, public_url: str
    ) -> None:
        super().__init__(connection.connection, connection.dialect, translated)
        self.connection = connection
        self.public_url = public_url

    def execute(self, statement: Executable) -> int:
        """Run a statement that changes rows and return their number."""
        return self.connection.execute(statement).rowcount

    def insert(self, table: Any, values: Mapping[str, Any]) -> int:
        """Insert a row and return its id."""
        result = self.connection.execute(table.insert().values(**values))
        key = result.inserted_primary_key
        # Tables without a single id, such as counts, have no key to return.
        return int(key[0]) if key else 0


class Database:
    """A database with all rows: SQLite or PostgreSQL."""

    def __init__(
        self,
        url: str,
        *,
        connections: int = 40,
        waiting_writers: int = 128,
        public_url: str = "",
    ) -> None:
        self.engine = make_engine(url, connections)
        self._public_url = public_url.rstrip("/")
        # One statement per snapshot, so that several queries of a request agree with
        # each other.
        self._begin_reading = begin_reading(self.engine)
        self._translated = Translated(self.engine)
        self._queue = WriterQueue(waiting_writers)
        self.removal_lock = removal_lock(self.engine, self._translated)

    def snapshot(self) -> Snapshot:
        """Open a snapshot, to be closed by the caller; nothing it does is kept."""
        with self._translated:
            # The driver's own connection: SQLAlchemy's costs more than the query.
            connection = self.engine.raw_connection()
            connection.cursor().execute(self._begin_reading)
        return Snapshot(connection, self.engine.dialect, self._translated)

    @contextmanager
    def reading(self) -> Iterator[Snapshot]:
        """Open a snapshot for the length of a block."""
        db = self.snapshot()
        try:
            yield db
        finally:
            db.close()

    @contextmanager
    def writing(self) -> Iterator[Transaction]:
        """Open a transaction, committed when the block ends without an error.

        Raise `Unavailable` if its turn does not come within `BUSY_TIMEOUT`.
        """
        with (
            self._translated,
            self._queue.turn(BUSY_TIMEOUT) as turn,
            self.engine.connect() as connection,
            # What is left of the time is for writers of other processes.
            write_transaction(connection, turn.seconds_left),
        ):
            turn.has_come = True
            yield Transaction(connection, self._translated, self._public_url)

    @contextmanager
    def migrating(self) -> Iterator[Transaction]:
        """Open a transaction in which tables may be made anew.

        SQLite checks foreign keys at its end instead: what refers to a table must not
        be deleted with it. Raise `RuntimeError` where a row refers to none.
        """
        is_sqlite = self.engine.dialect.name == SQLITE
        with (
            self._translated,
            self._queue.turn(STATEMENT_TIMEOUT) as turn,
            self.engine.connect() as connection,
        ):
            driver: Any = connection.connection.driver_connection
            if is_sqlite:
                # Inside of a transaction this has no effect.
                driver.execute("PRAGMA foreign_keys=OFF")
            try:
                with write_transaction(connection, turn.seconds_left):
                    turn.has_come = True
                    yield Transaction(connection, self._translated, self._public_url)
                    if (
                        is_sqlite
                        and driver.execute("PRAGMA foreign_key_check").fetchall()
                    ):
                        raise RuntimeError("a migration left a row that refers to none")
            finally:
                if is_sqlite:
                    # The connection goes back to the pool, where every user expects
                    # foreign keys.
                    driver.execute("PRAGMA foreign_keys=ON")

    def make_room(self) -> None:
        """Free the disk space that SQLite no longer needs, if that is possible now."""
        if self.engine.dialect.name != SQLITE:
            return
        # It may be in use, or the disk too full for that: then it stays.
        with (
            suppress(RequestError, sqlite3.Error),
            self._translated,
            closing(self.engine.raw_connection()) as connection,
        ):
            # Without a truncation the WAL keeps the largest size that it ever had.
            connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()
