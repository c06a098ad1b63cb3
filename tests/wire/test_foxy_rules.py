"""The twenty rules that break a Foxy client if they are not kept, a test each."""

import io
import json
import re
from urllib.parse import urlsplit

import pytest
from sqlalchemy import update

from app.models import TOKENS
from app.services.clock import now

FOXY = {"FOXY-API-VERSION": "1"}
TEXT = "text/plain;charset=UTF-8"
ITEM = {"name": "A", "code": "a", "price": 1}
EVERYTHING = [
    "/",
    "/stores",
    "/stores/1",
    "/stores/1/item_categories",
    "/item_categories/1",
    "/item_categories/1/tax_item_categories",
    "/stores/1/downloadables",
    "/downloadables/1",
    "/stores/1/attributes",
    "/stores/1/downloadables?zoom=item_category,store,attributes",
    "/property_helpers",
    "/rels",
    "/nowhere",
    "/stores/1/downloadables?limit=x",
]


@pytest.fixture(autouse=True)
def downloadable(api):
    api.upload(code="one")
    api.post("/stores/1/attributes", json={"name": "color", "value": "red"})


def objects(value):
    """Give every resource object of a document."""
    if isinstance(value, list):
        for member in value:
            yield from objects(member)
    elif isinstance(value, dict):
        yield value
        for embedded in value.get("_embedded", {}).values():
            yield from objects(embedded)


def links(resource):
    for rel, found in resource.get("_links", {}).items():
        if rel != "curies":
            yield from found if isinstance(found, list) else [found]


def test_rule_1_json_may_call_itself_text(api):
    sent = json.dumps({**ITEM, "item_category_id": 2})
    made = api.post("/stores/1/downloadables", data=sent, content_type=TEXT)
    assert made.status_code == 201
    href = made.json["_links"]["self"]["href"]
    for method in ("PATCH", "PUT"):
        changed = api.request(method, href, data=sent, content_type=TEXT)
        assert changed.status_code == 200
    form_data = api.post(
        "/stores/1/downloadables", data="[object FormData]", content_type=TEXT
    )
    assert form_data.status_code == 400


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_rule_2_a_content_type_without_a_body_says_nothing(api, method):
    response = api.request(
        method, "/downloadables/1", content_type="application/json", accept="*/*"
    )
    assert response.status_code == 200
    assert response.content_type == "application/hal+json"


@pytest.mark.parametrize("path", EVERYTHING)
def test_rules_3_4_and_5_every_href_is_absolute_and_nothing_is_null(api, path):
    for resource in objects(api.get(path, headers=FOXY).json):
        for link in links(resource):
            parts = urlsplit(link["href"])
            assert parts.scheme in {"http", "https"}
            assert parts.netloc
        for embedded in resource.get("_embedded", {}).values():
            assert isinstance(embedded, list | dict)
    without_file = api.get(f"/downloadables/{api.add(code='x')}").json
    assert "fx:file" not in without_file["_links"]


def test_rules_6_7_8_and_9_answers_to_writes_have_bodies(api):
    made = api.post("/stores/1/downloadables", json={**ITEM, "item_category_id": 2})
    assert made.status_code == 201
    href = made.json["_links"]["self"]["href"]
    assert made.headers["Location"] == href
    assert re.fullmatch(
        r"downloadable \d+ created successfully\.", made.json["message"]
    )
    for method in ("PATCH", "PUT"):
        body = {**ITEM, "price": 2, "item_category_id": 2}
        changed = api.request(method, href, json=body)
        assert changed.status_code == 200
        assert changed.json["_links"] == api.get(href).json["_links"]
        assert changed.json["price"] == 2
    gone = api.delete(href)
    assert gone.status_code == 200
    assert gone.json["_links"]["self"]["href"] == href
    assert gone.json["message"]


def test_rule_10_errors_are_in_the_body(api):
    body = api.post("/stores/1/downloadables", json={}).json
    assert body["total"] == len(body["_embedded"]["fx:errors"]) >= 3
    for entry in body["_embedded"]["fx:errors"]:
        assert {"logref", "message", "property", "code"} <= set(entry)


def test_rules_11_12_and_13_a_401_speaks_both_dialects(api, installation):
    wrong = api.get("/stores/1", headers={"Authorization": "Bearer x"})
    with installation.database.writing() as tx:
        tx.execute(update(TOKENS).values(date_expires=now()))
    expired = api.get("/stores/1")
    for response, text in (
        (wrong, "The access token provided is invalid"),
        (expired, "The access token provided has expired"),
    ):
        assert response.status_code == 401
        body = response.json
        assert body["error"] == "invalid_token"
        assert body["error_description"] == text
        [entry] = body["_embedded"]["fx:errors"]
        assert (entry["message"], body["total"]) == (text, 1)


