"""Pages that are kept: nobody can tell, but by how many queries they cost."""

import pytest

from tests.conftest import FORMATS, OTHER_STORE, Api

PAGE = "/stores/1/downloadables"
ANOTHER = {"name": "B", "code": "b", "price": 1, "item_category_id": 2}


def test_an_unchanged_page_is_answered_without_reading_its_rows(api, queries):
    api.add()
    first = api.get(PAGE)
    queries.clear()
    second = api.get(PAGE)
    assert second.data == first.data
    assert second.headers["ETag"] == first.headers["ETag"]
    assert second.headers["Link"] == first.headers["Link"]
    # Who asks, whose collection it is, and its version.
    assert len(queries) == 3


@pytest.mark.parametrize(
    "change",
    [
        lambda api, _: api.post(PAGE, json=ANOTHER),
        lambda api, number: api.patch(f"/downloadables/{number}", json={"price": 2}),
        lambda api, number: api.delete(f"/downloadables/{number}"),
        lambda api, _: api.patch("/stores/1", json={"timezone": "Asia/Tokyo"}),
        lambda api, number: api.put(
            f"/downloadables/{number}/attributes",
            json=[{"name": "color", "value": "red"}],
        ),
    ],
    ids=["added", "changed", "deleted", "zone", "attributes"],
)
def test_after_a_change_nobody_gets_the_page_of_before(api, change):
    number = api.add()
    before = api.get(PAGE).data
    assert change(api, number).status_code < 300
    assert api.get(PAGE).data != before


def test_each_format_address_and_language_of_the_wire_has_its_own_page(api):
    api.add()
    bodies = {
        api.get(PAGE, accept=media_type, headers=headers).data
        for media_type in FORMATS.values()
        for headers in ({}, {"Host": "shop.example"}, {"FOXY-API-VERSION": "1"})
    }
    assert len(bodies) == 9


def test_each_path_has_its_own_page(api, operator):
    store = operator.post("/stores", json=OTHER_STORE).json["_links"]["self"]["href"]
    categories = [
        operator.get(f"{path}/item_categories") for path in ("/stores/1", store)
    ]
    # As empty, and as often changed, as each other.
    empty = [operator.get(f"{path}/downloadables") for path in ("/stores/1", store)]
    in_category = [
        api.get(f"/item_categories/{number}/downloadables") for number in (1, 2)
    ]
    for pages in (categories, empty, in_category):
        assert len({page.json["_links"]["self"]["href"] for page in pages}) == 2
        # Warm, they are the same as they were.
        for page in pages:
            again = operator.get(page.request.path).data
            assert again == operator.get(page.request.path).data
            assert page.request.path.encode() in again


def test_who_may_only_read_gets_no_page_of_who_may_write(api, reader):
    siren = FORMATS["siren"]
    assert "create-downloadable" in api.get(PAGE, accept=siren).text
    assert "create-downloadable" not in reader.get(PAGE, accept=siren).text
    assert "create-downloadable" in api.get(PAGE, accept=siren).text


def test_the_page_of_another_store_at_the_same_path_is_another(api, operator):
    mine = api.get("/stores").json
    token = operator.post("/stores", json=OTHER_STORE).json["token"]
    other = Api(api.client, token)
    assert mine["total_items"] == other.get("/stores").json["total_items"] == 1
    assert other.get("/stores").json["_embedded"] != mine["_embedded"]
    assert other.get(PAGE).status_code == 404
