"""Attributes of stores, categories and downloadables."""

import json

import pytest
from lxml import etree

from tests.conftest import FORMATS, OTHER_STORE

OWNERS = ["/stores/1", "/item_categories/2", "/downloadables/1"]
RED = {"name": "color", "value": "red"}


@pytest.fixture(autouse=True)
def downloadable(api):
    api.add()


def named(api, owner):
    page = api.get(f"{owner}/attributes").json
    found = page["_embedded"]["fx:attributes"]
    assert page["total_items"] == len(found)
    return {item["name"]: (item["value"], item["visibility"]) for item in found}


@pytest.mark.parametrize("owner", OWNERS)
def test_one_is_created_shown_inside_and_deleted(api, owner):
    href = api.get(owner).json["_links"]["fx:attributes"]["href"]
    before = api.get(owner).headers["ETag"]
    created = api.post(href, json=RED)
    assert created.status_code == 201, created.text
    assert created.json["visibility"] == "private"
    assert created.json["message"] == "attribute 1 created successfully."
    shown = api.get(owner)
    assert shown.headers["ETag"] != before
    [inside] = shown.json["_embedded"]["fx:attributes"]
    own = api.get(created.headers["Location"]).json
    assert inside == own
    assert own["_links"]["fx:store"]["href"] == "http://localhost/stores/1"
    deleted = api.delete(created.headers["Location"])
    assert deleted.status_code == 200
    assert "_embedded" not in api.get(owner).json
    assert named(api, owner) == {}


@pytest.mark.parametrize("owner", OWNERS)
def test_patch_creates_and_changes_by_name(api, owner):
    api.post(f"{owner}/attributes", json=RED)
    sent = [{"name": "color", "value": "blue"}, {"name": "size", "value": "L"}]
    response = api.patch(f"{owner}/attributes", json=sent)
    assert response.status_code == 200, response.text
    assert named(api, owner) == {
        "color": ("blue", "private"),
        "size": ("L", "private"),
    }
    one = {"name": "size", "value": "M", "visibility": "public"}
    assert api.patch(f"{owner}/attributes", json=one).json["total_items"] == 2
    assert named(api, owner)["size"] == ("M", "public")


@pytest.mark.parametrize("owner", OWNERS)
def test_put_replaces_all(api, owner):
    api.post(f"{owner}/attributes", json=RED)
    response = api.put(f"{owner}/attributes", json=[{"name": "size", "value": "L"}])
    assert response.status_code == 200, response.text
    assert named(api, owner) == {"size": ("L", "private")}
    assert api.put(f"{owner}/attributes", json=[]).json["total_items"] == 0
    assert named(api, owner) == {}


@pytest.mark.parametrize("accept", FORMATS.values())
def test_what_was_got_can_be_put_back(api, accept):
    path = "/downloadables/1/attributes"
    api.put(path, json=[RED, {"name": "size", "value": "L", "visibility": "public"}])
    got = api.get(path, accept=accept)
    before = named(api, "/downloadables/1")
    api.put(path, json=[])
    back = api.put(path, data=got.data, content_type=got.headers["Content-Type"])
    assert back.status_code == 200, back.text
    assert named(api, "/downloadables/1") == before


def test_mistakes_say_which_they_are_about(api):
    path = "/downloadables/1/attributes"
    sent = [RED, {"name": "", "valeu": "x"}, {"name": "color", "value": "b"}]
    response = api.patch(path, json=sent)
    assert response.status_code == 422
    assert api.errors(response) == {
        "[1].name": "required",
        "[1].value": "required",
        "[1].valeu": "unknown",
        "[2].name": "repeated",
    }
    assert named(api, "/downloadables/1") == {}
    for body in ("[1]", "[[]]", '{"_embedded": {"x": [null]}}'):
        response = api.patch(path, data=body, content_type="application/json")
        assert response.status_code == 400, body
    many = [{"name": str(n), "value": "x"} for n in range(101)]
    assert api.patch(path, json=many).status_code == 413
    assert api.patch(path, json=many[:100]).status_code == 200
    assert api.patch(path, json=many[100:]).status_code == 409
    assert api.post(path, json=many[100]).status_code == 409


