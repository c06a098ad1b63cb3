"""Downloadables: their rules, listings, methods and messages."""

import json
import unicodedata
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

COLLECTION = "/stores/1/downloadables"
VALUES = {"name": "Unicorn", "code": "unicorn", "price": 10, "item_category_id": 2}


def test_a_post_answers_with_the_whole_and_a_message(api):
    response = api.post(COLLECTION, json=VALUES)
    assert response.status_code == 201
    assert response.headers["Location"] == "http://localhost/downloadables/1"
    assert response.json["message"] == "downloadable 1 created successfully."
    expected = {
        "item_category_uri": "http://localhost/item_categories/2",
        "name": "Unicorn",
        "code": "unicorn",
        "price": 10,
        "file_name": None,
        "version": None,
        "is_published": True,
        "is_archived": False,
        "number_of_downloads": 0,
    }
    assert {name: response.json[name] for name in expected} == expected
    followed = api.get(response.json["_links"]["self"]["href"]).json
    message = response.json.pop("message")
    assert {**followed, "message": message} == {**response.json, "message": message}


def test_titles_and_links(api):
    links = api.get(f"/downloadables/{api.upload()}").json["_links"]
    titles = {rel: link["title"] for rel, link in links.items() if rel != "curies"}
    assert titles == {
        "self": "This Downloadable",
        "fx:store": "This Store",
        "fx:item_category": "Item Category for this downloadable",
        "fx:downloadable_item_categories": (
            "Downloadable Item Categories for this store"
        ),
        "fx:create_upload_url": "Create an upload URL for the file",
        "fx:uploads": "Open uploads of this downloadable",
        "fx:files": "Files of this downloadable",
        "fx:offer": "Offer of this downloadable",
        "fx:translations": "Translations of this downloadable",
        "fx:versions": "Versions of this downloadable's file",
        "fx:downloadable_purchases": "Purchases of this downloadable",
        "fx:downloads": "Downloads of this downloadable",
        "fx:statistics": "Statistics of this downloadable",
        "fx:file": "File of this downloadable",
        "fx:attributes": "Attributes for This Downloadable",
    }
    for rel, link in links.items():
        if rel != "curies":
            # What is made by POST says so.
            answer = api.get(link["href"])
            assert answer.status_code == 200 or "POST" in answer.headers["Allow"]


@pytest.mark.parametrize(
    "uri",
    [
        "http://localhost/item_categories/2",
        "/item_categories/2",
        " http://localhost/item_categories/2/ ",
    ],
)
def test_a_category_is_named_by_its_self_link(api, uri):
    values = {**VALUES, "item_category_uri": uri}
    del values["item_category_id"]
    assert api.post(COLLECTION, json=values).status_code == 201


@pytest.mark.parametrize(
    ("uri", "code"),
    [
        ("", "required"),
        (None, "null"),
        ("2", "invalid"),
        (2, "invalid"),
        ("/item_categories/0", "invalid"),
        ("/item_categories/" + "9" * 30, "invalid"),
        ("/stores/1", "invalid"),
        ("https://elsewhere.example/item_categories/2", "invalid"),
        ("http://localhost.example/item_categories/2", "invalid"),
        ("/item_categories/2?x=1", "invalid"),
        ("javascript:/item_categories/2", "invalid"),
        ("/item_categories/99", "not_found"),
        ("/item_categories/1", "not_downloaded"),
    ],
)
def test_a_category_that_will_not_do_is_named(api, uri, code):
    values = {**VALUES, "item_category_uri": uri}
    del values["item_category_id"]
    response = api.post(COLLECTION, json=values)
    assert response.status_code == 422
    assert api.errors(response) == {"item_category_uri": code}


def test_two_different_categories_are_one_too_many(api):
    values = {**VALUES, "item_category_uri": "/item_categories/1"}
    assert api.errors(api.post(COLLECTION, json=values)) == {
        "item_category_uri": "invalid"
    }


