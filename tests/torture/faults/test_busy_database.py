"""Another program holds the database: writers are told to wait, nobody else is."""

import contextlib
import sqlite3
import threading
import time
from functools import partial

import pytest

from tests import databases
from tests.cli.transfer.test_import_command import invoke
from tests.conftest import blobs, environment_for, start_server, stop_server, wait_until
from tests.torture.loads import JSON, ask, at_once, upload

# Ten, and until their address has a thread for them; more where other tests run beside.
PATIENCE, BESIDE_OTHERS = 15, 40


@pytest.fixture
def server(tmp_path):
    server = start_server(
        tmp_path / "data",
        "--demo",
        environment={"SIRENHALL_RATE_LIMIT": "none"},
    )
    yield server
    stop_server(server)


@contextlib.contextmanager
def held(data_dir):
    """Hold the lock that writers need."""
    if databases.is_postgresql():
        import psycopg

        from app.engines import _LOCK

        url = environment_for(data_dir)["SIRENHALL_DATABASE_URL"]
        with psycopg.connect(url, autocommit=True) as locking:
            locking.execute(f"SELECT pg_advisory_lock({_LOCK})")
            yield
        return
    connection = sqlite3.connect(data_dir / "sirenhall.db", isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        connection.rollback()
        connection.close()


def test_writers_end_in_time_and_readers_and_health_go_on(server, is_full):
    writers = 560 if is_full else 200
    before = len(blobs(server.data_dir))
    calls = [partial(upload, server, f"w{n}", b"x" * 1000) for n in range(writers)]
    with held(server.data_dir):
        answers = []
        load = threading.Thread(target=lambda: answers.extend(at_once(writers, calls)))
        load.start()
        time.sleep(1)
        while load.is_alive():
            for path in ("/health/live", "/health/ready", "/stores/1/downloadables"):
                found = ask(server, "GET", path)
                assert found.status == 200
                assert found.seconds < 5, path
            time.sleep(0.2)
        load.join()
    assert {answer.status for answer in answers} == {503}
    assert all(answer.headers["Retry-After"] for answer in answers)
    patience = PATIENCE if is_full else BESIDE_OTHERS
    assert max(answer.seconds for answer in answers) < patience
    # Nothing of it is left, though nobody looked after it.
    assert wait_until(lambda: len(blobs(server.data_dir)) == before, 15)
    verified = invoke(
        "verify",
        "--data-dir",
        server.data_dir,
        environment=environment_for(server.data_dir),
    )
    assert verified["findings"] == []
    assert upload(server, "after", b"x").status == 201
    log = server.log.read_text()
    assert "Traceback" not in log


def test_a_change_is_refused_as_well(server):
    change = partial(ask, server, "PATCH", "/downloadables/1", b'{"price": 2}', JSON)
    with held(server.data_dir):
        found = change()
    assert found.status == 503
    assert found.seconds < PATIENCE
    assert change().status == 200


@pytest.mark.skipif(not databases.is_postgresql(), reason="SQLite has no such state")
def test_a_database_that_takes_no_changes_says_so(server):
    """As after a failover to a copy that only reads."""
    import psycopg

    url = environment_for(server.data_dir)["SIRENHALL_DATABASE_URL"]
    name = url.partition("?")[0].rpartition("/")[2]
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            f'ALTER DATABASE "{name}" SET default_transaction_read_only = on'
        )
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    for answer in (
        upload(server, "a", b"x"),
        ask(server, "PATCH", "/downloadables/1", b'{"price": 2}', JSON),
        ask(server, "DELETE", "/downloadables/1"),
    ):
        assert answer.status == 503, answer
        assert answer.headers["Retry-After"]
    assert ask(server, "GET", "/downloadables/1").status == 200
    assert "Traceback" not in server.log.read_text()
