"""A lock that prevents the removal of files during a backup or a restore.

It is released when its process ends, so a killed process blocks nothing. It belongs to
the database, because the rows say which files are copied: for SQLite it is a file
beside it, for PostgreSQL an advisory lock.

Tested in `tests/torture/faults/test_backup_under_deletes.py`.
"""

import fcntl
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from functools import partial
from pathlib import Path
from typing import IO, Any, Protocol

from sqlalchemy.engine import Engine

from app.engines import SQLITE, Translated
from app.errors import ConfigurationError
from app.os_errors import READ_ONLY
from app.private_files import open_file

_LOCK = 0x51_8E_4A_12
ATTEMPTS, PAUSE = 40, 0.05


class RemovalLock(Protocol):
    """Held by a backup; who removes files looks whether it is."""

    def held(self) -> AbstractContextManager[None]:
        """Hold it. Raise `ConfigurationError` while another process does."""

    def is_held(self) -> bool:
        """Return whether a process forbids the removal of files now."""

    def create(self) -> None:
        """Create what the lock needs, such as its file."""


class FileLock:
    """A lock on a file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold it."""
        try:
            file = open_file(self._path, "a")
        except OSError as error:
            if error.errno not in READ_ONLY:
                raise
            if not self._path.exists():
                # No server of this version has used the database.
                yield
                return
            # What others write to may be mounted to be read: a lock is taken anyway.
            file = self._path.open()
        with file:
            _insist(partial(_lock_now, file, fcntl.LOCK_EX))
            yield

    def create(self) -> None:
        """Create the file, for processes that may not."""
        open_file(self._path, "a").close()

    def is_held(self) -> bool:
        """Return whether a process holds it."""
        try:
            with self._path.open() as file:
                # Shared, so that those who look are not in each other's way.
                return not _lock_now(file, fcntl.LOCK_SH)
        except FileNotFoundError:
            return False


class AdvisoryLock:
    """A lock of PostgreSQL, for as long as a connection (PostgreSQL, 13.3.5)."""

    def __init__(self, engine: Engine, translated: Translated) -> None:
        self._engine = engine
        self._translated = translated

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold it."""
        with self._translated:
            connection = self._engine.raw_connection()
        try:
            with self._translated:
                _insist(partial(_ask, connection, "pg_try_advisory_lock"))
            yield
        finally:
            # Not back to the pool: the lock ends with the connection.
            connection.detach()
            connection.close()

    def is_held(self) -> bool:
        """Return whether a process holds it. Raise `Unavailable`."""
        with self._translated, closing(self._engine.raw_connection()) as connection:
            if not _ask(connection, "pg_try_advisory_lock_shared"):
                return True
            _ask(connection, "pg_advisory_unlock_shared")
        return False

    def create(self) -> None:
        """Do nothing: the database has it."""


def _insist(lock: Callable[[], bool]) -> None:
    """Take a lock; retry while others test it."""
    for _ in range(ATTEMPTS):
        if lock():
            return
        time.sleep(PAUSE)
    raise ConfigurationError(
        "another backup or restore is running; wait until it has ended"
    )


def _lock_now(file: IO[str], how: int) -> bool:
    try:
        fcntl.flock(file, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _ask(connection: Any, function: str) -> bool:
    cursor = connection.cursor()
    cursor.execute(f"SELECT {function}({_LOCK})")
    [answer] = cursor.fetchone()
    cursor.close()
    return bool(answer)


def removal_lock(engine: Engine, translated: Translated) -> RemovalLock:
    """Return the lock that belongs to a database."""
    if engine.dialect.name == SQLITE:
        return lock_beside(Path(str(engine.url.database)))
    return AdvisoryLock(engine, translated)


def lock_beside(database: Path) -> FileLock:
    """Return the lock that belongs to a file of SQLite."""
    return FileLock(database.with_name(f"{database.name}-backup"))
