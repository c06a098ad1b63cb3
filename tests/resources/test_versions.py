"""Versions of a file: listed, described, restored, deleted."""

import io

import pytest

from tests.conftest import FORMATS, blobs


@pytest.fixture
def item(api):
    number = api.upload(b"one", "one.txt", release_notes="first")
    api.patch(f"/downloadables/{number}", data={"file": (io.BytesIO(b"two"), "2.txt")})
    return number


def versions(api, item):
    page = api.get(f"/downloadables/{item}/versions").json
    return page["_embedded"]["fx:versions"]


def test_each_upload_is_a_version(api, item):
    first, second = versions(api, item)
    assert [v["number"] for v in (first, second)] == [1, 2]
    assert [v["is_current"] for v in (first, second)] == [False, True]
    assert [v["file_name"] for v in (first, second)] == ["one.txt", "2.txt"]
    assert [v["release_notes"] for v in (first, second)] == ["first", ""]
    assert api.get(f"/downloadables/{item}?zoom=versions").json["_embedded"][
        "fx:versions"
    ]


def test_what_is_said_of_the_current_one_is_said_of_the_downloadable(api, item):
    _, second = versions(api, item)
    href = second["_links"]["self"]["href"]
    assert api.patch(href, json={"release_notes": "second"}).status_code == 200
    assert api.get(f"/downloadables/{item}").json["release_notes"] == "second"
    api.patch(f"/downloadables/{item}", json={"release_notes": "better"})
    assert api.get(href).json["release_notes"] == "better"


def test_an_older_one_is_restored(api, item):
    first, _ = versions(api, item)
    href = first["_links"]["self"]["href"]
    siren = api.get(href, accept=FORMATS["siren"]).json
    actions = {a["name"]: a for a in siren["actions"]}
    restore = actions["restore-version"]
    answer = api.request(restore["method"], restore["href"])
    assert answer.status_code == 200
    assert answer.json["is_current"] is True
    now = api.get(f"/downloadables/{item}").json
    assert (now["file_name"], now["version"], now["release_notes"]) == (
        "one.txt",
        1,
        "first",
    )
    assert api.get(f"/downloadables/{item}/file").data == b"one"


def test_one_that_nobody_needs_is_deleted_with_its_file(api, item, data_dir):
    first, second = versions(api, item)
    current = api.delete(second["_links"]["self"]["href"])
    assert current.status_code == 409
    assert "restore another first" in current.text
    pin = {"downloadable_id": item, "version_uri": first["_links"]["self"]["href"]}
    made = api.post("/stores/1/downloadable_purchases", json=pin)
    assert made.status_code == 201, made.text
    assert made.json["version_uri"] == first["_links"]["self"]["href"]
    pinned = api.delete(first["_links"]["self"]["href"])
    assert pinned.status_code == 409
    assert "version_uri" in pinned.text
    api.patch(made.headers["Location"], json={"version_uri": None})
    assert len(blobs(data_dir)) == 2
    assert api.delete(first["_links"]["self"]["href"]).status_code == 200
    assert len(blobs(data_dir)) == 1
    assert len(versions(api, item)) == 1


def test_what_was_said_before_the_first_file_is_about_it(api):
    number = api.add(release_notes="to come")
    api.patch(f"/downloadables/{number}", data={"file": (io.BytesIO(b"1"), "1.txt")})
    assert versions(api, number)[0]["release_notes"] == "to come"
    assert api.get(f"/downloadables/{number}").json["release_notes"] == "to come"


def test_a_version_that_is_current_no_more_is_not_shown_as_of_before(api, item):
    first, second = (v["_links"]["self"]["href"] for v in versions(api, item))
    tags = {href: api.get(href).headers["ETag"] for href in (first, second)}
    api.post(first)
    for href, tag in tags.items():
        assert api.get(href, headers={"If-None-Match": tag}).status_code == 200


def test_what_is_restored_is_found_by_its_name(api, item):
    first, _ = versions(api, item)
    api.post(first["_links"]["self"]["href"])
    for search, found in (("one.txt", 1), ("2.txt", 0)):
        page = api.get(f"/stores/1/downloadables?search={search}").json
        assert page["total_items"] == found


def test_a_number_that_was_downloaded_is_not_given_again(api, anonymous, item):
    first, second = versions(api, item)
    made = api.post(
        "/stores/1/downloadable_purchases", json={"downloadable_id": item}
    ).json
    assert anonymous.get(made["_links"]["fx:download_url"]["href"]).data == b"two"
    api.post(first["_links"]["self"]["href"])
    assert api.delete(second["_links"]["self"]["href"]).status_code == 200
    api.put(f"/downloadables/{item}/file", data=b"three")
    assert [v["number"] for v in versions(api, item)] == [1, 3]
