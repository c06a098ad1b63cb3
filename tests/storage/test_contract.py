"""What every storage promises, held to a folder and to a real S3 server."""

import hashlib
import time

import pytest

from app.storage import storage_at
from app.storage.s3_multipart import PART
from tests import storages


@pytest.fixture(params=["folder", "s3"])
def storage(request, tmp_path):
    url = f"file:{tmp_path / 'files'}"
    storage = storage_at(
        url if request.param == "folder" else storages.s3_url(tmp_path)
    )
    yield storage
    storage.close()


def content(size):
    return (bytes(range(251)) * (size // 251 + 1))[:size]


def kept(storage, data, chunk=64 * 1024):
    with storage.writer() as writer:
        for start in range(0, len(data), chunk):
            writer.write(data[start : start + chunk])
        return writer.keep()


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
    assert abs(found.modified - time.time()) < 60


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
    assert storage.clear_unfinished(older_than=-1) == 0


def test_what_was_cut_off_by_a_crash_is_cleared_but_not_while_it_goes_on(storage):
    writer = storage.writer()
    writer.write(content(PART + 10))
    assert storage.clear_unfinished(older_than=3600) == 0
    time.sleep(1.1)
    assert storage.clear_unfinished(older_than=1) == 1
    assert storage.clear_unfinished(older_than=-1) == 0
    assert keys(storage) == set()
    writer.__exit__(None, None, None)


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
        assert writer.keep().key == key
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
    key = storage.begin_partial()
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
        blob = partial.keep()
    assert (blob.key, blob.size) == (key, len(data))
    assert blob.sha256 == hashlib.sha256(data).hexdigest()
    assert read(storage, key) == data
    assert [found.is_partial for found in storage.stored()] == [False]


def test_what_was_written_beyond_what_is_noted_is_written_again(storage):
    data = content(2 * PART + 100)
    key = storage.begin_partial()
    with storage.partial(key) as partial:
        partial.resume(0)
        partial.write(data[: PART + 50])
        partial.sync()
        partial.write(b"never noted" * PART)
    with storage.partial(key) as partial:
        partial.resume(PART + 50)
        partial.write(data[PART + 50 :])
        partial.sync()
        assert partial.keep().sha256 == hashlib.sha256(data).hexdigest()
    assert read(storage, key) == data


def test_what_is_noted_stays_until_the_next_is(storage):
    key = storage.begin_partial()
    with storage.partial(key) as partial:
        partial.resume(0)
        for byte in (b"a", b"b", b"c"):
            partial.write(byte)
            partial.sync()
    # A crash came before the third was noted.
    with storage.partial(key) as partial:
        partial.resume(2)
        partial.write(b"C")
        partial.keep()
    assert read(storage, key) == b"abC"


def test_a_partial_blob_that_has_fewer_bytes_than_noted_is_lost(storage):
    key = storage.begin_partial()
    with storage.partial(key) as partial, pytest.raises(FileNotFoundError):
        partial.resume(5)
    with storage.partial(key) as partial, pytest.raises(FileNotFoundError):
        partial.resume(PART + 5)
    with pytest.raises(FileNotFoundError), storage.partial("f" * 32):
        pass


def test_what_was_made_a_blob_can_be_asked_for_again(storage):
    key = storage.begin_partial()
    with storage.partial(key) as partial:
        partial.resume(0)
        partial.write(b"all of it")
        partial.sync()
        first = partial.keep()
    with storage.partial(key) as partial:
        partial.resume(9)
        assert partial.keep() == first
    storage.delete(key)
    assert keys(storage) == set()


def test_a_partial_blob_that_is_dropped_leaves_nothing(storage):
    key = storage.begin_partial()
    with storage.partial(key) as partial:
        partial.resume(0)
        partial.write(content(PART + 10))
        partial.sync()
    assert storage.clear_unfinished(older_than=-1) == 0
    storage.drop_partial(key)
    storage.drop_partial(key)
    assert keys(storage) == set()
    assert storage.clear_unfinished(older_than=-1) == 0
