"""Blobs on the local disk: whole or not there."""

import errno
import hashlib
import os
import re
import threading

import pytest

from app.errors import ConfigurationError, InsufficientStorage, RequestError
from app.storage import storage_at
from app.storage.local import LocalStorage
from tests import storages


@pytest.fixture
def storage(tmp_path):
    return LocalStorage(tmp_path / "files")


def files(storage):
    return [p for p in storage.blobs.parent.rglob("*") if p.is_file()]


def test_a_kept_blob_is_read_back(storage):
    with storage.writer() as writer:
        writer.write(b"one ")
        writer.write(b"two")
        blob = writer.commit()
        storage.settle(blob.key)
    assert (blob.size, blob.sha256) == (7, hashlib.sha256(b"one two").hexdigest())
    with storage.open(blob.key) as stream:
        assert stream.read() == b"one two"
    assert re.fullmatch("[0-9a-f]{32}", blob.key)
    [path] = files(storage)
    assert path.relative_to(storage.blobs).parts == (blob.key[:2], blob.key)
    assert storage.blobs.parent.stat().st_mode & 0o077 == 0


def test_what_is_not_kept_leaves_nothing(storage):
    with storage.writer() as writer:
        writer.write(b"half")
        assert files(storage) == []
    assert files(storage) == []
    with pytest.raises(ValueError, match="oh"), storage.writer() as writer:
        raise ValueError("oh")
    assert files(storage) == []


def test_a_failure_after_the_rename_leaves_nothing(storage, monkeypatch):
    def fail(_path):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("app.storage.local.sync_folder", fail)
    with pytest.raises(InsufficientStorage), storage.writer() as writer:
        writer.write(b"x")
        writer.commit()
    assert files(storage) == []


def test_deleting_twice_is_no_error(storage):
    with storage.writer() as writer:
        key = writer.commit().key
    storage.delete(key)
    storage.delete(key)
    with pytest.raises(FileNotFoundError):
        storage.open(key)


def test_keeping_syncs_the_file_before_the_link_and_the_folder_after(
    storage, monkeypatch
):
    calls = []
    sync, link = os.fsync, os.link

    def spy_sync(descriptor):
        path = os.readlink(f"/proc/self/fd/{descriptor}")
        calls.append(("sync", "folder" if os.path.isdir(path) else "file"))
        sync(descriptor)

    def spy_link(source, target, **options):
        calls.append(("link", ""))
        return link(source, target, **options)

    monkeypatch.setattr(os, "fsync", spy_sync)
    monkeypatch.setattr(os, "link", spy_link)
    with storage.writer() as writer:
        writer.write(b"x")
        writer.commit()
    assert calls[0] == ("sync", "file")
    assert calls[1:] == [
        # Into `incoming` as a note that its row is to come, and into its place.
        *[("link", "")] * 2,
        *[("sync", "folder")] * 2,
    ]


class FullDisk:
    """A file on a disk without room."""

    def __init__(self, file):
        self.file = file

    def write(self, _data):
        raise OSError(errno.ENOSPC, "No space left on device")

    def __getattr__(self, name):
        return getattr(self.file, name)


def test_a_full_disk_is_said_and_leaves_nothing(storage):
    writer = storage.writer()
    writer._file = FullDisk(writer._file)
    with pytest.raises(InsufficientStorage, match="full"), writer:
        writer.write(b"x")
    assert files(storage) == []


def test_the_file_of_an_upload_under_way_is_never_cleared(storage, monkeypatch):
    monkeypatch.setattr("app.storage.incoming._NAMELESS", 0)
    with storage.writer() as writer:
        [file] = storage.incoming.iterdir()
        os.utime(file, (0, 0))
        assert storage.clear_unfinished() == 0
        writer.write(b"whole")
        blob = writer.commit()
    with storage.open(blob.key) as stream:
        assert stream.read() == b"whole"


@pytest.mark.parametrize("url", ["file:{}", "file://{}"])
def test_a_folder_is_named_by_url(tmp_path, url):
    storage = storage_at(url.format(tmp_path / "here"))
    assert isinstance(storage, LocalStorage)
    assert (tmp_path / "here" / "blobs").is_dir()


@pytest.mark.parametrize(
    "url",
    [
        "s3:bucket",
        "s3://b?endpoint=",
        "s3://b?key=x",
        "file:",
        "file:relative",
        "",
        "here",
    ],
)
def test_another_url_is_refused(url):
    with pytest.raises(ConfigurationError, match=r"must be (file:|s3:)"):
        storage_at(url)


def test_a_tidy_up_takes_no_file_from_its_writer(storage, monkeypatch):
    """Where files need names, one that was just made looks like one that was left."""
    monkeypatch.setattr("app.storage.incoming._NAMELESS", 0)
    is_over = threading.Event()
    kept, failures = [], []

    def write():
        while not is_over.is_set():
            try:
                with storage.writer() as writer:
                    writer.write(b"x")
                    kept.append(writer.commit().key)
                    storage.settle(writer.key)
            except (RequestError, OSError) as error:
                failures.append(error)

    threads = [threading.Thread(target=write) for _ in range(2)]
    for thread in threads:
        thread.start()
    for _ in range(300):
        storage.clear_unfinished()
    is_over.set()
    for thread in threads:
        thread.join()
    assert failures == []
    assert {stored.key for stored in storage.stored()} == set(kept)


@pytest.mark.parametrize("folder", ["incoming", "partial"])
def test_a_folder_that_is_gone_is_a_disk_that_does_not_answer(api, data_dir, folder):
    if storages.is_s3():
        pytest.skip("a folder's own trouble")
    path = f"/downloadables/{api.add()}"
    slot = api.post(f"{path}/upload_url", json={}).json["upload_url"]
    (data_dir / "files" / folder).rmdir()
    if folder == "incoming":
        found = api.put(f"{path}/file", data=b"x", content_type="text/plain")
    else:
        found = api.post(slot, headers={"Upload-Length": "8"})
    assert found.status_code == 503
    assert found.headers["Retry-After"]
