"""Files that come in at a slot: in one request or several, checked, and refused."""

import base64
import hashlib
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha1

import pytest

from app import create_app
from app.errors import Conflict
from app.services.catalogue import upload_slots
from app.services.operations import maintenance
from tests import storages
from tests.conftest import Api, blobs, settings_for

CONTENT = bytes(range(256)) * 300
TUS = {"Tus-Resumable": "1.0.0"}
OCTETS = {**TUS, "Content-Type": "application/offset+octet-stream"}


@pytest.fixture
def settings():
    return {"max_file_size": 100_000}


@pytest.fixture
def item(api):
    return api.add(code="song")


@pytest.fixture
def slot(api, item):
    def create(**values):
        answer = api.post(f"/downloadables/{item}/upload_url", json=values)
        assert answer.status_code == 201, answer.text
        assert answer.headers["Location"] == answer.json["upload_url"]
        return answer.json["upload_url"]

    return create


@pytest.fixture
def begun(anonymous, slot):
    """A resumable upload that was begun."""
    name = base64.b64encode(b"../s\xc3\xb6ng.mp3").decode()
    url = slot()
    made = anonymous.post(
        url,
        headers={
            **TUS,
            "Upload-Length": str(len(CONTENT)),
            "Upload-Metadata": f"filename {name},is_private",
        },
    )
    assert made.status_code == 201, made.text
    assert made.headers["Location"] == url
    return url


def patch(anonymous, url, data, offset, **headers):
    sent = {**OCTETS, "Upload-Offset": str(offset), **headers}
    return anonymous.patch(url, data=data, headers=sent)


def offset(anonymous, url):
    answer = anonymous.request("HEAD", url, headers=TUS)
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Tus-Resumable"] == "1.0.0"
    return int(answer.headers["Upload-Offset"])


# -- in one request -------------------------------------------------------------


def test_a_file_is_left_without_a_token(api, anonymous, item, slot):
    answer = anonymous.put(slot(file_name="Song.MP3", type="audio/mpeg"), data=CONTENT)
    assert answer.status_code == 200, answer.text
    assert answer.json["file_sha256"] == hashlib.sha256(CONTENT).hexdigest()
    shown = api.get(f"/downloadables/{item}").json
    assert (shown["file_name"], shown["file_type"]) == ("Song.MP3", "audio/mpeg")
    assert api.get(f"/downloadables/{item}/file").data == CONTENT


def test_a_slot_is_for_one_file(anonymous, slot):
    url = slot()
    assert anonymous.put(url, data=b"one").status_code == 200
    again = anonymous.put(url, data=b"two")
    assert again.status_code == 410
    assert anonymous.errors(again) == {"": "link_expired"}


def test_a_name_is_never_a_path(api, anonymous, item, slot):
    anonymous.put(slot(file_name="..\\..//etc/passwd"), data=b"x")
    assert api.get(f"/downloadables/{item}").json["file_name"] == "passwd"


def test_what_has_no_name_keeps_that_of_before(api, anonymous, item, slot):
    anonymous.put(slot(), data=b"1", headers={"Content-Type": "application/pdf"})
    assert api.get(f"/downloadables/{item}").json["file_name"] == "song.pdf"
    anonymous.put(slot(), data=b"2", headers={"Content-Type": "text/plain"})
    assert api.get(f"/downloadables/{item}").json["file_name"] == "song.pdf"


@pytest.mark.parametrize("header", ["Repr-Digest", "Content-Digest"])
def test_a_digest_that_is_sent_is_checked(anonymous, slot, data_dir, header):
    right = base64.b64encode(hashlib.sha256(CONTENT).digest()).decode()
    wrong = base64.b64encode(bytes(32)).decode()
    url = slot()
    for digest, status in ((wrong, 400), ("x", 400), (right, 200)):
        headers = {header: f"sha-256=:{digest}:"}
        assert anonymous.put(url, data=CONTENT, headers=headers).status_code == status
    assert len(blobs(data_dir)) == 1


@pytest.mark.parametrize(
    ("headers", "data", "status"),
    [
        ({}, b"x" * 100_001, 413),
        ({"Content-Encoding": "gzip"}, b"x", 415),
        ({"Accept": "image/png"}, b"x", 406),
    ],
)
def test_what_is_refused_leaves_nothing(
    anonymous, slot, data_dir, headers, data, status
):
    url = slot()
    assert anonymous.put(url, data=data, headers=headers).status_code == status
    assert blobs(data_dir) == []
    assert anonymous.put(url, data=b"right").status_code == 200


