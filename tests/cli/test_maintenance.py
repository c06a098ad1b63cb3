"""`sweep`, `verify`, `backup`, `restore` and `storage migrate`."""

import fcntl
import json
import os
import shutil
from contextlib import closing

import pytest
from click.testing import CliRunner

from app import create_app
from app.cli import main
from app.services.catalogue import upload_slots
from app.settings import Settings
from app.storage import storage_at
from app.storage.s3 import S3Storage
from tests import storages
from tests.conftest import Api, blobs, environment_for, settings_for

CONTENTS = {"one": b"1" * 100_000, "two": b"2" * 10, "three": b""}


@pytest.fixture
def run(data_dir, monkeypatch):
    storages.hurry(monkeypatch)

    def invoke(*arguments, code=0, folder=data_dir, environment=None):
        result = CliRunner().invoke(
            main,
            [*arguments, "--json", "--data-dir", str(folder)],
            env=environment or environment_for(folder),
        )
        assert result.exit_code == code, result.output
        return json.loads(result.stdout) if result.stdout else result

    return invoke


@pytest.fixture
def items(api):
    return {
        code: api.upload(content, f"{code}.txt", name=code, code=code)
        for code, content in CONTENTS.items()
    }


@pytest.fixture
def keys(items, installation):
    from app.services import blob_references as named

    with installation.database.reading() as db:
        return {file.code: file.key for file in named.referenced_files(db)}


def spoil(installation, key, data):
    """Put other bytes under a key."""
    with installation.storage.writer(key) as writer:
        writer.write(data)
        writer.commit()
        installation.storage.settle(key)


def kinds(said):
    return sorted((found["kind"], found["blob"]) for found in said["findings"])


def test_what_is_whole_is_verified(run, items):
    assert run("verify") == {"files": 3, "findings": []}


def test_what_is_damaged_missing_or_of_no_version_is_named(run, keys, installation):
    data = CONTENTS["one"]
    spoil(installation, keys["one"], data[:50_000] + b"x" + data[50_001:])
    installation.storage.delete(keys["two"])
    spoil(installation, "f" * 32, b"nobody's")
    said = run("verify", code=1)
    assert kinds(said) == [
        ("damaged", keys["one"]),
        ("missing", keys["two"]),
        ("orphan", "f" * 32),
    ]
    [damaged] = [f for f in said["findings"] if f["kind"] == "damaged"]
    assert "'one.txt', version 1 of downloadable" in damaged["message"]
    assert "has the SHA-256" in damaged["message"]


def test_a_truncated_file_is_told_by_its_size(run, keys, installation):
    spoil(installation, keys["one"], CONTENTS["one"][:-1])
    [found] = run("verify", code=1)["findings"]
    assert found["message"].endswith("has 99999 bytes, not 100000")


def test_a_sweep_removes_what_no_row_names_and_nothing_else(
    api, run, keys, installation, data_dir
):
    spoil(installation, "f" * 32, b"nobody's")
    # A server stopped between making room for an upload and noting it.
    begun = installation.storage.new_key()
    installation.storage.begin_partial(begun)
    slot = api.post(f"/downloadables/{1}/upload_url", json={}).json["upload_url"]
    tus = {"Tus-Resumable": "1.0.0"}
    made = api.post(slot, headers={**tus, "Upload-Length": "10"})
    assert made.status_code == 201
    said = run("sweep", "--dry-run")
    assert sorted(said["orphans"]) == sorted(["f" * 32, begun])
    assert len(blobs(data_dir)) == 6
    assert run("sweep") == {**said, "dry_run": False}
    assert len(blobs(data_dir)) == 4
    assert run("sweep")["orphans"] == []
    assert run("verify")["findings"] == []
    # What is under way goes on.
    headers = {
        **tus,
        "Upload-Offset": "0",
        "Content-Type": "application/offset+octet-stream",
    }
    assert api.patch(slot, data=b"0123456789", headers=headers).status_code == 204