def test_rule_14_home_needs_no_token_and_leads_to_one(anonymous):
    response = anonymous.get("/", headers=FOXY)
    assert response.status_code == 200
    href = response.json["_links"]["fx:token"]["href"]
    assert href == "http://localhost/token"
    assert anonymous.post(href, headers=FOXY).json["error"]


@pytest.mark.parametrize("path", [p for p in EVERYTHING if "/" in p[1:]][:7])
def test_rules_15_and_16_pages_have_all_four_links_and_numbers(api, path):
    body = api.get(path, headers=FOXY).json
    if "total_items" not in body:
        assert "first" not in body["_links"]
        return
    assert {"first", "prev", "next", "last"} <= set(body["_links"])
    for name in ("returned_items", "limit", "offset"):
        assert isinstance(body[name], int)
    assert isinstance(body["total_items"], str)


def test_rule_17_a_browser_may_ask_from_anywhere(anonymous):
    preflight = anonymous.request(
        "OPTIONS",
        "/stores/1/downloadables",
        headers={
            "Origin": "https://shop.example",
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "authorization,foxy-api-version",
        },
    )
    assert preflight.status_code == 200
    assert preflight.headers["Access-Control-Allow-Origin"] == "*"
    allowed = preflight.headers["Access-Control-Allow-Headers"]
    for name in ("authorization", "content-type", "foxy-api-version", "cache-control"):
        assert name in allowed
    methods = preflight.headers["Access-Control-Allow-Methods"]
    for method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"):
        assert method in methods


def test_rule_18_every_category_leads_to_its_taxes(api):
    page = api.get("/stores/1/item_categories", headers=FOXY).json
    for category in page["_embedded"]["fx:item_categories"]:
        href = category["_links"]["fx:tax_item_categories"]["href"]
        taxes = api.get(f"{href}?offset=0&limit=200", headers=FOXY).json
        assert taxes["_embedded"]["fx:tax_item_categories"] == []


@pytest.mark.parametrize("body", [{"type": "audio/mpeg"}, {}])
def test_rule_19_every_downloadable_has_an_upload_url(api, anonymous, body):
    number = api.add(code="by-elements")
    links = api.get(f"/downloadables/{number}").json["_links"]
    made = api.post(links["fx:create_upload_url"]["href"], json=body)
    assert made.status_code == 201, made.text
    # As a browser does: from elsewhere, without a token, after asking.
    url, origin = made.json["upload_url"], {"Origin": "https://admin.example"}
    asks = {**origin, "Access-Control-Request-Method": "PUT"}
    asked = anonymous.request("OPTIONS", url, headers=asks)
    assert "PUT" in asked.headers["Access-Control-Allow-Methods"]
    headers = {**origin, "Content-Type": "audio/mpeg"}
    left = anonymous.put(url, data=b"la la", headers=headers)
    assert left.status_code == 200, left.text
    assert left.headers["Access-Control-Allow-Origin"] == "*"
    shown = api.get(f"/downloadables/{number}").json
    assert (shown["file_size"], shown["file_type"]) == (5, "audio/mpeg")
    assert shown["file_name"] == "by-elements.mp3"


def test_rule_20_bodies_come_as_foxys_clients_send_them(api):
    form = {"name": "B", "code": "b", "price": "2", "item_category_id": "2"}
    made = api.post("/stores/1/downloadables", data=form)
    assert made.status_code == 201
    href = made.headers["Location"]
    for method in ("PATCH", "PUT"):
        assert api.request(method, href, data=form).status_code == 200
    replaced = api.post(
        href,
        data={"file": (io.BytesIO(b"new"), "new.txt")},
        headers={"X-HTTP-Method-Override": "PATCH"},
    )
    assert replaced.status_code == 200
    assert replaced.json["file_name"] == "new.txt"


@pytest.mark.parametrize("path", EVERYTHING)
def test_hal_is_hal_throughout(api, path):
    """What a linter of HAL (draft-kelly-json-hal-11) looks for."""
    document = api.get(path).json
    for resource in objects(document):
        assert isinstance(resource.get("_links", {}), dict)
        for rel, found in resource.get("_links", {}).items():
            if rel == "curies":
                assert isinstance(found, list)
                assert all(c["templated"] and "{rel}" in c["href"] for c in found)
            for link in found if isinstance(found, list) else [found]:
                assert isinstance(link["href"], str)
                assert set(link) <= {"href", "title", "type", "templated", "name"}
                assert ("{" in link["href"]) == bool(link.get("templated"))
        prefixes = {c["name"] for c in resource.get("_links", {}).get("curies", ())}
        for rel in (*resource.get("_links", {}), *resource.get("_embedded", {})):
            if ":" in rel and resource is document:
                assert rel.partition(":")[0] in prefixes
        if "_links" in resource and resource is not document:
            assert "self" in resource["_links"]
