"""What is opened is there already: nothing is created, and nothing upgraded."""

import stat
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from app import create_app
from app.errors import ConfigurationError
from app.services.operations import provisioning
from app.services.operations.installation import open_installation
from app.services.operations.provisioning import provision, provision_if_empty
from tests.conftest import Api, provisioned_app, settings_for


def test_the_application_refuses_an_empty_folder_and_leaves_it_empty(tmp_path):
    # On PostgreSQL, too, the folder is where the key is.
    settings = settings_for(tmp_path / "data", database_url="")
    for open_it in (create_app, open_installation):
        with pytest.raises(ConfigurationError, match="there is no Sirenhall data in"):
            open_it(settings)
    assert not settings.data_dir.exists()


def test_a_database_without_tables_is_refused(tmp_path):
    settings = settings_for(tmp_path / "data", secret_key="k" * 32)
    settings.data_dir.mkdir()
    if not settings.database_url:
        (settings.data_dir / "sirenhall.db").touch()
    with pytest.raises(ConfigurationError, match="no tables yet: run `sirenhall migr"):
        open_installation(settings)


def test_a_missing_key_is_named_and_nothing_made_in_its_place(tmp_path):
    settings = settings_for(tmp_path / "data", database_url="")
    provision(settings).close()
    (settings.data_dir / "secret_key").unlink()
    for open_it in (open_installation, provision, provision_if_empty):
        with pytest.raises(ConfigurationError, match="secret_key is missing"):
            open_it(settings)
    assert not (settings.data_dir / "secret_key").exists()


def test_a_missing_database_is_named_and_no_store_made_in_its_place(tmp_path):
    settings = settings_for(tmp_path / "data", database_url="", storage_url="")
    app = provisioned_app(settings)
    installation = app.extensions["sirenhall"]
    Api(app.test_client(), installation.starter_token).upload()
    installation.close()
    for path in settings.data_dir.glob("sirenhall.db*"):
        path.unlink()
    for open_it in (open_installation, provision, provision_if_empty):
        with pytest.raises(ConfigurationError, match=r"sirenhall\.db is missing, but"):
            open_it(settings)
    assert not (settings.data_dir / "sirenhall.db").exists()


def test_a_key_alone_is_not_opened_and_nothing_is_made_beside_it(tmp_path):
    settings = settings_for(tmp_path / "data", database_url="", storage_url="")
    settings.data_dir.mkdir()
    (settings.data_dir / "secret_key").write_text("0" * 64)
    with pytest.raises(ConfigurationError, match=r"sirenhall\.db is missing: run"):
        open_installation(settings)
    assert [path.name for path in settings.data_dir.iterdir()] == ["secret_key"]


def test_a_database_that_is_in_use_is_neither_upgraded_nor_given_another_key(tmp_path):
    first = settings_for(tmp_path / "first", secret_key="k" * 32)
    provision(first).close()
    url = first.database_url or f"sqlite:///{tmp_path}/first/sirenhall.db"
    second = settings_for(tmp_path / "second", database_url=url)
    with pytest.raises(ConfigurationError, match="set SIRENHALL_SECRET_KEY"):
        provision_if_empty(second)
    assert not second.data_dir.exists()
    assert not provision_if_empty(replace(second, secret_key="k" * 32))


def test_a_first_start_that_broke_off_before_its_store_is_completed(
    tmp_path, monkeypatch
):
    settings = settings_for(tmp_path / "data")
    with monkeypatch.context() as patch:
        patch.setattr(provisioning, "_create_first_store", lambda _installation: False)
        provision(settings).close()
    assert provision_if_empty(settings)
    assert not provision_if_empty(settings)


def test_a_start_mends_the_modes_of_the_folder_and_of_the_key(tmp_path):
    settings = settings_for(tmp_path / "data", storage_url="")
    provision(settings).close()
    (settings.data_dir / "secret_key").chmod(0o644)
    open_installation(replace(settings, delivery="x-accel")).close()
    assert stat.S_IMODE((settings.data_dir / "secret_key").stat().st_mode) == 0o600
    assert stat.S_IMODE(settings.data_dir.stat().st_mode) == 0o710


def test_of_several_that_start_together_one_says_that_it_created_the_store(tmp_path):
    settings = settings_for(tmp_path / "data")
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda _: provision_if_empty(settings), range(4)))
    assert sorted(made) == [False, False, False, True]


def test_only_an_empty_folder_is_provisioned_without_being_asked(tmp_path):
    settings = settings_for(tmp_path / "data")
    assert provision_if_empty(settings)
    assert not provision_if_empty(settings)
    open_installation(settings).close()
