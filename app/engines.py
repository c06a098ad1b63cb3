"""Differences between the databases: SQLite (embedded) and PostgreSQL.

Both give readers a consistent view and let writers take turns, so that nothing changes
between a check and the write that depends on it.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any

from sqlalchemy import Connection, create_engine, event
from sqlalchemy.engine import Engine, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.exc import TimeoutError as NoConnection

from app.errors import (
    ConfigurationError,
    Disconnected,
    InsufficientStorage,
    RequestError,
    Unavailable,
)
from app.private_files import make_private, restrict
from app.reserve import size_on

BUSY_TIMEOUT = 10.0
"""Seconds a writer waits for another one."""

STATEMENT_TIMEOUT = 30.0
"""Seconds after which PostgreSQL gives up a statement; migrations may take longer."""

WRITES = "sirenhall_writes"
"""The execution option of a connection whose next transaction changes something: how
long it waits for its turn, in milliseconds."""

SQLITE, POSTGRESQL = "sqlite", "postgresql"

PAGE, MOST_WAL_PAGES = 4096, 1000
"""Bytes of a page of SQLite, and its own default of pages until a checkpoint."""

_RETRY_AFTER = 2
_BUSY = "the database is busy; please try again"
_BROKEN = "the database's disk does not answer as it should; please try again"
_ONLY_READ = "the database can only be read; nothing was changed"
_SQLITE = {
    sqlite3.SQLITE_BUSY: _BUSY,
    sqlite3.SQLITE_LOCKED: _BUSY,
    sqlite3.SQLITE_READONLY: _ONLY_READ,
    sqlite3.SQLITE_IOERR: _BROKEN,
    sqlite3.SQLITE_CANTOPEN: _BROKEN,
    sqlite3.SQLITE_CORRUPT: _BROKEN,
    sqlite3.SQLITE_NOTADB: _BROKEN,
}
_NO_ROOM = {sqlite3.SQLITE_IOERR_SHMSIZE}
"""What SQLite says on a full disk where it does not say that it is full."""

_DISK_FULL, _READ_ONLY = "53100", "25006"

_LOCK = 0x51_8E_4A_11
_BEGIN = {
    # A writer that began as a reader finds its snapshot stale and is refused at
    # once, whatever the time-out.
    SQLITE: ("BEGIN", "BEGIN IMMEDIATE"),
    POSTGRESQL: (
        "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
        # What is looked up before a change must still be true when it is made.
        f"BEGIN; SET LOCAL lock_timeout = {{}}; SELECT pg_advisory_xact_lock({_LOCK})",
    ),
}


def make_engine(url: str, pool_size: int) -> Engine:
    """Create the engine of a database URL. Raise `ConfigurationError`."""
    try:
        parsed = make_url(url)
    except ArgumentError:
        parsed = None
    backend = parsed.get_backend_name() if parsed else ""
    if parsed is None or backend not in _BEGIN or not parsed.database:
        raise ConfigurationError(
            f"SIRENHALL_DATABASE_URL={_without_password(url)!r}: must be "
            "sqlite:////path/of/a/file or postgresql://user:password@host/database"
        )
    shared: dict[str, Any] = {
        "pool_size": pool_size,
        # A burst must not open connections beyond what PostgreSQL allows.
        "max_overflow": 0,
        "pool_timeout": BUSY_TIMEOUT,
        # The most recently used connection has the warmest caches; idle ones are not
        # touched.
        "pool_use_lifo": True,
        # Snapshots and transactions end themselves.
        "pool_reset_on_return": None,
    }
    if backend == SQLITE:
        # isolation_level None: the driver opens no transactions of its own; `_begin`
        # does.
        arguments = {"timeout": BUSY_TIMEOUT, "isolation_level": None}
        _make_private(Path(parsed.database))
        engine = create_engine(url, connect_args=arguments, **shared)
        pages = _checkpoint_pages(Path(parsed.database).parent)

        @event.listens_for(engine, "connect")
        def _connected(connection: sqlite3.Connection, _record: Any) -> None:
            _prepare_sqlite(connection, pages)
    else:
        engine = _postgresql(url, shared)
    event.listen(engine, "begin", _begin)
    return engine


def _postgresql(url: str, shared: dict[str, Any]) -> Engine:
    try:
        engine = create_engine(
            url,
            # One that has been cut off is replaced, not met by a client.
            pool_pre_ping=True,
            connect_args={
                # Autocommit: reads end without a COMMIT, and transactions begin
                # explicitly in `_begin`.
                "autocommit": True,
                "connect_timeout": int(BUSY_TIMEOUT),
                # A network that swallows everything is noticed, too.
                "keepalives_idle": 10,
                "keepalives_interval": 5,
                "keepalives_count": 3,
                "tcp_user_timeout": 20_000,
            },
            **shared,
        )
    except ImportError as error:
        raise ConfigurationError(
            "PostgreSQL needs its driver: pip install 'sirenhall[postgres]'"
        ) from error
    event.listen(engine, "connect", _prepare_postgresql)
    return engine


def begin_reading(engine: Engine) -> str:
    """Return the statement that begins a consistent view."""
    return _BEGIN[engine.dialect.name][0]


@contextmanager
def write_transaction(connection: Connection, seconds: float) -> Iterator[None]:
    """Open a transaction that changes something, committed at the end of the block.

    It waits for writers of other processes for so many seconds.
    """
    # PostgreSQL takes 0 for no limit.
    milliseconds = max(1, int(seconds * 1000))
    connection.execution_options(**{WRITES: milliseconds})
    if connection.dialect.name != SQLITE:
        with connection.begin():
            yield
        return
    driver: Any = connection.connection.driver_connection
    driver.execute(f"PRAGMA busy_timeout = {milliseconds}")
    try:
        with connection.begin():
            yield
    finally:
        # The connection is a reader's next.
        driver.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT * 1000:.0f}")


def busy() -> Unavailable:
    """Return the error for a writer that waited too long."""
    return Unavailable(_BUSY, retry_after=_RETRY_AFTER)


def _begin(connection: Connection) -> None:
    milliseconds = connection.get_execution_options().get(WRITES)
    begin = _BEGIN[connection.dialect.name][bool(milliseconds)]
    connection.exec_driver_sql(begin.format(milliseconds))


def _make_private(path: Path) -> None:
    """Restrict the file of the database; SQLite gives its other files the same mode."""
    if path.parent.is_dir():
        make_private(path)
        for ending in ("-wal", "-shm"):
            restrict(path.with_name(path.name + ending))


def _checkpoint_pages(folder: Path) -> int:
    """Return the number of pages after which SQLite checkpoints its WAL.

    Copying may need as many new pages. On a full disk only the reserve has room for
    them, so it must be as large (see app/reserve.py).
    """
    if not folder.is_dir():
        return MOST_WAL_PAGES
    return max(1, min(MOST_WAL_PAGES, size_on(folder) // PAGE))


def _prepare_sqlite(connection: sqlite3.Connection, checkpoint_pages: int) -> None:
    for pragma in (
        # WAL: readers never wait for the writer, and the writer never waits for
        # readers.
        "journal_mode=WAL",
        # FULL: with NORMAL, rows that were acknowledged are lost at a power cut.
        "synchronous=FULL",
        # Off by default in SQLite, for compatibility.
        "foreign_keys=ON",
        f"wal_autocheckpoint={checkpoint_pages}",
        # As in PostgreSQL; what ignores case is folded before it is stored.
        "case_sensitive_like=ON",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _prepare_postgresql(connection: Any, _record: Any) -> None:
    cursor = connection.cursor()
    # A session setting, for statements outside of write transactions.
    cursor.execute(f"SET lock_timeout = '{BUSY_TIMEOUT:.0f}s'")
    cursor.execute(f"SET statement_timeout = '{STATEMENT_TIMEOUT:.0f}s'")
    # All dates are seconds since 1970; this is for whoever looks at the database by
    # hand.
    cursor.execute("SET TIME ZONE 'UTC'")
    cursor.close()


class Translated:
    """Says in our terms what a database's own condition means for a client."""

    def __init__(self, engine: Engine) -> None:
        driver: Any = engine.dialect.dbapi
        # SQLite says of a page that it cannot read that it is malformed.
        self.drivers_own = driver.DatabaseError, driver.InterfaceError
        self._operational = driver.OperationalError, driver.InterfaceError

    def __enter__(self) -> None:
        """Start translating errors."""

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        """Translate what is known."""
        cause = error.orig if isinstance(error, DBAPIError) else error
        if isinstance(error, NoConnection):
            raise Unavailable(
                "the server is busy; please try again", retry_after=2
            ) from error
        if not isinstance(cause, self.drivers_own):
            return
        if isinstance(cause, sqlite3.Error):
            found = _of_sqlite(cause)
        else:
            found = _of_postgresql(cause, isinstance(cause, self._operational))
        if found is not None:
            raise found from error