def test_no_slot_no_upload(anonymous):
    for method in ("PUT", "POST", "PATCH", "DELETE", "HEAD"):
        answer = anonymous.request(method, "/uploads/guessed", data=b"x")
        assert answer.status_code == 404, method


def test_a_slot_ends_with_its_time(app, api, anonymous, item, slot, monkeypatch):
    url = slot()
    real = upload_slots.now
    monkeypatch.setattr(upload_slots, "now", lambda: real() + 24 * 3600)
    assert anonymous.put(url, data=b"x").status_code == 410


@pytest.mark.parametrize("who", ["reader", "anonymous"])
def test_who_may_not_change_gets_no_slot(request, item, who):
    answer = request.getfixturevalue(who).post(f"/downloadables/{item}/upload_url")
    assert answer.status_code in {401, 403}


def test_the_bytes_are_replaced_with_a_token(api, reader, item):
    path = f"/downloadables/{item}/file"
    answer = api.put(path, data=CONTENT, headers={"Content-Type": "audio/flac"})
    assert answer.status_code == 200, answer.text
    assert answer.json["file_type"] == "audio/flac"
    assert reader.put(path, data=b"x").status_code == 403
    stale = api.put(path, data=b"x", headers={"If-Match": '"1"'})
    assert stale.status_code == 412
    assert api.get(path).data == CONTENT


# -- in several requests --------------------------------------------------------


def test_what_is_spoken_is_said(anonymous, slot):
    said = anonymous.request("OPTIONS", slot()).headers
    assert said["Tus-Version"] == "1.0.0"
    assert "creation-with-upload" in said["Tus-Extension"]


def test_a_file_comes_in_pieces(api, anonymous, item, begun, data_dir):
    position = 0
    for size in (1, 50_000, 0, len(CONTENT) - 50_001):
        piece = CONTENT[position : position + size]
        answer = patch(anonymous, begun, piece, position)
        assert answer.status_code == 204, answer.text
        position += size
        assert answer.headers["Upload-Offset"] == str(position)
        assert offset(anonymous, begun) == position
    shown = api.get(f"/downloadables/{item}").json
    assert shown["file_name"] == "söng.mp3"
    assert shown["file_sha256"] == hashlib.sha256(CONTENT).hexdigest()
    assert api.get(f"/downloadables/{item}/file").data == CONTENT
    assert len(blobs(data_dir)) == 1
    assert patch(anonymous, begun, b"more", position).status_code == 410


def test_the_first_bytes_may_come_at_once(api, anonymous, item, slot):
    headers = {**OCTETS, "Upload-Length": "3"}
    made = anonymous.post(slot(), data=b"abc", headers=headers)
    assert (made.status_code, made.headers["Upload-Offset"]) == (201, "3")
    assert api.get(f"/downloadables/{item}/file").data == b"abc"


@pytest.mark.parametrize("wrong", [5, 11, 99])
def test_bytes_go_where_they_belong(anonymous, begun, wrong):
    assert patch(anonymous, begun, CONTENT[:10], 0).status_code == 204
    answer = patch(anonymous, begun, b"x", wrong)
    assert answer.status_code == 409
    assert answer.headers["Upload-Offset"] == "10"


def test_a_wrong_checksum_keeps_nothing(anonymous, begun):
    patch(anonymous, begun, CONTENT[:10], 0)
    good = base64.b64encode(
        sha1(CONTENT[10:90], usedforsecurity=False).digest()
    ).decode()
    for checksum, status in (
        ("sha1 " + base64.b64encode(bytes(20)).decode(), 460),
        ("md5 xx", 400),
        ("sha1 xx", 400),
        (f"sha1 {good}", 204),
    ):
        headers = {"Upload-Checksum": checksum}
        answer = patch(anonymous, begun, CONTENT[10:90], 10, **headers)
        assert answer.status_code == status, answer.text
        assert answer.headers["Tus-Resumable"] == "1.0.0"
    assert offset(anonymous, begun) == 90


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Upload-Length": "x"}, 400),
        ({}, 400),
        ({"Upload-Length": "100001"}, 413),
        ({"Upload-Defer-Length": "1"}, 400),
        ({"Upload-Length": "1", "Upload-Metadata": "filename %%"}, 400),
        ({"Upload-Length": "1", "Tus-Resumable": "0.2.2"}, 412),
    ],
)
def test_what_cannot_be_begun_is_said(anonymous, slot, headers, status):
    answer = anonymous.post(slot(), headers={**TUS, **headers})
    assert answer.status_code == status, answer.text
    assert answer.headers["Tus-Resumable"] == "1.0.0"