def test_a_name_is_unique_in_its_owner_only(api):
    first = api.post("/stores/1/attributes", json=RED)
    assert api.post("/downloadables/1/attributes", json=RED).status_code == 201
    assert api.post("/stores/1/attributes", json=RED).status_code == 409
    other = api.post("/stores/1/attributes", json={"name": "size", "value": "L"})
    renamed = api.patch(other.headers["Location"], json={"name": "color"})
    assert renamed.status_code == 409
    assert api.patch(first.headers["Location"], json=RED).status_code == 200


def test_another_store_sees_none_of_them(api, operator, installation):
    api.post("/downloadables/1/attributes", json=RED)
    created = operator.post(
        "/stores",
        json=OTHER_STORE,
    )
    token = created.json["token"]
    stranger = {"Authorization": f"Bearer {token}"}
    for method, path in (
        ("GET", "/attributes/1"),
        ("PATCH", "/attributes/1"),
        ("DELETE", "/attributes/1"),
        ("GET", "/downloadables/1/attributes"),
        ("PUT", "/downloadables/1/attributes"),
        ("PATCH", "/downloadables/1/attributes"),
        ("POST", "/item_categories/2/attributes"),
    ):
        response = api.request(method, path, headers=stranger, json=RED)
        assert response.status_code == 404, (method, path)
    assert named(api, "/downloadables/1") == {"color": ("red", "private")}


def test_a_reader_may_read_only(reader):
    assert reader.get("/stores/1/attributes").status_code == 200
    for method in ("POST", "PUT", "PATCH"):
        response = reader.request(method, "/stores/1/attributes", json=RED)
        assert response.status_code == 403


def test_a_condition_holds_for_the_owner(api):
    tag = api.get("/stores/1/attributes").headers["ETag"]
    put = {"path": "/stores/1/attributes", "json": [RED]}
    assert api.put(**put, headers={"If-Match": tag}).status_code == 200
    assert api.put(**put, headers={"If-Match": tag}).status_code == 412


def test_they_go_with_what_they_belong_to(api):
    api.post("/downloadables/1/attributes", json=RED)
    assert api.delete("/downloadables/1").status_code == 200
    assert api.get("/attributes/1").status_code == 404


def test_xml_and_forms_create_one(api):
    path = "/stores/1/attributes"
    body = "<resource><name>a</name><value>1</value></resource>"
    assert api.post(path, data=body, content_type="text/xml").status_code == 201
    assert api.post(path, data={"name": "b", "value": "2"}).status_code == 201
    root = etree.fromstring(api.get("/stores/1", accept="text/xml").data)
    assert root.xpath("resource/name/text()") == ["a", "b"]
    assert json.loads(api.get("/stores/1").data)["_embedded"]["fx:attributes"]


@pytest.mark.parametrize(
    "body",
    [
        {**RED, "_embedded": {}},
        {**RED, "_embedded": {"fx:store": {"store_name": "x"}}},
        {**RED, "_embedded": {"fx:x": []}},
        {"class": ["attribute"], "properties": RED, "entities": []},
    ],
)
def test_one_that_has_others_inside_is_still_one(api, body):
    api.put("/stores/1/attributes", json=[{"name": "size", "value": "L"}])
    patched = api.patch("/stores/1/attributes", json=body)
    assert patched.json["total_items"] == 2
    put = api.put("/stores/1/attributes", json=body)
    assert put.status_code == 200
    assert named(api, "/stores/1") == {"color": ("red", "private")}


@pytest.mark.parametrize("accept", FORMATS.values())
def test_an_empty_collection_can_be_put_back(api, accept):
    got = api.get("/stores/1/attributes", accept=accept)
    content_type = got.headers["Content-Type"]
    put = api.put("/stores/1/attributes", data=got.data, content_type=content_type)
    assert put.status_code == 200, put.text


def test_what_comes_along_with_what_is_zoomed_is_bounded(api):
    many = [{"name": str(n), "value": "x"} for n in range(100)]
    api.patch("/stores/1/attributes", json=many)
    items = [
        {"name": "A", "code": f"c{n}", "price": 1, "item_category_id": 2}
        for n in range(40)
    ]
    api.post("/stores/1/downloadables", json=items)
    path = "/stores/1/downloadables?zoom=store&limit="
    assert api.get(f"{path}20").status_code == 200
    assert api.get(f"{path}40").status_code == 400
