"""A disk that is full, read-only or broken: what can go on does; nothing is lost."""

import contextlib
import errno
import json
import os
import shutil
import sqlite3
import subprocess
from collections import Counter
from contextlib import closing

import pytest

from tests import databases, storages
from tests.cli.transfer.test_import_command import invoke
from tests.conftest import blobs, environment_for, start_server, stop_server, wait_until
from tests.test_wsgi import imported
from tests.torture.faults.test_backup_under_deletes import Churn
from tests.torture.loads import JSON, ask, item, upload

MANY = {"SIRENHALL_RATE_LIMIT": "none"}
pytestmark = pytest.mark.skipif(
    databases.is_postgresql() or storages.is_s3(), reason="a folder's own trouble"
)


@pytest.fixture
def mount():
    """Mount small disks, which needs to be root."""
    mounted = []

    def mounted_at(path, size):
        path.mkdir(parents=True)
        command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(path)]
        if subprocess.run(command, capture_output=True, check=False).returncode:
            pytest.skip("this user cannot mount a small disk")
        mounted.append(path)
        return path

    yield mounted_at
    for path in reversed(mounted):
        subprocess.run(["umount", "-l", str(path)], check=True)


def remount(path, how):
    subprocess.run(["mount", "-o", f"remount,{how}", str(path)], check=True)


@pytest.fixture
def start():
    servers = []

    def started(data_dir, environment=None):
        server = start_server(
            data_dir, "--workers", "1", environment={**MANY, **(environment or {})}
        )
        servers.append(server)
        assert wait_until(lambda: ask(server, "GET", "/health/live").status == 200, 20)
        return server

    yield started
    for server in servers:
        if server.process.poll() is None:
            stop_server(server)


def fill(folder):
    """Leave not a byte."""
    with contextlib.suppress(OSError), (folder / "others").open("wb") as file:
        for size in (65536, 4096, 1):
            with contextlib.suppress(OSError):
                while True:
                    file.write(b"x" * size)
                    file.flush()
    assert shutil.disk_usage(folder).free == 0


def verified(data_dir, environment=None):
    found = {**environment_for(data_dir), **(environment or {})}
    return invoke("verify", "--data-dir", data_dir, environment=found)


def uploads_until_full(server):
    statuses = Counter()
    for number in range(200):
        statuses[upload(server, f"a{number}", bytes(200_000)).status] += 1
    return statuses


@pytest.mark.parametrize("apart", [False, True], ids=["together", "apart"])
def test_only_uploads_end_on_a_full_disk_and_nothing_of_them_stays(
    mount, start, tmp_path, apart
):
    data_dir = mount(tmp_path / "data", "8m")
    environment = {}
    if apart:
        files = mount(tmp_path / "files", "4m")
        environment = {"SIRENHALL_STORAGE_URL": f"file:{files}"}
    server = start(data_dir, environment)
    statuses = uploads_until_full(server)
    assert set(statuses) == {201, 507}
    assert statuses[201] >= 5
    listed = ask(server, "GET", "/stores/1/downloadables?limit=300").json
    assert listed["total_items"] == statuses[201]
    assert verified(data_dir, environment) == {
        "files": statuses[201],
        "findings": [],
    }
    paths = [
        "/" + entry["_links"]["self"]["href"].split("/", 3)[3]
        for entry in listed["_embedded"]["fx:downloadables"]
    ]
    for path in paths:
        file = ask(server, "GET", f"{path}/file")
        assert (file.status, len(file.body)) == (200, 200_000)
    for path in paths[:3]:
        assert ask(server, "DELETE", path).status == 200
    assert upload(server, "again", bytes(200_000)).status == 201


