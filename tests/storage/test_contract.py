"""What every storage promises, held to a folder and to a real S3 server."""

import hashlib
import os
import signal
import subprocess
import sys
from contextlib import closing, contextmanager

import pytest

from app.errors import Unavailable
from app.storage import storage_at
from app.storage.local import LocalStorage
from app.storage.s3 import S3Storage
from app.storage.s3_multipart import PART
from tests import storages


@pytest.fixture(params=["folder", "s3"])
def url(request, tmp_path):
    folder = f"file:{tmp_path / 'files'}"
    return folder if request.param == "folder" else storages.s3_url(tmp_path)


@pytest.fixture
def storage(url, monkeypatch):
    storages.hurry(monkeypatch)
    with closing(storage_at(url)) as storage:
        yield storage


def content(size):
    return (bytes(range(251)) * (size // 251 + 1))[:size]


def kept(storage, data, chunk=64 * 1024):
    with storage.writer() as writer:
        for start in range(0, len(data), chunk):
            writer.write(data[start : start + chunk])
        blob = writer.commit()
        storage.settle(blob.key)
        return blob


def begun(storage):
    key = storage.new_key()
    storage.begin_partial(key)
    return key


def read(storage, key):
    with storage.open(key) as file:
        return b"".join(iter(lambda: file.read(64 * 1024), b""))


def keys(storage):
    return {found.key for found in storage.stored()}


SIZES = (0, 1, 70_000, PART - 1, PART, PART + 1, 2 * PART + 70_000)


@pytest.mark.parametrize("size", SIZES)
def test_a_kept_blob_is_read_back_and_told(storage, size):
    data = content(size)
    blob = kept(storage, data)
    assert (blob.size, blob.sha256) == (size, hashlib.sha256(data).hexdigest())
    assert read(storage, blob.key) == data
    [found] = storage.stored()
    assert (found.key, found.size, found.is_partial) == (blob.key, size, False)


def test_a_blob_is_read_from_any_byte(storage):
    data = content(PART + 100_000)
    with storage.open(kept(storage, data).key) as file:
        for start in (PART - 5, 3, 0, len(data) - 1, len(data), 100):
            file.seek(start)
            assert file.read(10) == data[start : start + 10]
            assert file.tell() == min(start + 10, len(data))
        assert file.seek(-4, 2) == len(data) - 4
        assert file.read(100) == data[-4:]


@pytest.mark.parametrize("size", [10, PART + 10, 2 * PART])
def test_what_is_not_kept_leaves_nothing(storage, size):
    with storage.writer() as writer:
        writer.write(content(size))
    assert keys(storage) == set()
    assert storage.clear_unfinished() == 0


@contextmanager
def another_process(storage_url, code, **environment):
    """Run code with `storage` in a process of its own until it has printed a line."""
    program = (
        "import sys\nfrom app.storage import storage_at, heartbeat, incoming\n"
        "heartbeat.BEAT = 0.2\n"
        f"storage = storage_at(sys.argv[1])\n{code}\n"
        "print('ready', flush=True)\nsys.stdin.read()"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program, storage_url],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, **environment},
    )
    try:
        assert process.stdout.readline() == "ready\n"
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdin.close()
        process.stdout.close()


HALF = f"writer = storage.writer()\nwriter.write(b'x' * {PART + 10})"
NAMED = f"incoming._NAMELESS = 0\n{HALF}"
KEPT = (
    f"writer = storage.writer('{'a' * 32}')\nwriter.write(b'x' * {PART + 10})\n"
    "writer.commit()"
)


def test_what_a_killed_process_left_is_cleared_but_not_while_it_lives(storage, url):
    with another_process(url, HALF):
        assert storage.clear_unfinished() == 0
    storage.clear_unfinished()
    assert storage.clear_unfinished() == 0
    assert everything(storage) == []


def test_where_files_need_names_a_lock_tells_who_lives(tmp_path):
    url = f"file:{tmp_path / 'files'}"
    storage = storage_at(url)
    with another_process(url, NAMED) as process:
        assert storage.clear_unfinished() == 0
        # A process that stands still lives, however long.
        process.send_signal(signal.SIGSTOP)
        assert isinstance(storage, LocalStorage)
        [file] = storage.incoming.iterdir()
        os.utime(file, (0, 0))
        assert storage.clear_unfinished() == 0
    assert storage.clear_unfinished() == 1
    assert everything(storage) == []


def test_a_whole_blob_waits_for_its_row_as_long_as_its_process_lives(storage, url):
    key = "a" * 32
    with another_process(url, KEPT):
        if url.startswith("file:"):
            assert storage.abandoned([key]) == []
            assert storage.unsettled() == []
        assert storage.clear_unfinished() == 0
        assert keys(storage) == {key}
    assert storage.abandoned([key]) == [key]
    if url.startswith("file:"):
        assert storage.unsettled() == [key]
    assert storage.clear_unfinished() == 0
    storage.delete(key)
    assert everything(storage) == []
    assert storage.unsettled() == []