@pytest.mark.parametrize(
    ("price", "shown"),
    [
        (10, "10"),
        ("10.00", "10"),
        (80.95, "80.95"),
        ("0.1", "0.1"),
        ("9999999999.99", "9999999999.99"),
        (0, "0"),
        ("0", "0"),
        ("-0", "0"),
    ],
)
def test_a_price_is_exact_and_unpadded(api, price, shown):
    response = api.post(COLLECTION, json={**VALUES, "price": price})
    assert f'"price":{shown},' in response.text
    xml = api.get("/downloadables/1?format=xml").text
    assert f"<price>{shown}</price>" in xml


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        ("-1", "too_small"),
        ('"-0.01"', "too_small"),
        ("9.955", "too_many_decimals"),
        ("9.99999", "too_many_decimals"),
        ('"9,95"', "not_a_number"),
        ('"ten"', "not_a_number"),
        ('""', "required"),
        ('"1_000"', "not_a_number"),
        ('"٣"', "not_a_number"),
        ("true", "not_a_number"),
        ("null", "null"),
        ("[]", "not_a_number"),
        ("[1,2]", "not_a_number"),
        ("{}", "not_a_number"),
        ("1e400", "too_large"),
        ("1E+999999999", "too_large"),
        ("1e-999999999", "not_a_number"),
        ("10000000000", "too_large"),
        ('"NaN"', "not_a_number"),
    ],
)
def test_a_wrong_price_is_a_field_error(api, raw, code):
    body = json.dumps(VALUES).replace('"price": 10', f'"price": {raw}')
    response = api.post(COLLECTION, data=body, content_type="application/json")
    assert response.status_code == 422, response.text
    assert api.errors(response) == {"price": code}


@pytest.mark.parametrize(
    ("currency", "price", "status"),
    [
        ("JPY", "10", 201),
        ("JPY", "10.5", 422),
        ("KWD", "1.125", 201),
        ("KWD", "1.1255", 422),
        ("CLF", "1.1255", 201),
    ],
)
def test_a_price_is_as_fine_as_the_currency(api, currency, price, status):
    api.patch("/stores/1", json={"currency": currency})
    response = api.post(COLLECTION, json={**VALUES, "price": price})
    assert response.status_code == status
    if status == 422:
        assert f"as {currency} has" in response.text


def test_all_errors_come_at_once_in_the_order_of_the_properties(api):
    response = api.post(
        COLLECTION,
        json={"name": "", "code": "x" * 51, "price": -1, "url": "x", "zzz": 1},
    )
    assert list(api.errors(response).items()) == [
        ("item_category_uri", "required"),
        ("name", "required"),
        ("code", "too_long"),
        ("price", "too_small"),
        ("url", "invalid"),
        ("zzz", "unknown"),
    ]
    assert response.json["total"] == 6


def test_a_code_is_unique_in_the_store(api):
    api.add(code="a")
    second = api.add(code="b")
    assert api.post(COLLECTION, json={**VALUES, "code": "a"}).status_code == 409
    response = api.patch(f"/downloadables/{second}", json={"code": "a"})
    assert response.status_code == 409
    assert "code a is already in use by downloadable 1" in response.text
    assert api.patch(f"/downloadables/{second}", json={"code": "b"}).status_code == 200


def test_a_patch_changes_only_what_is_sent(api):
    path = f"/downloadables/{api.upload(description='old')}"
    before = api.get(path).json
    after = api.patch(path, json={"price": "12.5"}).json
    assert after["price"] == 12.5
    changed = {name for name in before if before[name] != after[name]}
    assert changed <= {"price", "date_modified"}


def test_a_patch_of_nothing_changes_nothing(api):
    path = f"/downloadables/{api.add()}"
    before = api.get(path).json
    assert api.patch(path, json={}).json == before
    assert api.patch(path).json == before


def test_a_put_replaces_but_keeps_the_file(api):
    path = f"/downloadables/{api.upload(description='old', is_published='0')}"
    after = api.put(path, json={**VALUES, "name": "New"}).json
    assert (after["name"], after["description"]) == ("New", "")
    assert after["is_published"] is True
    assert after["file_name"] == "a.txt"
    response = api.put(path, json={"name": "x"})
    assert api.errors(response) == dict.fromkeys(
        ("item_category_uri", "code", "price"), "required"
    )


def test_a_delete_says_so(api):
    path = f"/downloadables/{api.add()}"
    response = api.delete(path)
    assert response.status_code == 200
    assert response.json["message"] == "downloadable 1 deleted successfully."
    assert response.json["_links"]["self"]["href"].endswith(path)
    for method in ("GET", "PATCH", "PUT", "DELETE"):
        gone = api.request(method, path, json={})
        assert gone.status_code == 404
        assert f'No route found for \\"{method} {path}\\"' in gone.text