def test_a_disk_that_others_filled_is_read_and_deleted_from(mount, start, tmp_path):
    data_dir = mount(tmp_path / "data", "16m")
    server = start(data_dir)
    ids = [upload(server, f"a{n}", bytes(20_000)).headers["Location"] for n in range(5)]
    paths = ["/" + url.split("/", 3)[3] for url in ids]
    bought = ask(
        server,
        "POST",
        "/stores/1/downloadable_purchases",
        b'{"downloadable_id": 5}',
        JSON,
    )
    assert bought.status == 201, bought.body
    assert wait_until((data_dir / "reserve").exists, 10)
    fill(data_dir)
    before = ask(server, "GET", "/stores/1/downloadables")
    assert before.status == 200
    refused = ask(
        server, "POST", "/stores/1/downloadables", json.dumps(item("b")).encode(), JSON
    )
    assert refused.status == 507
    assert upload(server, "c", b"x").status == 507
    # Customers fetch what they bought, which is counted.
    link = bought.json["_links"]["fx:download_url"]["href"]
    downloaded = ask(server, "GET", "/" + link.split("/", 3)[3])
    assert (downloaded.status, len(downloaded.body)) == (200, 20_000)
    assert ask(server, "DELETE", paths[0]).status == 200
    assert ask(server, "DELETE", paths[1]).status == 200
    assert ask(server, "GET", "/health/ready").status == 200
    stop_server(server)
    # Full again, also what was kept back: everything starts nevertheless.
    (data_dir / "others").unlink()
    fill(data_dir)
    environment = environment_for(data_dir)
    served = imported(data_dir)
    assert served.stdout == "200\n", served.stderr
    assert verified(data_dir)["findings"] == []
    assert invoke("sweep", "--data-dir", data_dir, environment=environment)
    server = start(data_dir)
    assert ask(server, "GET", "/stores/1/downloadables").status == 200
    assert ask(server, "DELETE", paths[2]).status == 200
    (data_dir / "others").unlink()
    assert upload(server, "d", b"x").status == 201
    assert verified(data_dir)["findings"] == []


def test_rows_that_fill_the_disk_can_be_deleted_again(mount, start, tmp_path):
    data_dir = mount(tmp_path / "data", "5m")
    server = start(data_dir)
    assert wait_until((data_dir / "reserve").exists, 10)
    statuses = Counter()
    many = b"[%s]" % b",".join(
        b'{"name": "%s", "code": "%%d-%d", "price": 1, "item_category_id": 2}'
        % (b"n" * 90, number)
        for number in range(50)
    )
    for number in range(300):
        body = many.replace(b"%d", b"%d" % number)
        found = ask(server, "POST", "/stores/1/downloadables", body, JSON)
        statuses[found.status] += 1
        if found.status == 507:
            break
    assert set(statuses) == {201, 507}, found.body[-800:]
    for number in range(1, 6):
        assert ask(server, "DELETE", f"/downloadables/{number}").status == 200
    assert ask(server, "GET", "/stores/1/downloadables").status == 200


def test_a_sweep_makes_room_on_a_full_disk(mount, start, tmp_path):
    data_dir = mount(tmp_path / "data", "24m")
    server = start(data_dir)
    made = upload(server, "a", b"x").headers["Location"]
    for _ in range(300):
        ask(server, "POST", f"/{made.split('/', 3)[3]}/upload_url", b"{}", JSON)
    assert wait_until((data_dir / "reserve").exists, 10)
    orphan = data_dir / "files" / "blobs" / "ff" / ("f" * 32)
    orphan.parent.mkdir(exist_ok=True)
    orphan.write_bytes(bytes(4_000_000))
    with closing(sqlite3.connect(data_dir / "sirenhall.db")) as database:
        database.execute("UPDATE upload_slots SET date_expires = 1")
        database.commit()
    fill(data_dir)
    environment = environment_for(data_dir)
    said = invoke("sweep", "--data-dir", data_dir, environment=environment)
    assert said["orphans"] == ["f" * 32]
    assert said["expired_uploads"] == 300
    assert upload(server, "b", b"x").status == 201