def test_an_upload_that_stood_still_for_too_long_on_an_s3_is_refused(url, monkeypatch):
    if url.startswith("file:"):
        pytest.skip("a folder has locks, and tells who stands still from who died")
    with closing(storage_at(url)) as slow, closing(storage_at(url)) as other:
        # Each worker has its own.
        assert isinstance(slow, S3Storage)
        monkeypatch.setattr(slow.heartbeat, "_beat", lambda: None)
        writer = slow.writer()
        writer.write(content(PART + 10))
        assert other.clear_unfinished() == 1
        with pytest.raises(Unavailable, match="stood still"):
            writer.commit()
        writer.__exit__(None, None, None)
        assert everything(other) == []


def everything(storage):
    """List all names that the storage has, whatever they are for."""
    if hasattr(storage, "bucket"):
        return [
            *(name for name, _size in storage.bucket.objects("")),
            *(name for name, _upload_id in storage.bucket.uploads("")),
        ]
    return [path for path in storage.folder.rglob("*") if path.is_file()]


def test_a_deleted_blob_is_gone_and_deleting_it_again_is_no_error(storage):
    blob = kept(storage, b"data")
    storage.delete(blob.key)
    storage.delete(blob.key)
    with pytest.raises(FileNotFoundError):
        storage.open(blob.key)
    assert keys(storage) == set()


def test_a_blob_that_moves_here_keeps_its_key(storage):
    key = "0123456789abcdef" * 2
    with storage.writer(key) as writer:
        writer.write(b"moved")
        assert writer.commit().key == key
    assert read(storage, key) == b"moved"


PIECES = (
    [1, 2, 3],
    [PART],
    [PART - 1, 1, 5],
    [PART // 2, PART, PART // 2],
    [2 * PART + 3, PART - 3, 70_000],
)


@pytest.mark.parametrize("pieces", PIECES)
def test_a_blob_comes_in_pieces_each_of_another_process(storage, pieces):
    data, offset = content(sum(pieces)), 0
    key = begun(storage)
    for piece in pieces:
        with storage.partial(key) as partial:
            partial.resume(offset)
            partial.write(data[offset : offset + piece])
            partial.sync()
            offset += piece
            assert partial.size == offset
    assert [found.is_partial for found in storage.stored()] == [True]
    with storage.partial(key) as partial:
        partial.resume(offset)
        blob = partial.commit()
    assert (blob.key, blob.size) == (key, len(data))
    assert blob.sha256 == hashlib.sha256(data).hexdigest()
    assert read(storage, key) == data
    assert [found.is_partial for found in storage.stored()] == [False]


def test_what_was_written_beyond_what_is_noted_is_written_again(storage):
    data = content(2 * PART + 100)
    key = begun(storage)
    with storage.partial(key) as partial:
        partial.resume(0)
        partial.write(data[: PART + 50])
        partial.sync()
        partial.write(b"never noted" * PART)
    with storage.partial(key) as partial:
        partial.resume(PART + 50)
        partial.write(data[PART + 50 :])
        partial.sync()
        assert partial.commit().sha256 == hashlib.sha256(data).hexdigest()
    assert read(storage, key) == data


def test_what_is_noted_stays_until_the_next_is(storage):
    key = begun(storage)
    with storage.partial(key) as partial:
        partial.resume(0)
        for byte in (b"a", b"b", b"c"):
            partial.write(byte)
            partial.sync()
    # A crash came before the third was noted.
    with storage.partial(key) as partial:
        partial.resume(2)
        partial.write(b"C")
        partial.commit()
    assert read(storage, key) == b"abC"


def test_a_partial_blob_that_has_fewer_bytes_than_noted_is_lost(storage):
    key = begun(storage)
    with storage.partial(key) as partial, pytest.raises(FileNotFoundError):
        partial.resume(5)
    with storage.partial(key) as partial, pytest.raises(FileNotFoundError):
        partial.resume(PART + 5)
    with pytest.raises(FileNotFoundError), storage.partial("f" * 32):
        pass


def test_what_was_made_a_blob_can_be_asked_for_again(storage):
    key = begun(storage)
    with storage.partial(key) as partial:
        partial.resume(0)
        partial.write(b"all of it")
        partial.sync()
        first = partial.commit()
    with storage.partial(key) as partial:
        partial.resume(9)
        assert partial.commit() == first
    storage.delete(key)
    assert keys(storage) == set()


def test_a_partial_blob_that_is_dropped_leaves_nothing(storage):
    key = begun(storage)
    with storage.partial(key) as partial:
        partial.resume(0)
        partial.write(content(PART + 10))
        partial.sync()
    assert storage.clear_unfinished() == 0
    storage.drop_partial(key)
    storage.drop_partial(key)
    assert keys(storage) == set()
    assert storage.clear_unfinished() == 0
