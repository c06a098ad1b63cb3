"""After a commit, a storage that fails turns no answer into a failure."""

import io

import pytest

from app.errors import Unavailable
from app.services import housekeeping

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
        housekeeping.tidy(installation)
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