def test_head_is_get_without_the_body(api):
    for path in (f"/downloadables/{api.add()}", COLLECTION, "/", "/rels/store"):
        get, head = api.get(path), api.request("HEAD", path)
        assert head.data == b""
        assert dict(head.headers) == dict(get.headers)


def test_options_explain_without_a_token(anonymous):
    response = anonymous.request("OPTIONS", "/downloadables/1")
    assert response.status_code == 200
    assert response.headers["Allow"] == "DELETE, GET, HEAD, OPTIONS, PATCH, PUT"
    assert "application/merge-patch+json" in response.headers["Accept-Patch"]
    methods = response.json["_embedded"]["fx:methods"]
    assert methods[0] == {"method": "GET", "description": "View a downloadable"}
    collection = anonymous.request("OPTIONS", COLLECTION)
    assert collection.headers["Allow"] == "DELETE, GET, HEAD, OPTIONS, PATCH, POST"
    assert "multipart/form-data" in collection.headers["Accept-Post"]


def test_other_methods_are_405_and_say_which_there_are(api):
    response = api.post("/downloadables/1", json={})
    assert response.status_code == 405
    assert response.headers["Allow"] == "DELETE, GET, HEAD, OPTIONS, PATCH, PUT"
    assert (
        '\\"POST /downloadables/1\\": Method Not Allowed '
        "(Allow: DELETE, GET, HEAD, OPTIONS, PATCH, PUT)"
    ) in response.text
    for method in ("TRACE", "QUERY", "PROPFIND"):
        answer = api.request(method, "/downloadables/1")
        assert answer.status_code == 405
        assert "No route found" not in answer.text


@pytest.mark.parametrize(
    "path",
    [
        "/downloadables/0",
        "/downloadables/x",
        "/downloadables/-1",
        "/x",
        "/downloadables/" + "9" * 40,
        "/stores/1/nothing",
        "/downloadables/1/file/x",
    ],
)
def test_what_is_no_route_is_404(api, path):
    response = api.get(path)
    assert response.status_code == 404
    assert 'No route found for \\"GET' in response.text


def test_archived_ones_leave_the_shelf(api):
    first, second = api.add(code="a"), api.add(code="b")
    api.patch(f"/downloadables/{first}", json={"is_archived": True})

    def listed(query=""):
        page = api.get(f"{COLLECTION}{query}").json
        codes = [item["code"] for item in page["_embedded"]["fx:downloadables"]]
        assert page["total_items"] == page["returned_items"] == len(codes)
        return codes

    assert listed() == ["b"]
    assert listed("?is_archived=true") == ["a"]
    assert api.get(f"/downloadables/{first}").json["is_archived"] is True
    api.patch(f"/downloadables/{first}", json={"is_archived": False})
    assert listed() == ["a", "b"]
    api.delete(f"/downloadables/{second}")
    assert listed() == ["a"]


def test_a_category_lists_its_own(api):
    category = api.post(
        "/stores/1/item_categories",
        json={
            "code": "E",
            "name": "E",
            "item_delivery_type": "downloaded",
            "max_downloads_per_customer": 1,
            "max_downloads_time_period": 1,
        },
    ).json
    api.add(code="a")
    api.add(
        code="b",
        item_category_uri=category["_links"]["self"]["href"],
        item_category_id=3,
    )
    page = api.get(category["_links"]["fx:downloadables"]["href"]).json
    assert [i["code"] for i in page["_embedded"]["fx:downloadables"]] == ["b"]
    assert api.post("/item_categories/3/downloadables", json=VALUES).status_code == 405