def test_what_lies_beside_a_finished_upload_goes_and_its_file_stays(api, run, data_dir):
    """On S3 a crash may leave a tail of an upload that has become a version."""
    url = storages.s3_url(data_dir)
    environment = {**environment_for(data_dir), "SIRENHALL_STORAGE_URL": url}
    app = create_app(settings_for(data_dir, storage_url=url))
    installation = app.extensions["sirenhall"]
    Api(app.test_client(), installation.starter_token).upload(b"whole", code="a")
    [blob] = installation.storage.stored()
    installation.storage.bucket.put(f"partial/{blob.key}.4", b"tail")
    for command in (("sweep", "--dry-run"), ("sweep",)):
        assert run(*command, environment=environment)["orphans"] == [blob.key]
    assert run("sweep", environment=environment)["orphans"] == []
    assert run("verify", environment=environment) == {"files": 1, "findings": []}
    installation.close()


def test_nothing_is_removed_while_a_restore_or_a_backup_copies_files(
    run, installation, data_dir
):
    """The files of a restore have no rows before its end."""
    spoil(installation, "f" * 32, b"not yet anybody's")
    with installation.database.removal_lock.held():
        said = run("sweep")
        assert said["put_off"]
        assert said["orphans"] == []
        assert run("backup", str(data_dir.parent / "copy"), code=1).exit_code == 1
        assert len(blobs(data_dir)) == 1
    assert run("sweep")["orphans"] == ["f" * 32]
    assert blobs(data_dir) == []


def test_an_interrupted_backup_is_not_taken_for_a_whole_one(
    run, items, data_dir, tmp_path, monkeypatch
):
    from app.services.operations import backups

    def interrupted(*_arguments):
        raise OSError(5, "Input/output error")

    copy = tmp_path / "copy"
    real = backups.copying_rows
    monkeypatch.setattr(backups, "copying_rows", interrupted)
    assert run("backup", str(copy), code=1).exit_code == 1
    monkeypatch.setattr(backups, "copying_rows", real)
    said = run("restore", str(copy), code=1, folder=tmp_path / "new")
    assert "not a complete backup" in said.stderr
    plain = {"SIRENHALL_HOST": "127.0.0.1"}
    said = run("verify", code=1, folder=copy, environment=plain)
    assert "not a complete backup" in said.stderr
    assert run("backup", str(copy))["files"] == len(items)
    assert run("restore", str(copy), folder=tmp_path / "other")["files"] == len(items)