def test_another_type_or_too_much_is_refused(anonymous, begun):
    plain = {"Content-Type": "text/plain"}
    assert patch(anonymous, begun, b"x", 0, **plain).status_code == 415
    assert patch(anonymous, begun, CONTENT + b"x", 0).status_code == 413


def test_what_is_given_up_leaves_nothing(anonymous, begun, data_dir):
    patch(anonymous, begun, CONTENT[:10], 0)
    assert anonymous.request("DELETE", begun, headers=TUS).status_code == 204
    assert blobs(data_dir) == []
    assert anonymous.request("HEAD", begun, headers=TUS).status_code == 404


def test_one_request_at_a_time_adds_to_it(app, anonymous, begun, installation):
    if not storages.is_s3():
        token = begun.rpartition("/")[2]
        with installation.database.reading() as db:
            key = upload_slots.find_slot(db, token)["partial_key"]
        with installation.storage.partial(key):
            answer = patch(anonymous, begun, b"x", 0)
        assert answer.status_code == 423
        assert answer.headers["Retry-After"]

    def send(_number):
        return patch(Api(app.test_client(), None), begun, CONTENT[:100], 0).status_code

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(send, range(8)))
    assert outcomes.count(204) == 1
    assert set(outcomes) <= {204, 409, 423}
    assert offset(anonymous, begun) == 100


def test_it_is_gone_on_with_after_a_restart(anonymous, begun, data_dir, settings):
    patch(anonymous, begun, CONTENT[:1000], 0)
    app = create_app(settings_for(data_dir, **settings))
    other = Api(app.test_client(), None)
    assert offset(other, begun) == 1000
    assert patch(other, begun, CONTENT[1000:], 1000).status_code == 204
    app.extensions["sirenhall"].close()


def test_what_was_not_noted_does_not_count(anonymous, begun, installation):
    """A killed server may have written more than it noted."""
    patch(anonymous, begun, CONTENT[:1000], 0)
    token = begun.rpartition("/")[2]
    with installation.database.reading() as db:
        key = upload_slots.find_slot(db, token)["partial_key"]
    with installation.storage.partial(key) as partial:
        partial.resume(1000)
        partial.write(b"not noted")
        partial.sync()
    assert patch(anonymous, begun, CONTENT[1000:], 1000).status_code == 204


def test_a_server_stopped_before_the_last_commit_finishes_later(
    api, anonymous, item, begun, installation
):
    patch(anonymous, begun, CONTENT[:-1], 0)
    token = begun.rpartition("/")[2]
    with installation.database.reading() as db:
        slot = upload_slots.find_slot(db, token)
    with installation.storage.partial(slot["partial_key"]) as partial:
        partial.resume(slot["offset"])
        partial.write(CONTENT[-1:])
        upload_slots.advance_offset(
            installation.database, slot, slot["offset"], len(CONTENT)
        )
        partial.commit()
    assert offset(anonymous, begun) == len(CONTENT)
    assert api.get(f"/downloadables/{item}/file").data == CONTENT


def test_who_comes_late_to_a_finished_upload_does_it_no_harm(
    api, anonymous, item, begun, installation, monkeypatch
):
    token = begun.rpartition("/")[2]
    with installation.database.reading() as db:
        stale = upload_slots.find_slot(db, token)
    assert patch(anonymous, begun, CONTENT, 0).status_code == 204
    # A request that had looked before the last one was done.
    real, seen = upload_slots.find_slot, []

    def find(db, token):
        seen.append(token)
        return dict(stale) if len(seen) == 1 else real(db, token)

    monkeypatch.setattr(upload_slots, "find_slot", find)
    assert patch(anonymous, begun, b"late", 0).status_code == 410
    monkeypatch.undo()
    assert api.get(f"/downloadables/{item}/file").data == CONTENT


