"""Zoom: related resources inside, equal to their own documents, a query a relation."""

import pytest
from lxml import etree


def attribute(api, path, name="color", value="red"):
    response = api.post(f"{path}/attributes", json={"name": name, "value": value})
    assert response.status_code == 201, response.text
    return response.json


@pytest.mark.parametrize("accept", [None, "application/hal+xml"])
def test_what_is_zoomed_is_what_its_own_address_shows(api, accept):
    path = f"/downloadables/{api.add()}"
    attribute(api, "/stores/1")
    attribute(api, path)
    zoom = "?zoom=item_category,store:attributes"
    if accept is None:
        item = api.get(path + zoom).json
        inside = item["_embedded"]
        assert inside["fx:item_category"] == api.get("/item_categories/2").json
        assert inside["fx:store"] == api.get("/stores/1").json
        assert inside["fx:attributes"] == [api.get("/attributes/2").json]
        [listed] = api.get(f"/stores/1/downloadables{zoom}").json["_embedded"][
            "fx:downloadables"
        ]
        assert listed == item
        return
    root = etree.fromstring(api.get(path + zoom, accept=accept).data)
    found = {child.get("href"): child for child in root.iterfind("resource")}
    for href, child in found.items():
        own = etree.fromstring(api.get(href, accept=accept).data)
        assert etree.tostring(own) == etree.tostring(child)
    assert len(found) == 3


def test_siren_names_the_relation_of_what_is_zoomed(api):
    path = f"/downloadables/{api.add()}?zoom=item_category,attributes"
    entity = api.get(path, accept="application/vnd.siren+json").json
    [category] = entity["entities"]
    assert category["rel"] == ["http://localhost/rels/item_category"]
    assert category["properties"]["code"] == "DOWNLOADS"
    page = api.get(
        "/stores/1/downloadables?zoom=item_category",
        accept="application/vnd.siren+json",
    ).json
    [item] = page["entities"]
    assert item["rel"] == ["item", "http://localhost/rels/downloadable"]
    assert item["entities"] == [category]


def test_many_are_a_list_also_when_there_are_none(api):
    category = api.get("/item_categories/1?zoom=downloadables,attributes").json
    assert category["_embedded"] == {"fx:downloadables": [], "fx:attributes": []}
    api.add()
    category = api.get("/item_categories/2?zoom=downloadables").json
    assert [i["code"] for i in category["_embedded"]["fx:downloadables"]] == ["unicorn"]


def test_html_shows_what_is_zoomed(api):
    path = f"/downloadables/{api.add()}?zoom=item_category:store"
    page = api.get(path, accept="text/html").text
    assert "DOWNLOADS" in page
    assert "my-store" in page


@pytest.mark.parametrize(
    ("zoom", "more"),
    [
        ("", 0),
        ("&zoom=item_category", 1),
        ("&zoom=item_category,store", 2),
        ("&zoom=item_category:store:item_categories", 3),
    ],
)
def test_a_relation_costs_one_query_however_many_items_there_are(
    api, queries, zoom, more
):
    for number in range(12):
        api.add(code=f"c{number}")
    counts = set()
    for limit in (1, 12):
        queries.clear()
        response = api.get(f"/stores/1/downloadables?limit={limit}{zoom}")
        assert response.json["returned_items"] == limit
        counts.add(len(queries))
    queries.clear()
    # Another page than the one that is kept.
    api.get("/stores/1/downloadables?limit=11")
    # What is zoomed has its own version, which is one query more.
    assert counts == {len(queries) + more + bool(more)}


def test_attributes_cost_one_query_for_all_items_and_none_without_any(api, queries):
    numbers = [api.add(code=f"c{number}") for number in range(5)]
    queries.clear()
    api.get("/stores/1/downloadables")
    without = len(queries)
    for number in numbers[:4]:
        attribute(api, f"/downloadables/{number}")
    queries.clear()
    page = api.get("/stores/1/downloadables").json
    assert len(queries) == without + 1
    items = page["_embedded"]["fx:downloadables"]
    assert ["_embedded" in item for item in items] == [True] * 4 + [False]


def test_over_three_hundred_embedded_are_refused(api):
    for number in range(101):
        api.add(code=f"c{number}")
    path = "/stores/1/downloadables?limit={}&zoom=item_category,store,attributes"
    assert api.get(path.format(100)).status_code == 200
    whole = "/stores/1/item_categories?zoom=downloadables:item_category,downloadables"
    assert api.get(whole).status_code == 200
    response = api.get(f"{whole}:store,downloadables:attributes")
    assert response.status_code == 400
    assert api.errors(response) == {"zoom": "too_many"}


def test_a_tag_changes_with_what_is_zoomed(api):
    api.add()
    path = "/stores/1/downloadables?zoom=item_category"
    tag = api.get(path).headers["ETag"]
    same = api.get(path, headers={"If-None-Match": tag})
    assert same.status_code == 304
    api.patch("/item_categories/2", json={"name": "Files"})
    changed = api.get(path, headers={"If-None-Match": tag})
    assert changed.status_code == 200
    [item] = changed.json["_embedded"]["fx:downloadables"]
    assert item["_embedded"]["fx:item_category"]["name"] == "Files"
    filtered = "/stores/1/downloadables?item_category:name=Files"
    tag = api.get(filtered).headers["ETag"]
    api.patch("/item_categories/2", json={"name": "Other"})
    found = api.get(filtered, headers={"If-None-Match": tag})
    assert found.json["total_items"] == 0
    own = "/downloadables/1?zoom=item_category"
    tag = api.get(own).headers["ETag"]
    api.patch("/item_categories/2", json={"name": "Again"})
    assert api.get(own, headers={"If-None-Match": tag}).status_code == 200
    tag = api.get(own).headers["ETag"]
    changed = api.patch(
        "/downloadables/1", json={"name": "New"}, headers={"If-Match": tag}
    )
    assert changed.status_code == 200
