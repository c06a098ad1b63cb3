"""The Link header says what the document links, in HEAD too."""

import re

import pytest
from requests.utils import parse_header_links

from tests.conftest import FORMATS

REL = "http://localhost/rels/"


def links(response):
    return parse_header_links(response.headers["Link"])


@pytest.mark.parametrize("accept", [*FORMATS.values(), "text/html"])
def test_the_profile_comes_first_and_leads_to_a_json_schema(api, accept):
    for path in ("/downloadables/1", "/stores/1/downloadables", "/stores"):
        api.add(code=path)
        response = api.get(path, accept=accept)
        first = links(response)[0]
        assert first["rel"] == "profile"
        assert response.headers["Link"].startswith(f'<{first["url"]}>; rel="profile"')
        profile = api.get(first["url"])
        assert profile.content_type == "application/schema+json"
        assert profile.json["$id"] == first["url"]


@pytest.mark.parametrize("accept", FORMATS.values())
def test_every_link_of_the_document_is_in_the_header(api, accept):
    path = f"/downloadables/{api.upload()}"
    shown = api.get(path).json["_links"]
    response = api.get(path, accept=accept)
    header = {link["rel"]: link for link in links(response)}
    for rel, link in shown.items():
        if rel == "curies":
            continue
        found = header[rel.replace("fx:", REL)]
        assert found["url"] == link["href"]
        assert found["title"] == link["title"]
    assert "service-desc" in header
    assert "service-doc" in header
    head = api.request("HEAD", path, accept=accept)
    assert head.headers["Link"] == response.headers["Link"]
    assert head.data == b""


@pytest.mark.parametrize("code", ['a"b', "naïve", "a\\b", "a, <b>; rel=x", "日本"])
def test_a_title_that_is_more_than_ascii_is_encoded(api, code):
    category = {"code": code, "name": "A", "item_delivery_type": "notshipped"}
    created = api.post("/stores/1/item_categories", json=category)
    assert created.status_code == 201, created.text
    response = api.get(created.headers["Location"])
    header = response.headers["Link"]
    assert header.isascii()
    own = re.search(r'<[^>]*/item_categories/\d+>; rel="self"; (title[^,]*)', header)
    if '"' in code or "\\" in code or not code.isascii():
        assert own[1].startswith("title*=UTF-8''")
    page = api.get("/stores/1/item_categories?limit=1&offset=2")
    assert page.status_code == 200


def test_pages_are_in_the_header(api):
    for code in "abc":
        api.add(code=code)
    response = api.get("/stores/1/downloadables?limit=1&offset=1")
    found = {link["rel"]: link["url"] for link in links(response)}
    for rel in ("first", "prev", "next", "last", "self"):
        assert found[rel] == response.json["_links"][rel]["href"]


def test_an_error_has_no_profile(api):
    response = api.get("/downloadables/99")
    assert "profile" not in {link["rel"] for link in links(response)}
