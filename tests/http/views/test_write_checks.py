"""Conditional requests on resources and collections."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from app.services import clock
from tests.conftest import FORMATS, Api

PATHS = [
    "item",
    "/stores/1",
    "/item_categories/2",
    "/stores",
    "/stores/1/item_categories",
    "/stores/1/downloadables",
    "/item_categories/2/downloadables",
]


@pytest.fixture
def item(api):
    return f"/downloadables/{api.upload()}"


@pytest.mark.parametrize("accept", FORMATS.values())
@pytest.mark.parametrize("path", PATHS)
def test_what_is_known_is_a_304_without_a_body(api, item, path, accept):
    path = item if path == "item" else path
    first = api.get(path, accept=accept)
    etag = first.headers["ETag"]
    assert not etag.startswith("W/")
    again = api.get(path, accept=accept, headers={"If-None-Match": etag})
    assert (again.status_code, again.data) == (304, b"")
    for name in ("ETag", "Vary", "Cache-Control"):
        assert again.headers[name] == first.headers[name]
    assert "Content-Type" not in again.headers
    other = api.get(path, accept=accept, headers={"If-None-Match": '"x"'})
    assert other.data == first.data


def test_a_304_renders_nothing_and_reads_no_page(api, item, installation, monkeypatch):
    etags = {path: api.get(path).headers["ETag"] for path in (item, *PATHS[1:])}

    def fail(*_args, **_options):
        raise AssertionError("rendered")

    monkeypatch.setattr("representations.hal_json.HalJson.render", fail)
    monkeypatch.setattr(
        "app.http.hypermedia.document_builder.ItemDocuments.fragments", fail
    )
    monkeypatch.setattr("app.services.rows.listing.Listing.page", fail)
    for path, etag in etags.items():
        response = api.get(path, headers={"If-None-Match": etag})
        assert response.status_code == 304


def test_tags_differ_by_all_that_makes_the_bytes(api, reader, item):
    def tag(client, path, **options):
        return client.get(path, **options).headers["ETag"]

    tags = [
        *(tag(api, item, accept=accept) for accept in FORMATS.values()),
        tag(reader, item),
        tag(api, item, headers={"Host": "other.example"}),
        tag(api, f"{item}?format=hal"),
    ]
    assert len(set(tags)) == len(tags)
    pages = [
        tag(api, "/stores/1/downloadables"),
        tag(api, "/stores/1/downloadables?limit=1"),
        tag(api, "/stores/1/downloadables", headers={"FOXY-API-VERSION": "1"}),
    ]
    assert len(set(pages)) == len(pages)


@pytest.mark.parametrize(
    "change",
    [
        lambda api, item: api.patch(item, json={"name": "New"}),
        lambda api, _item: api.patch("/stores/1", json={"timezone": "Asia/Tokyo"}),
    ],
    ids=["its own", "the store's time zone"],
)
def test_a_change_gives_another_tag(api, item, change):
    paths = (item, "/stores/1/downloadables", "/item_categories/2/downloadables")
    before = {path: api.get(path).headers["ETag"] for path in paths}
    assert change(api, item).status_code == 200
    for path, etag in before.items():
        response = api.get(path, headers={"If-None-Match": etag})
        assert response.status_code == 200, path


def test_deletion_that_is_no_longer_possible_gives_another_tag(api):
    path = "/item_categories/2?format=siren"
    etag = api.get(path).headers["ETag"]
    api.add()
    assert api.get(path, headers={"If-None-Match": etag}).status_code == 200


@pytest.mark.parametrize("got", FORMATS.values())
@pytest.mark.parametrize("method", ["PATCH", "PUT", "DELETE"])
def test_a_tag_of_any_format_protects_every_change(api, item, got, method):
    etag = api.get(item, accept=got).headers["ETag"]
    body = {"name": "A", "code": "a", "price": 1, "item_category_id": 2}
    api.patch(item, json={"name": "Meanwhile"})
    stale = api.request(method, item, json=body, headers={"If-Match": etag})
    assert stale.status_code == 412
    assert "has changed since" in stale.text
    assert api.get(item).json["name"] == "Meanwhile"
    fresh = api.get(item, accept=got).headers["ETag"]
    done = api.request(method, item, json=body, headers={"If-Match": fresh})
    assert done.status_code == 200


def test_every_answer_that_shows_it_carries_its_tag(api):
    created = api.post(
        "/stores/1/downloadables",
        json={"name": "A", "code": "a", "price": 1, "item_category_id": 2},
    )
    path = created.headers["Location"]
    assert created.headers["ETag"] == api.get(path).headers["ETag"]
    changed = api.patch(path, json={"price": 2})
    assert changed.headers["ETag"] == api.get(path).headers["ETag"]
    assert changed.headers["ETag"] != created.headers["ETag"]


def test_a_date_is_given_once_its_second_is_over(api, monkeypatch):
    monkeypatch.setattr("app.services.rows.changes.now", lambda: clock.now() - 100)
    path = f"/downloadables/{api.add()}"
    date = api.get(path).headers["Last-Modified"]
    unchanged = api.get(path, headers={"If-Modified-Since": date})
    assert unchanged.status_code == 304
    monkeypatch.undo()
    assert api.patch(path, json={"price": 3}).status_code == 200
    assert "Last-Modified" not in api.get(path).headers
    assert api.get(path, headers={"If-Modified-Since": date}).status_code == 200
    stale = api.patch(path, json={"price": 4}, headers={"If-Unmodified-Since": date})
    assert stale.status_code == 412


@pytest.mark.parametrize("path", ["item", "/item_categories/2"])
def test_a_date_does_not_outlive_the_time_zone_it_was_shown_in(
    api, item, path, monkeypatch
):
    path = item if path == "item" else path
    now = clock.now()
    monkeypatch.setattr("app.http.context.clock.now", lambda: now + 100)
    date = api.get(path).headers["Last-Modified"]
    monkeypatch.setattr("app.services.rows.changes.now", lambda: now + 50)
    api.patch("/stores/1", json={"timezone": "Asia/Tokyo"})
    response = api.get(path, headers={"If-Modified-Since": date})
    assert response.status_code == 200


def test_of_changes_of_one_version_exactly_one_is_made(app, api, item):
    for round_number in range(5):
        etag = api.get(item).headers["ETag"]

        def change(number, etag=etag, round_number=round_number):
            client = Api(app.test_client(), api.token)
            name = f"{round_number}-{number}"
            headers = {"If-Match": etag}
            return client.patch(item, json={"name": name}, headers=headers).status_code

        with ThreadPoolExecutor(16) as pool:
            statuses = sorted(pool.map(change, range(16)))
        assert statuses == [200] + [412] * 15


class TestRequiredPreconditions:
    """The operator's choice that no change is blind."""

    @pytest.fixture
    def settings(self):
        return {"require_preconditions": True}

    def test_a_blind_change_is_a_428(self, api, item):
        for method in ("PATCH", "PUT", "DELETE"):
            response = api.request(method, item, json={})
            assert response.status_code == 428
            assert "If-Match" in response.text
        etag = api.get(item).headers["ETag"]
        response = api.patch(item, json={"price": 3}, headers={"If-Match": etag})
        assert response.status_code == 200