def test_a_start_that_hangs_holds_up_others_for_a_while_only(
    run, installation, data_dir, monkeypatch
):
    monkeypatch.setattr("app.services.operations.provisioning.START_SECONDS", 0.3)
    with (data_dir / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        said = run("sweep", code=1)
    assert "has been starting" in said.stderr


def test_a_sweep_removes_expired_slots(api, run, items, monkeypatch, data_dir):
    slot = api.post("/downloadables/1/upload_url", json={}).json["upload_url"]
    api.post(slot, headers={"Tus-Resumable": "1.0.0", "Upload-Length": "10"})
    real = upload_slots.now
    monkeypatch.setattr(upload_slots, "now", lambda: real() + 25 * 3600)
    # Opening the installation has cleared them before.
    run("sweep")
    assert len(blobs(data_dir)) == 3


def served(folder, **more):
    return create_app(Settings(data_dir=folder, **more))


def test_a_backup_is_a_data_folder_that_can_be_served(
    api, run, items, tmp_path, installation
):
    target = tmp_path / "copy"
    assert run("backup", str(target)) == {"files": 3, "findings": []}
    app = served(target)
    other = Api(app.test_client(), installation.starter_token)
    for code, item in items.items():
        assert other.get(f"/downloadables/{item}/file").data == CONTENTS[code]
        mine = api.get(f"/downloadables/{item}").json
        assert other.get(f"/downloadables/{item}").json == mine
    app.extensions["sirenhall"].close()
    assert (target / "secret_key").stat().st_mode & 0o077 == 0


def test_a_backup_is_brought_up_to_date(api, run, items, tmp_path, installation):
    target = tmp_path / "copy"
    run("backup", str(target))
    assert api.delete(f"/downloadables/{items['two']}").status_code == 200
    new = api.upload(b"new", "new.txt", name="New", code="new")
    before = {path.name for path in (target / "files" / "blobs").rglob("*")}
    run("backup", str(target))
    after = {path.name for path in (target / "files" / "blobs").rglob("*")}
    assert len(before - after) >= 1
    app = served(target)
    other = Api(app.test_client(), installation.starter_token)
    assert other.get(f"/downloadables/{new}/file").data == b"new"
    assert other.get(f"/downloadables/{items['two']}").status_code == 404
    # An id is never given twice, also by the copy.
    api.delete(f"/downloadables/{new}")
    run("backup", str(target))
    assert other.add(code="again") > new
    app.extensions["sirenhall"].close()


def test_a_backup_names_what_it_could_not_copy(run, keys, installation, tmp_path):
    installation.storage.delete(keys["two"])
    spoil(installation, keys["one"], b"other")
    said = run("backup", str(tmp_path / "copy"), code=1)
    assert kinds(said) == [("damaged", keys["one"]), ("missing", keys["two"])]


def test_a_backup_is_restored_anywhere(api, run, items, tmp_path, data_dir):
    run("backup", str(tmp_path / "copy"))
    new = tmp_path / "new"
    assert run("restore", str(tmp_path / "copy"), folder=new)["files"] == 3
    app = create_app(settings_for(new))
    there = app.extensions["sirenhall"]
    other = Api(app.test_client(), there.starter_token)
    assert other.get("/downloadables/1/file").data == CONTENTS["one"]
    listed = api.get("/stores/1/downloadables").data
    assert other.get("/stores/1/downloadables").data == listed
    assert other.add(code="more") == 4
    there.close()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["restore", "{tmp}/copy"], "where nothing was made yet"),
        (["restore", "{tmp}"], "there is no backup in"),
        (["backup", "{data}"], "must be in another folder"),
        (["backup", "{tmp}"], "is not empty and is not"),
        (["backup", "{tmp}/other"], "is not empty and is not"),
        (["storage", "migrate", "ftp://x"], "must be file:"),
        (["storage", "migrate", "file:{data}/files"], "are at file:"),
        (["backup", "{data}/inside"], "must be in another folder"),
        (["storage", "migrate", "s3://"], "must be s3:"),
    ],
)
def test_what_cannot_be_done_is_said(run, items, tmp_path, data_dir, arguments, words):
    run("backup", str(tmp_path / "copy"))
    shutil.copytree(data_dir, tmp_path / "other")
    given = [text.format(tmp=tmp_path, data=data_dir) for text in arguments]
    result = CliRunner().invoke(
        main, [*given, "--data-dir", str(data_dir)], env=environment_for(data_dir)
    )
    assert result.exit_code == 1
    assert words in result.stderr
    assert "Traceback" not in result.output


def test_files_move_to_another_storage_and_a_broken_move_goes_on(
    run, items, keys, tmp_path, data_dir, installation
):
    url = storages.s3_url(tmp_path / "moved")
    with closing(storage_at(url)) as target:
        # A move that broke off, and one that was spoilt.
        with target.writer(keys["one"]) as writer:
            writer.write(CONTENTS["one"])
            writer.commit()
        with target.writer(keys["two"]) as writer:
            writer.write(b"half")
            writer.commit()
    assert run("storage", "migrate", url) == {"files": 3, "findings": []}
    environment = {**environment_for(data_dir), "SIRENHALL_STORAGE_URL": url}
    assert run("verify", environment=environment)["findings"] == []
    app = create_app(settings_for(data_dir, storage_url=url))
    other = Api(app.test_client(), installation.starter_token)
    for code, item in items.items():
        assert other.get(f"/downloadables/{item}/file").data == CONTENTS[code]
    app.extensions["sirenhall"].close()


