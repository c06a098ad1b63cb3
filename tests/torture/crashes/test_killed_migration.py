"""A migration that is killed: the database has the old schema or the new one."""

import random
import subprocess
import sys
import time
from contextlib import closing

from sqlalchemy import text

from app.database import Database
from app.migrations import HEAD
from tests.cli.transfer.test_import_command import invoke
from tests.conftest import environment_for
from tests.services.operations.test_migration import old

__all__ = ["old"]
ITEM = """INSERT INTO downloadables (id, store_id, item_category_id, revision, name,
    code, price, description, release_notes, is_archived, is_published,
    number_of_downloads, version_id, date_created, date_modified)
    VALUES (:id, 1, 1, 1, 'Ünïcorn ' || :code, :code, 10000, '', '', false, true, 0,
    NULL, 1, 1)"""
ITEMS = 3000


def version_of(settings):
    with closing(Database(settings.database)) as database, database.reading() as db:
        cursor = db.driver.cursor()
        cursor.execute("SELECT version_num FROM alembic_version")
        [[version]] = cursor.fetchall()
        # A column that only the new schema has is there with it alone.
        cursor.execute("SELECT * FROM downloadables LIMIT 1")
        columns = {column[0] for column in cursor.description}
        cursor.execute("SELECT count(*) FROM downloadables")
        [[count]] = cursor.fetchall()
        cursor.close()
    assert count == ITEMS + 3
    assert ("uuid" in columns) == (version == HEAD)
    return version


def test_it_is_of_one_schema_after_each_kill(old, is_full):
    kills = 20 if is_full else 4
    with closing(Database(old.database)) as database, database.writing() as tx:
        rows = [{"id": 10 + n, "code": f"item-{n}"} for n in range(ITEMS)]
        tx.connection.execute(text(ITEM), rows)
    environment = {**environment_for(old.data_dir), "SIRENHALL_SECRET_KEY": "k" * 32}
    command = [sys.executable, "-m", "app", "sweep", "--data-dir", str(old.data_dir)]
    chance = random.Random(2)  # noqa: S311 - only to be different
    seen = []
    # How long it takes when nobody kills it is not known: it is tried sooner, later.
    moment, step = 1.2, 0.3
    for _ in range(kills):
        with subprocess.Popen(
            command,
            env={**environment, "PATH": ""},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as process:
            time.sleep(max(0.3, moment + chance.uniform(-0.2, 0.2)))
            process.kill()
        seen.append(version_of(old))
        if seen[-1] == HEAD:
            break
        moment += step if len(seen) % 3 == 0 else 0
    assert set(seen) <= {"0001", HEAD}
    invoke("sweep", "--data-dir", old.data_dir, environment=environment)
    assert version_of(old) == HEAD