def test_a_folder_in_use_is_backed_up_through_a_mount_that_can_only_be_read(
    mount, start, tmp_path, is_full
):
    """As a container for backups has it: the server goes on deleting meanwhile."""
    data_dir = mount(tmp_path / "data", "200m")
    server = start(data_dir)
    seen = tmp_path / "seen"
    seen.mkdir()
    subprocess.run(["mount", "--bind", str(data_dir), str(seen)], check=True)
    subprocess.run(["mount", "-o", "remount,bind,ro", str(seen)], check=True)
    environment = environment_for(seen)
    try:
        with Churn(server, 0.01) as churn:
            for number in range(10 if is_full else 3):
                copy = tmp_path / f"copy{number % 2}"
                said = invoke(
                    "backup", copy, "--data-dir", seen, environment=environment
                )
                assert said["findings"] == []
                assert verified(copy)["findings"] == []
        assert churn.deleted > 5
        assert churn.failures == []
    finally:
        subprocess.run(["umount", "-l", str(seen)], check=True)


def test_what_can_only_be_read_is_verified_and_backed_up(mount, start, tmp_path):
    data_dir = mount(tmp_path / "data", "16m")
    server = start(data_dir)
    assert upload(server, "a", b"x" * 1000).status == 201
    stop_server(server)
    remount(data_dir, "ro")
    environment = environment_for(data_dir)
    assert verified(data_dir) == {"files": 1, "findings": []}
    said = invoke(
        "backup", tmp_path / "copy", "--data-dir", data_dir, environment=environment
    )
    assert (said["files"], said["findings"]) == (1, [])
    assert verified(tmp_path / "copy") == {"files": 1, "findings": []}
    refused = invoke("sweep", "--data-dir", data_dir, environment=environment, code=1)
    [line] = refused.stderr.strip().splitlines()
    assert "Read-only file system" in line
    remount(data_dir, "rw")


def test_a_server_whose_disk_turns_read_only_reads_on(mount, start, tmp_path):
    files = mount(tmp_path / "files", "16m")
    environment = {"SIRENHALL_STORAGE_URL": f"file:{files}"}
    server = start(tmp_path / "data", environment)
    assert upload(server, "a", b"x" * 1000).status == 201
    remount(files, "ro")
    for number in range(3):
        found = upload(server, f"b{number}", b"x")
        assert found.status == 503
        assert found.headers["Retry-After"]
        assert b"may not write" in found.body
    assert ask(server, "GET", "/downloadables/1/file").body == b"x" * 1000
    assert ask(server, "GET", "/health/live").status == 200
    assert ask(server, "GET", "/health/ready").status == 503
    remount(files, "rw")
    assert ask(server, "GET", "/health/ready").status == 200
    assert upload(server, "b", b"x").status == 201
    assert verified(tmp_path / "data", environment) == {"files": 2, "findings": []}


ERRORS = {
    errno.ENOSPC: (507, "full"),
    errno.EDQUOT: (507, "full"),
    errno.EFBIG: (507, "full"),
    errno.EROFS: (503, "may not write"),
    errno.EACCES: (503, "may not write"),
    errno.EIO: (503, "does not answer as it should"),
    errno.ESTALE: (503, "does not answer as it should"),
    errno.EMFILE: (503, "too many files"),
    errno.ENOMEM: (503, "too much to do"),
}


@pytest.mark.parametrize("number", ERRORS, ids=errno.errorcode.get)
@pytest.mark.parametrize("where", ["writer", "fsync", "link", "statvfs"])
def test_what_is_wrong_with_a_disk_is_told_apart(
    api, data_dir, monkeypatch, where, number
):
    status, words = ERRORS[number]
    api.upload(b"old", "x.txt", code="a")
    before = blobs(data_dir)

    def fail(*_arguments, **_options):
        raise OSError(number, os.strerror(number))

    if where == "writer":
        storage = api.client.application.extensions["sirenhall"].storage
        monkeypatch.setattr(type(storage), "writer", fail)
    else:
        monkeypatch.setattr(os, where, fail)
    found = api.put("/downloadables/1/file", data=b"new", content_type="text/plain")
    monkeypatch.undo()
    assert found.status_code == status
    assert words in found.text
    assert ("Retry-After" in found.headers) == (status == 503)
    assert api.get("/downloadables/1/file").data == b"old"
    assert blobs(data_dir) == before
