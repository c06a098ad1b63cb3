"""What is opened is there already: nothing is created, and nothing upgraded."""

import pytest

from app import create_app
from app.errors import ConfigurationError
from app.services.operations.installation import open_installation
from app.services.operations.provisioning import provision, provision_if_empty
from tests.conftest import settings_for


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


def test_only_an_empty_folder_is_provisioned_without_being_asked(tmp_path):
    settings = settings_for(tmp_path / "data")
    assert provision_if_empty(settings)
    assert not provision_if_empty(settings)
    open_installation(settings).close()
