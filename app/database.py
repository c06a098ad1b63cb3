"""The database: consistent reads, serialized writes, statements compiled once."""

import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import Any

from sqlalchemy import Connection, Executable, create_engine, event
from sqlalchemy.engine import Dialect, Engine, make_url
from sqlalchemy.exc import ArgumentError, OperationalError
from sqlalchemy.sql import Select

from app.errors import ConfigurationError, InsufficientStorage, Unavailable

BUSY_TIMEOUT = 10.0
"""Seconds a writer waits for one in another process."""

SPARE = 16
"""Connections beyond one for each thread."""

Row = Sequence[Any]


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
        """Give the SQL, the names of its parameters, and the values it brings along.

        The names are None where parameters do not go by position.
        """
        known = self._compiled.get(dialect.name)
        if known is None:
            compiled = self.select.compile(dialect=dialect)
            order = getattr(compiled, "positiontup", None)
            known = str(compiled), order, dict(compiled.params)
            self._compiled[dialect.name] = known
        return known


class Snapshot:
    """One consistent view of the database, for the length of a request."""

    def __init__(self, driver: Any, dialect: Dialect) -> None:
        self.driver = driver
        self.dialect = dialect

    def rows(self, statement: Statement, **parameters: Any) -> list[Row]:
        """Run a select and give its rows, as the driver has them."""
        sql, order, defaults = statement.compiled(self.dialect)
        values = {**defaults, **parameters}
        cursor = self.driver.cursor()
        with _TRANSLATED:
            cursor.execute(sql, values if order is None else [values[n] for n in order])
        rows: list[Row] = cursor.fetchall()
        cursor.close()
        return rows

    def close(self) -> None:
        """Give the connection back to the pool."""
        self.driver.rollback()
        self.driver.close()

    def row(self, statement: Statement, **parameters: Any) -> Row | None:
        """Give the only row, or None."""
        rows = self.rows(statement, **parameters)
        return rows[0] if rows else None

    def record(self, statement: Statement, **parameters: Any) -> dict[str, Any] | None:
        """Give the only row by column, or None."""
        row = self.row(statement, **parameters)
        return None if row is None else dict(zip(statement.columns, row, strict=True))

    def value(self, statement: Statement, **parameters: Any) -> Any:
        """Give the first column of the only row, or None."""
        row = self.row(statement, **parameters)
        return None if row is None else row[0]


class Transaction(Snapshot):
    """A snapshot that can be changed; it is committed as a whole or not at all."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection.connection, connection.dialect)
        self.connection = connection

    def execute(self, statement: Executable) -> int:
        """Run a statement that changes rows and give their number."""
        return self.connection.execute(statement).rowcount

    def insert(self, table: Any, values: Mapping[str, Any]) -> int:
        """Insert a row and give its id."""
        result = self.connection.execute(table.insert().values(**values))
        key = result.inserted_primary_key
        return int(key[0]) if key else 0


class Database:
    """Where all rows are: SQLite."""

    def __init__(self, url: str, *, threads: int = 64) -> None:
        self.engine = _engine(url, threads + SPARE)
        # Options make a second engine over the same pool; its BEGIN differs.
        self._writer = self.engine.execution_options(sirenhall_writes=True)
        # Writers of one process queue here fairly, not in SQLite's polling.
        self._lane = threading.Lock()

    def snapshot(self) -> Snapshot:
        """Open a snapshot, to be closed by the caller; nothing it does is kept."""
        with _TRANSLATED:
            # The driver's own connection: SQLAlchemy's costs more than the query.
            connection = self.engine.raw_connection()
            connection.cursor().execute("BEGIN")
        return Snapshot(connection, self.engine.dialect)

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
        """Open a transaction, committed when the block ends without an error."""
        with _TRANSLATED, self._lane, self._writer.begin() as connection:
            yield Transaction(connection)

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()


def _engine(url: str, pool_size: int) -> Engine:
    try:
        parsed = make_url(url)
    except ArgumentError:
        parsed = None
    if parsed is None or parsed.get_backend_name() != "sqlite" or not parsed.database:
        raise ConfigurationError(
            f"SIRENHALL_DATABASE_URL={url!r}: must be sqlite:////path/of/a/file; other "
            "databases are not supported yet"
        )
    engine = create_engine(
        url,
        pool_size=pool_size,
        pool_use_lifo=True,
        # Snapshots and transactions end themselves.
        pool_reset_on_return=None,
        connect_args={"timeout": BUSY_TIMEOUT, "isolation_level": None},
    )
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: sqlite3.Connection, _record: Any) -> None:
    # FULL: with NORMAL, rows that were acknowledged are lost at a power cut.
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    # A writer that began as a reader finds its snapshot stale and is refused at
    # once, whatever the time-out.
    writes = connection.get_execution_options().get("sirenhall_writes")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


class _Translated:
    """Says in our terms what the database's own condition means for a client."""

    def __enter__(self) -> None:
        """Watch."""

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        """Translate what is known."""
        if not isinstance(error, OperationalError | sqlite3.OperationalError):
            return
        text = str(error).lower()
        if "full" in text or "disk i/o" in text:
            raise InsufficientStorage(
                "the server's disk is full; nothing was changed"
            ) from error
        if "locked" in text or "connect" in text or "busy" in text:
            raise Unavailable(
                "the database is busy; please try again",
                headers={"Retry-After": "2"},
            ) from error


_TRANSLATED = _Translated()