def test_people_are_told_in_words(items, data_dir, tmp_path):
    def said(*arguments):
        return (
            CliRunner()
            .invoke(
                main,
                [*arguments, "--data-dir", str(data_dir)],
                env={**os.environ, **environment_for(data_dir)},
            )
            .stdout
        )

    assert said("verify") == "3 files verified; 0 problems.\n"
    assert said("sweep") == (
        "Removed 0 expired upload slots, 0 unfinished files and 0 unreferenced files "
        "(0 bytes).\n"
    )
    copy = tmp_path / "copy"
    assert said("backup", str(copy)) == (
        f"3 files (3 copied, 0 were there) and all data in {copy}; 0 problems.\n"
        "It has the secret key and every file: keep it like a password, or encrypt it "
        "(sirenhall backup --help).\n"
    )


def test_a_backup_is_not_put_over_stores_that_sell_nothing_yet(run, operator, tmp_path):
    run("backup", str(tmp_path / "copy"))
    from tests.conftest import OTHER_STORE

    assert operator.post("/stores", json=OTHER_STORE).status_code == 201
    result = run("restore", str(tmp_path / "copy"), code=1)
    assert "nothing was made yet" in result.stderr
    assert operator.get("/stores").json["total_items"] == 2


def test_what_a_disk_does_not_give_is_damage_and_no_end(run, keys, data_dir, tmp_path):
    if storages.is_s3():
        pytest.skip("a folder's own trouble")
    path = data_dir / "files" / "blobs" / keys["one"][:2] / keys["one"]
    path.unlink()
    path.mkdir()
    for command in (["verify"], ["backup", str(tmp_path / "copy")]):
        [found] = run(*command, code=1)["findings"]
        assert found["kind"] == "damaged"
        assert "cannot be read" in found["message"]


def test_what_others_put_into_the_folder_is_left_alone(run, items, data_dir):
    if storages.is_s3():
        pytest.skip("a folder's own trouble")
    here = data_dir / "files" / "blobs"
    (here / ".DS_Store").write_bytes(b"x")
    (next(path for path in here.iterdir() if path.is_dir()) / ".tmp").write_bytes(b"x")
    assert run("sweep")["orphans"] == []
    assert run("verify")["findings"] == []


def test_what_a_crash_left_of_an_upload_that_was_done_is_swept(api, run, data_dir):
    """On S3 the marker or a tail may outlive the upload."""
    url = storages.s3_url(data_dir)
    with closing(storage_at(url)) as storage:
        key, other = storage.new_key(), storage.new_key()
        storage.begin_partial(key)
        with storage.partial(key) as partial:
            partial.resume(0)
            partial.write(b"some")
            partial.sync()
        assert isinstance(storage, S3Storage)
        storage.bucket.delete(f"partial/{key}")
        storage.begin_partial(other)
        environment = {**environment_for(data_dir), "SIRENHALL_STORAGE_URL": url}
        swept = run("sweep", environment=environment)
        assert sorted(swept["orphans"]) == sorted([key, other])
        assert list(storage.stored()) == []
        assert storage.clear_unfinished() in {0, 1}


def test_the_key_may_be_a_setting(data_dir):
    (data_dir / "secret_key").unlink()
    environment = {**environment_for(data_dir), "SIRENHALL_SECRET_KEY": "k" * 40}
    result = CliRunner().invoke(
        main, ["verify", "--data-dir", str(data_dir)], env=environment
    )
    assert result.exit_code == 0, result.output


def test_a_backup_that_is_served_is_none_any_more(run, items, tmp_path):
    """What is sold from it is not written over by the next one."""
    from tests.conftest import start_server, stop_server

    target = tmp_path / "copy"
    run("backup", str(target))
    stop_server(
        start_server(
            target,
            environment={"SIRENHALL_DATABASE_URL": "", "SIRENHALL_STORAGE_URL": ""},
        )
    )
    assert "no longer) a backup" in run("backup", str(target), code=1).stderr