@pytest.mark.parametrize(
    ("query", "codes"),
    [
        ("code=a", ["a"]),
        ("price=10", ["a", "c"]),
        ("price=10.00&code=c", ["c"]),
        ("item_category_uri=/item_categories/2", ["a", "b", "c"]),
        ("item_category_uri=http://localhost/item_categories/2", ["a", "b", "c"]),
        ("is_published=0", ["b"]),
        ("name=nobody", []),
    ],
)
def test_a_collection_is_filtered_by_a_property(api, query, codes):
    api.add(code="a")
    api.add(code="b", price=12, is_published=False)
    api.add(code="c")
    page = api.get(f"{COLLECTION}?{query}").json
    assert [i["code"] for i in page["_embedded"]["fx:downloadables"]] == codes
    assert page["total_items"] == len(codes)
    assert page["_links"]["first"]["href"].endswith(f"?{query}&offset=0")


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("prise=1", "prise"),
        ("price=ten", "price"),
        ("is_archived=maybe", "is_archived"),
        ("price=1&nmae=2", "nmae"),
        ("name=%00", "name"),
    ],
)
def test_a_filter_that_is_wrong_is_named(api, query, named):
    response = api.get(f"{COLLECTION}?{query}")
    assert response.status_code == 400
    assert list(api.errors(response)) == [named]


@pytest.mark.parametrize("query", ["%FF", "a=%ff", "&".join(["a=1"] * 200)])
def test_a_query_that_cannot_be_read_is_400(api, query):
    assert api.get(f"{COLLECTION}?{query}").status_code == 400


@pytest.mark.parametrize("accept", ["hal", "siren", "xml", "html"])
def test_errors_come_in_the_format_that_was_asked_for(api, accept):
    response = api.post(f"{COLLECTION}?format={accept}", json={})
    assert response.status_code == 422
    assert response.content_type.startswith(
        {
            "hal": "application/hal+json",
            "siren": "application/vnd.siren+json",
            "xml": "application/hal+xml",
            "html": "text/html",
        }[accept]
    )
    assert "name can" in response.text


def test_an_error_is_found_in_the_log(api, caplog):
    caplog.set_level("INFO", logger="sirenhall")
    response = api.post(COLLECTION, json={})
    errors = response.json["_embedded"]["fx:errors"]
    [logref] = {error["logref"] for error in errors}
    assert logref in caplog.text


def test_a_client_cannot_write_lines_into_the_log(api, caplog, capfd):
    caplog.set_level("INFO", logger="sirenhall")
    api.get("/%0d%0aFAKE")
    api.post(COLLECTION, json={"a\nFAKE": 1, "b" * 9000: 2})
    lines = (caplog.text + capfd.readouterr().err).splitlines()
    assert not [line for line in lines if line.startswith("FAKE")]
    assert max(map(len, lines)) < 2000


def test_without_a_token_a_401_is_understood_by_every_client(anonymous):
    response = anonymous.get(COLLECTION)
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"].startswith("Bearer ")
    assert response.json["error"] == "invalid_token"
    assert response.json["error_description"]
    assert response.json["_embedded"]["fx:errors"]


@pytest.mark.parametrize(
    "header",
    ["Bearer", "Bearer ", "Basic abc", "Bearer x" * 500, "Bearer é", "bearer\tx", ""],
)
def test_a_header_that_is_no_token_is_401(anonymous, header):
    response = anonymous.get(COLLECTION, headers={"Authorization": header})
    assert response.status_code == 401


TEXT = st.text(max_size=60)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(
    st.fixed_dictionaries(
        {
            "name": TEXT,
            "price": st.decimals(allow_nan=False).map(str) | st.integers() | TEXT,
            "description": TEXT,
        },
        optional={
            "url": TEXT,
            "max_downloads_per_customer": st.none() | st.integers() | TEXT,
            "is_archived": st.booleans() | TEXT | st.none(),
        },
    )
)
def test_what_is_accepted_is_the_same_in_every_format(api, values):
    body = json.dumps({**VALUES, **values, "code": "p"})
    response = api.post(COLLECTION, data=body, content_type="application/json")
    if response.status_code == 422:
        assert response.json["total"] >= 1
        return
    assert response.status_code == 201, response.text
    path = response.headers["Location"]
    try:
        hal = api.get(path).json
        assert hal["name"] == unicodedata.normalize("NFC", values["name"])
        assert Decimal(str(hal["price"])) == Decimal(str(values["price"]))
        siren = api.get(f"{path}?format=siren").json
        hal.pop("_links")
        assert siren["properties"] == hal
        for sent in ("xml", "siren", "hal"):
            got = api.get(f"{path}?format={sent}")
            put = api.put(path, data=got.data, content_type=got.content_type)
            assert put.status_code == 200, put.text
            again = api.get(path).json
            again.pop("_links")
            assert again == hal
    finally:
        # Or the next example would be refused for its code, and hide what failed.
        api.delete(path)