def test_two_that_end_an_upload_at_once_leave_its_file(
    api, anonymous, item, begun, installation, monkeypatch
):
    token = begun.rpartition("/")[2]
    with installation.database.reading() as db:
        stale = upload_slots.find_slot(db, token)
    assert patch(anonymous, begun, CONTENT, 0).status_code == 204
    # Where a storage has no lock, the second looks before the first has ended.
    seen = {**stale, "offset": len(CONTENT)}
    monkeypatch.setattr(upload_slots, "find_slot", lambda _db, _token: dict(seen))
    assert offset(anonymous, begun) == len(CONTENT)
    monkeypatch.setattr(upload_slots, "advance_offset", lambda *_: None)
    assert offset(anonymous, begun) == len(CONTENT)
    monkeypatch.undo()
    assert api.get(f"/downloadables/{item}/file").data == CONTENT


def test_what_was_begun_anew_gets_nothing_of_before(
    api, anonymous, item, begun, installation
):
    token = begun.rpartition("/")[2]
    with installation.database.reading() as db:
        before = upload_slots.find_slot(db, token)
    headers = {**TUS, "Upload-Length": "3"}
    assert anonymous.post(begun, headers=headers).status_code == 201
    with pytest.raises(Conflict):
        upload_slots.advance_offset(installation.database, before, 0, 1000)
    assert offset(anonymous, begun) == 0
    assert patch(anonymous, begun, b"new", 0).status_code == 204
    assert api.get(f"/downloadables/{item}/file").data == b"new"


def test_expired_slots_leave_nothing(
    api, anonymous, item, begun, data_dir, monkeypatch
):
    patch(anonymous, begun, CONTENT[:10], 0)
    assert len(blobs(data_dir)) == 1
    real = upload_slots.now
    monkeypatch.setattr(upload_slots, "now", lambda: real() + 25 * 3600)
    api.post(f"/downloadables/{item}/upload_url", json={})
    assert blobs(data_dir) == []


def test_the_type_of_a_resumable_upload_is_kept(api, anonymous, item, slot):
    kind = base64.b64encode(b"audio/mpeg").decode()
    headers = {**OCTETS, "Upload-Length": "1", "Upload-Metadata": f"filetype {kind}"}
    assert anonymous.post(slot(), data=b"x", headers=headers).status_code == 201
    assert api.get(f"/downloadables/{item}").json["file_type"] == "audio/mpeg"


@pytest.mark.parametrize(
    ("method", "headers"),
    [
        ("POST", {"Upload-Length": "1", "Upload-Metadata": "filename \u00e9"}),
        ("PUT", {"Repr-Digest": "sha-256=:\u00e9:"}),
        ("PUT", {"Content-Range": "bytes 0-0/9"}),
    ],
)
def test_strange_headers_are_a_bad_request(anonymous, slot, method, headers):
    answer = anonymous.request(method, slot(), data=b"x", headers=headers)
    assert answer.status_code == 400, answer.text


def test_what_a_removed_downloadable_was_waiting_for_goes_with_it(
    api, anonymous, item, begun, data_dir
):
    patch(anonymous, begun, CONTENT[:10], 0)
    assert len(blobs(data_dir)) == 1
    assert api.delete(f"/downloadables/{item}").status_code == 200
    assert blobs(data_dir) == []
    assert patch(anonymous, begun, CONTENT[10:], 10).status_code == 404


def test_who_asks_while_it_is_finished_does_no_harm(app, api, anonymous, item, begun):
    def ask(_number):
        return Api(app.test_client(), None).request("HEAD", begun, headers=TUS)

    with ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(ask, number) for number in range(40)]
        assert patch(anonymous, begun, CONTENT, 0).status_code == 204
        answers = {future.result().status_code for future in asked}
    assert answers <= {200, 423}
    assert api.get(f"/downloadables/{item}/file").data == CONTENT


def test_the_bytes_are_changed_by_their_own_tag(api, item):
    path = f"/downloadables/{item}/file"
    api.put(path, data=b"one")
    tag = {"If-Match": api.get(path).headers["ETag"]}
    assert api.put(path, data=b"two", headers=tag).status_code == 200
    assert api.put(path, data=b"three", headers=tag).status_code == 412
    assert api.get(path).data == b"two"


def test_what_expired_is_tidied_up(
    anonymous, begun, data_dir, installation, monkeypatch
):
    patch(anonymous, begun, CONTENT[:10], 0)
    real = upload_slots.now
    monkeypatch.setattr(upload_slots, "now", lambda: real() + 25 * 3600)
    maintenance.remove_expired(installation)
    assert blobs(data_dir) == []
