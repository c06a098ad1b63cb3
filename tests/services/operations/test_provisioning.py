"""A data folder that is made ready once and then left alone."""

import os
import stat
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from app import migrations
from app.errors import ConfigurationError
from app.models import METADATA, TOKENS
from app.services.auth import authentication, revocation
from app.services.catalogue import stores
from app.services.operations.installation import starter_access
from app.services.operations.provisioning import provision
from tests import databases
from tests.conftest import settings_for

ON_SQLITE = pytest.mark.skipif(databases.VARIABLE in os.environ, reason="SQLite's own")


@pytest.fixture
def fresh(tmp_path):
    installation = provision(settings_for(tmp_path / "new" / "data"))
    yield installation
    installation.close()


def test_a_first_start_makes_a_store_a_category_and_a_token(fresh):
    first = starter_access(fresh)
    assert (first.store_id, first.category_id) == (1, 2)
    assert first.token == fresh.starter_token
    with fresh.database.reading() as db:
        principal = authentication.authenticate(db, str(first.token))
    assert principal is not None
    assert principal.store_id == 1


def test_a_second_start_changes_nothing(fresh):
    again = provision(fresh.settings)
    assert starter_access(again) == starter_access(fresh)
    with again.database.reading() as db:
        assert len(authentication.list_tokens(db)) == 1
    again.close()


def test_a_revoked_starter_token_stays_revoked(fresh):
    with fresh.database.writing() as tx:
        assert revocation.revoke_tokens(tx, TOKENS.c.id == 1).number == 1
    again = provision(fresh.settings)
    assert starter_access(again).token is None
    again.close()


def test_the_folder_and_the_key_are_the_owners_alone(fresh):
    folder = fresh.settings.data_dir
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / "secret_key").stat().st_mode) == 0o600


def test_no_token_is_stored(fresh):
    content = b"".join(
        path.read_bytes()
        for path in fresh.settings.data_dir.rglob("*")
        if path.is_file()
    )
    assert fresh.starter_token.encode() not in content
    assert (
        fresh.starter_token.removeprefix(authentication.PREFIX).encode() not in content
    )


@ON_SQLITE
def test_rows_survive_a_power_cut_by_the_settings_of_sqlite(fresh):
    with fresh.database.writing() as tx:
        pragma = tx.connection.exec_driver_sql
        assert pragma("PRAGMA journal_mode").scalar() == "wal"
        assert pragma("PRAGMA synchronous").scalar() == 2
        assert pragma("PRAGMA foreign_keys").scalar() == 1


def test_the_migrations_make_what_the_models_say(fresh):
    with fresh.database.engine.connect() as connection:
        context = MigrationContext.configure(connection)
        assert compare_metadata(context, METADATA) == []


def test_the_newest_revision_is_the_one_that_is_named():
    scripts = ScriptDirectory(str(next(iter(migrations.__path__))))
    assert scripts.get_heads() == [migrations.HEAD]


def test_what_is_in_the_way_is_said(tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(ConfigurationError, match="cannot use the data folder"):
        provision(settings_for(blocked))
    damaged = tmp_path / "damaged"
    damaged.mkdir()
    for content in ("zz", "", "00" * 31, "00" * 33):
        (damaged / "secret_key").write_text(content)
        with pytest.raises(ConfigurationError, match="secret_key is damaged"):
            provision(settings_for(damaged))


@ON_SQLITE
def test_a_damaged_database_is_said(tmp_path):
    (tmp_path / "sirenhall.db").write_bytes(b"no database" * 100)
    (tmp_path / "secret_key").write_text("0" * 64)
    with pytest.raises(ConfigurationError, match="cannot use the database"):
        provision(settings_for(tmp_path))


def test_no_connection_is_open_when_a_server_forks(tmp_path):
    installation = provision(settings_for(tmp_path / "data"))
    pool: Any = installation.database.engine.pool
    assert pool.checkedin() == 0
    assert pool.checkedout() == 0


def test_an_interrupted_migration_leaves_no_half_schema(tmp_path, monkeypatch):
    def fail(*_args, **_options):
        raise RuntimeError("power cut")

    monkeypatch.setattr(
        "app.services.operations.provisioning._create_first_store", fail
    )
    settings = settings_for(tmp_path / "data")
    with pytest.raises(RuntimeError):
        provision(settings)
    monkeypatch.undo()
    installation = provision(settings)
    assert starter_access(installation).store_id == 1
    with installation.database.reading() as db:
        assert len(stores.store_ids(db)) == 1
    installation.close()
