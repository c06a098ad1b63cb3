"""No connection of a server takes the locks of its others away (SQLite)."""

import sqlite3
import subprocess
import sys

import pytest

from app.database import Database
from app.services.operations.provisioning import provision
from tests import databases
from tests.conftest import settings_for


@pytest.fixture
def settings(tmp_path):
    if databases.is_postgresql():
        pytest.skip("the locks of files are SQLite's")
    return settings_for(tmp_path / "data")


def test_the_log_of_a_running_server_outlives_a_command(settings):
    installation = provision(settings)
    database = installation.database
    held = [database.snapshot() for _ in range(3)]
    # More connections, and another application of the same process.
    held += [database.snapshot() for _ in range(3)]
    other = Database(settings.database)
    held.append(other.snapshot())
    path = settings.data_dir / "sirenhall.db"
    log = path.with_name(path.name + "-wal")
    command = f"""
import sqlite3
connection = sqlite3.connect({str(path)!r})
connection.execute("CREATE TABLE told (by_whom TEXT)")
connection.commit()
connection.close()
"""
    subprocess.run([sys.executable, "-c", command], check=True)
    # The last one to close deletes the log; the command was not the last.
    assert log.exists()
    with database.writing() as tx:
        tx.connection.exec_driver_sql("INSERT INTO told VALUES ('server')")
    for db in held:
        db.close()
    fresh = sqlite3.connect(path)
    assert fresh.execute("SELECT by_whom FROM told").fetchall() == [("server",)]
    fresh.close()
    other.close()
    installation.close()