def _of_sqlite(cause: sqlite3.Error) -> RequestError | None:
    """Return the error for a result code (https://sqlite.org/rescode.html)."""
    # The last eight bits are the primary code.
    code = getattr(cause, "sqlite_errorcode", 0)
    if code in _NO_ROOM or code & 0xFF == sqlite3.SQLITE_FULL:
        return InsufficientStorage("the server's disk is full; nothing was changed")
    words = _SQLITE.get(code & 0xFF)
    return Unavailable(words, retry_after=_RETRY_AFTER) if words else None


def _of_postgresql(cause: Any, is_operational: bool) -> RequestError | None:  # noqa: FBT001
    """Return the error for an SQLSTATE (PostgreSQL, appendix A).

    Over a network, whatever is operational passes.
    """
    state = getattr(cause, "sqlstate", "") or ""
    if state == _DISK_FULL:
        return InsufficientStorage("the server's disk is full; nothing was changed")
    if state == _READ_ONLY:
        return Unavailable(_ONLY_READ, retry_after=_RETRY_AFTER)
    # Anything else is a mistake in our SQL, and must be a 500 that is logged.
    if not is_operational:
        return None
    # Without a state, or with one of class 57P or 08, the connection is gone.
    is_gone = not state or state.startswith(("08", "57P"))
    kind = Disconnected if is_gone else Unavailable
    return kind(_BUSY, retry_after=_RETRY_AFTER)


def _without_password(url: str) -> str:
    """Shorten what cannot be parsed to what surely is no secret."""
    scheme, separator, _ = url.partition("://")
    return f"{scheme}{separator}…" if separator else url
