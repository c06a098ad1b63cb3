"""After a commit, a storage that fails turns no answer into a failure."""

import io
import threading

import pytest

from app.errors import Unavailable
from app.services import blob_removal

ITEM = {"name": "A", "code": "a", "price": 1, "item_category_id": 2}
OCTETS = {"Content-Type": "application/offset+octet-stream", "Upload-Offset": "0"}
ERRORS = [Unavailable("the storage does not answer"), OSError(5, "Input/output error")]


@pytest.fixture(params=ERRORS, ids=["S3", "disk"])
def failing(request, installation, monkeypatch):
    """Let nothing be removed from the storage, until it is called."""
    storage = installation.storage

    def fail(_key):
        raise request.param

    delete = type(storage).delete
    monkeypatch.setattr(type(storage), "delete", lambda _self, key: fail(key))

    def mend():
        monkeypatch.setattr(type(storage), "delete", delete)
        installation.removal.retry()
        return [stored.key for stored in storage.stored()]

    return mend


def stored(installation):
    return [one.key for one in installation.storage.stored()]


def test_what_was_deleted_is_gone_and_its_blob_later(api, installation, failing):
    for number in range(3):
        api.upload(code=f"a{number}")
    assert api.delete("/downloadables/1").status_code == 200
    assert api.get("/downloadables/1").status_code == 404
    many = api.delete("/stores/1/downloadables?id:in=2,3")
    assert many.status_code == 200
    assert len(stored(installation)) == 3
    assert failing() == []


def test_a_library_file_is_deleted_in_each_dialect(api, installation, failing):
    data = {"file": (io.BytesIO(b"x"), "x.txt")}
    made = api.post("/stores/1/library_files", data=data)
    assert api.delete(made.headers["Location"]).status_code == 200
    assert failing() == []


def test_a_refusal_stays_a_refusal(api, installation, failing):
    api.upload(code="a")
    form = {**{n: str(v) for n, v in ITEM.items()}, "file": (io.BytesIO(b"x"), "x.txt")}
    answer = api.post("/stores/1/downloadables", data=form)
    assert answer.status_code == 409
    assert len(failing()) == 1


def test_a_slot_takes_its_file_though_a_piece_of_before_stays(
    api, anonymous, installation, failing
):
    item = f"/downloadables/{api.add()}"
    slot = api.post(f"{item}/upload_url", json={}).json["upload_url"]
    assert anonymous.post(slot, headers={"Upload-Length": "8"}).status_code == 201
    assert anonymous.patch(slot, data=b"half", headers=OCTETS).status_code == 204
    again = anonymous.post(slot, headers={"Upload-Length": "4"})
    assert again.status_code == 201
    assert anonymous.put(slot, data=b"whole").status_code == 200
    assert api.get(f"{item}/file").data == b"whole"
    assert len(failing()) == 1


def test_a_token_ends_with_what_was_made_with_it(api, anonymous, failing):
    item = f"/downloadables/{api.add()}"
    slot = api.post(f"{item}/upload_url", json={}).json["upload_url"]
    anonymous.post(slot, headers={"Upload-Length": "8"})
    listed = api.get(f"{item}/open_uploads").json["_embedded"]["fx:uploads"]
    assert api.delete(listed[0]["_links"]["self"]["href"]).status_code == 200
    assert anonymous.put(slot, data=b"x").status_code == 404
    assert failing() == []


def test_keys_that_wait_are_removed_once_whoever_retries(installation, monkeypatch):
    taken, lock = [], threading.Lock()

    def delete(_self, key):
        with lock:
            taken.append(key)

    monkeypatch.setattr(type(installation.storage), "delete", delete)
    monkeypatch.setattr(blob_removal, "BATCH", 3)
    keys = [f"{number:032x}" for number in range(200)]
    installation.removal._waiting += keys
    threads = [threading.Thread(target=installation.removal.retry) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == keys
    assert not installation.removal._waiting


def test_a_round_ends_at_the_first_failure_and_loses_no_key(
    installation, monkeypatch, caplog
):
    keys = [f"{number:032x}" for number in range(500)]
    installation.removal._waiting += keys
    asked = []

    def fail(_self, key):
        asked.append(key)
        raise Unavailable("the storage does not answer")

    monkeypatch.setattr(type(installation.storage), "delete", fail)
    for _ in range(3):
        with pytest.raises(Unavailable):
            installation.removal.retry()
    assert len(asked) == 3
    assert sorted(installation.removal._waiting) == keys
    assert len(caplog.records) < 3


def test_a_file_that_was_stored_though_nobody_was_told_goes_again(
    api, installation, monkeypatch
):
    """An S3 whose answer is lost has the file; so has a disk whose folder fails."""
    with installation.storage.writer() as writer:
        kind = type(writer)
    commit = kind.commit

    def lost(self):
        commit(self)
        raise Unavailable("the storage does not answer")

    monkeypatch.setattr(kind, "commit", lost)
    form = {"file": (io.BytesIO(b"x"), "x.txt"), **{n: str(v) for n, v in ITEM.items()}}
    assert api.post("/stores/1/downloadables", data=form).status_code == 503
    assert stored(installation) == []
    item = f"/downloadables/{api.add(code='b')}"
    answer = api.put(f"{item}/file", data=b"y", content_type="text/plain")
    assert answer.status_code == 503
    assert stored(installation) == []


def test_a_row_that_comes_too_late_for_its_file_is_refused(
    api, installation, monkeypatch
):
    from app.storage import Blob

    with installation.storage.writer() as writer:
        kind = type(writer)
    commit = kind.commit

    def late(self):
        blob = commit(self)
        return Blob(blob.key, blob.size, blob.sha256, row_by=0.0)

    monkeypatch.setattr(kind, "commit", late)
    item = f"/downloadables/{api.add()}"
    answer = api.put(f"{item}/file", data=b"y", content_type="text/plain")
    assert answer.status_code == 503
    assert answer.headers["Retry-After"]
    assert stored(installation) == []
