"""What Sirenhall writes is its owner's alone, whatever the umask and older modes."""

import os
import shutil
import stat
from pathlib import Path

import pytest

from app.errors import ConfigurationError
from app.private_files import make_folder
from app.services.operations.provisioning import provision
from app.storage.local import LocalStorage
from tests import databases
from tests.cli.transfer.test_import_command import invoke
from tests.conftest import Api, environment_for, provisioned_app, settings_for


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def modes(folder):
    """Give the modes of folders and of files below a folder, and of itself."""
    found = [folder, *folder.rglob("*")]
    folders = {mode(path) for path in found if path.is_dir()}
    return folders, {mode(path) for path in found if path.is_file()}


@pytest.fixture(params=[0o000, 0o022, 0o077])
def umask(request):
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


@pytest.fixture
def fresh(tmp_path, umask):
    """An installation with a file, in a folder that was open to all."""
    folder = tmp_path / "data"
    folder.mkdir()
    folder.chmod(0o777)
    app = provisioned_app(settings_for(folder, storage_url=""))
    installation = app.extensions["sirenhall"]
    api = Api(app.test_client(), installation.starter_token)
    api.upload()
    slot = api.post("/stores/1/upload_url").json["upload_url"]
    tus = {"Tus-Resumable": "1.0.0", "Upload-Length": "10"}
    api.post(slot, headers=tus)
    yield installation
    installation.close()


def test_the_data_folder_and_all_in_it_are_private(fresh):
    assert modes(fresh.settings.data_dir) == ({0o700}, {0o600})


def test_a_database_that_others_could_read_is_closed_to_them(fresh):
    if databases.is_postgresql():
        pytest.skip("the database is not in the folder")
    fresh.close()
    path = fresh.settings.data_dir / "sirenhall.db"
    path.chmod(0o666)
    provision(fresh.settings).close()
    assert mode(path) == 0o600


def test_backups_and_exports_are_private(fresh, tmp_path):
    folder = fresh.settings.data_dir
    environment = {**environment_for(folder), "SIRENHALL_STORAGE_URL": ""}
    for command in ("backup", "export"):
        target = tmp_path / command
        target.mkdir()
        target.chmod(0o777)
        invoke(command, target, "--data-dir", folder, environment=environment)
        assert modes(target) == ({0o700}, {0o600}), command
    mark = tmp_path / "backup" / "this-is-a-sirenhall-backup"
    assert "a credential" in mark.read_text()


def test_a_proxy_that_sends_files_gets_them_and_nothing_else(tmp_path, umask):
    settings = settings_for(tmp_path / "data", storage_url="", delivery="x-accel")
    installation = provision(settings)
    assert isinstance(installation.storage, LocalStorage)
    with installation.storage.writer() as writer:
        writer.write(b"for sale")
        blob = writer.commit()
    installation.close()
    assert mode(settings.data_dir) == 0o710
    path = installation.storage.path(blob.key)
    assert mode(path) == 0o640
    for folder in (path.parent, path.parent.parent, path.parent.parent.parent):
        assert mode(folder) == 0o750
    for name in (
        "secret_key",
        *([] if databases.is_postgresql() else ["sirenhall.db"]),
    ):
        assert mode(settings.data_dir / name) == 0o600
    # A command that lacks the server's settings does not lock the proxy out.
    provision(settings_for(settings.data_dir, storage_url="")).close()
    assert mode(settings.data_dir) == 0o710
    with LocalStorage(settings.data_dir / "files").writer() as writer:
        writer.write(b"also for sale")
        other = writer.commit()
    assert mode(installation.storage.path(other.key)) == 0o640


@pytest.mark.parametrize(
    ("found", "wanted", "most", "then"),
    [
        (0o777, 0o700, None, 0o700),
        (0o755, 0o700, 0o710, 0o700),
        (0o710, 0o700, 0o710, 0o710),
        (0o500, 0o700, None, 0o700),
        (0o700, 0o710, 0o710, 0o710),
        (0o2770, 0o700, None, 0o2700),
    ],
)
def test_a_folder_gets_its_mode(tmp_path, found, wanted, most, then):
    folder = tmp_path / "folder"
    folder.mkdir()
    folder.chmod(found)
    make_folder(folder, wanted, most)
    assert stat.S_IMODE(folder.stat().st_mode) == then


def test_a_folder_of_somebody_else_is_taken_as_it_is(tmp_path, monkeypatch):
    def refuse(*_args, **_options):
        raise PermissionError(1, "Operation not permitted")

    tmp_path.chmod(0o777)
    monkeypatch.setattr("os.chmod", refuse)
    make_folder(tmp_path)
    assert mode(tmp_path) == 0o777


def test_data_without_its_key_does_not_start(tmp_path):
    if databases.is_postgresql():
        pytest.skip("the database is not in the folder")
    settings = settings_for(tmp_path / "data")
    provision(settings).close()
    key = settings.data_dir / "secret_key"
    kept = key.read_text()
    key.unlink()
    with pytest.raises(ConfigurationError, match="secret_key is missing, but"):
        provision(settings)
    assert not key.exists()
    key.write_text(kept)
    provision(settings).close()


def test_a_backup_can_be_encrypted_as_its_help_says(tmp_path, data_dir):
    if shutil.which("age") is None:
        pytest.skip("age is not installed (Debian: age)")
    import subprocess

    copy = tmp_path / "copy"
    invoke(
        "backup", copy, "--data-dir", data_dir, environment=environment_for(data_dir)
    )
    key, sealed = tmp_path / "key", tmp_path / "backup.tar.age"
    subprocess.run(["age-keygen", "-o", str(key)], check=True, capture_output=True)
    recipient = next(
        line.rpartition(" ")[2]
        for line in key.read_text().splitlines()
        if "public key" in line
    )
    shell = f"tar -C {copy} -c . | age -r {recipient} > {sealed}"
    subprocess.run(["bash", "-euo", "pipefail", "-c", shell], check=True)
    restored = tmp_path / "restored"
    restored.mkdir()
    shell = f"age -d -i {key} {sealed} | tar -C {restored} -x"
    subprocess.run(["bash", "-euo", "pipefail", "-c", shell], check=True)
    assert (restored / "secret_key").read_text() == (
        Path(data_dir) / "secret_key"
    ).read_text()
