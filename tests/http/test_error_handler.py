"""Problem details for those who ask for them, and the pages their types lead to."""

import pytest
from lxml import etree

from app.http.error_handler import PROBLEM_TYPES

JSON, XML = "application/problem+json", "application/problem+xml"
NS = "{urn:ietf:rfc:7807}"


def test_an_error_comes_as_a_problem_to_who_takes_problems(api):
    accept = f"{JSON}, application/hal+json;q=0.9"
    response = api.post("/stores/1/downloadables", json={}, accept=accept)
    assert response.status_code == 422
    assert response.content_type == JSON
    problem = response.json
    assert list(problem)[:5] == ["type", "title", "status", "detail", "instance"]
    assert problem["status"] == 422
    assert problem["type"] == "http://localhost/problems/invalid"
    assert {e["property"] for e in problem["errors"]} >= {"name", "code", "price"}
    assert api.get("/stores/1", accept=accept).content_type == "application/hal+json"


def test_problems_come_in_xml_too(api):
    response = api.get("/nowhere", accept=XML)
    assert response.content_type == XML
    root = etree.fromstring(response.data)
    assert root.tag == f"{NS}problem"
    assert root.findtext(f"{NS}status") == "404"
    assert root.findtext(f"{NS}errors/{NS}i/{NS}code") == "not_found"


def test_only_a_problem_acceptable_is_not_acceptable_and_a_problem(api):
    response = api.get("/stores/1", accept=JSON)
    assert response.status_code == 406
    assert response.content_type == JSON


@pytest.mark.parametrize(
    ("method", "path", "options", "code"),
    [
        ("GET", "/nowhere", {}, "not_found"),
        ("DELETE", "/", {}, "method_not_allowed"),
        ("GET", "/stores?limit=x", {}, "bad_request"),
        ("GET", "/stores", {"headers": {"Authorization": "x"}}, "invalid_token"),
        ("POST", "/stores", {"json": {}}, "insufficient_scope"),
        (
            "POST",
            "/stores/1/downloadables",
            {"data": "x", "content_type": "image/png"},
            "unsupported_media_type",
        ),
    ],
)
def test_each_type_is_a_documented_page(api, method, path, options, code):
    problem = api.request(method, path, accept=f"{JSON}, */*;q=0.1", **options).json
    assert problem["type"].endswith(f"/problems/{code}")
    page = api.get(problem["type"])
    assert page.status_code == 200
    assert page.json["status"] == problem["status"]
    assert page.json["title"] == problem["title"]
    assert "text/html" in api.get(problem["type"], accept="text/html").content_type


def test_all_types_are_listed(anonymous):
    page = anonymous.get("/problems").json
    listed = {item["code"] for item in page["_embedded"]["fx:problems"]}
    assert listed == set(PROBLEM_TYPES)
    assert all(item["description"] for item in page["_embedded"]["fx:problems"])


def test_the_logref_is_in_the_log(api, caplog):
    caplog.set_level("INFO", logger="sirenhall")
    problem = api.get("/nowhere", accept=JSON).json
    logref = problem["instance"].removeprefix("urn:sirenhall:")
    assert logref == problem["errors"][0]["logref"]
    assert logref in caplog.text
