"""All headers of an answer together fit into what nginx has for them: 4 KiB."""

from urllib.parse import quote

import pytest
from requests.utils import parse_header_links

from app.http.middleware.response_header_size import MAX_RESPONSE_HEADERS, shorten

LONG = "x" * 1600
ARABIC = quote("كتاب الطبخ العربي الكامل للمبتدئين كتاب الطبخ العرب")
BROWSER = {"Origin": "https://shop.example", "Accept-Encoding": "br"}
PATHS = (
    "/",
    "/stores/1",
    "/downloadables/1",
    "/stores/1/downloadables",
    f"/stores/1/downloadables?name:not={ARABIC}&limit=1&offset=1",
    f"/stores/1/downloadables?name:not={LONG}&limit=1&offset=1",
    f"/stores/1/downloadables?name:not={'y' * 7000}",
    f"/stores/1/downloadables?name={LONG}&zoom=item_category",
    f"/stores/1/downloadables?prise={LONG}",
    f"/stores/1/item_categories?code={ARABIC}",
    f"/downloadables/1?x={LONG}",
    f"/nowhere/{LONG}",
    f"/nowhere/{ARABIC}{ARABIC}{ARABIC}",
    f"/rels/{LONG}",
    f"/dl?p={LONG}",
    f"/dl/files?p={LONG}",
    f"/dl?p=unknown&junk={LONG}",
    f"/zid/v1/products/?search=a&page={LONG}",
    f"/uploads/{LONG}",
)


def size(response):
    """Give the bytes of the headers, as HTTP/1.1 writes them."""
    return 200 + sum(len(n) + len(v.encode()) + 4 for n, v in response.headers)


def rels(response):
    links = parse_header_links(response.headers.get("Link", ""))
    return [link["rel"] for link in links if "rel" in link]


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "DELETE", "POST"])
@pytest.mark.parametrize("accept", ["*/*", "application/vnd.siren+json", "text/html"])
def test_the_headers_of_every_answer_fit(api, method, accept):
    api.upload()
    for path in PATHS:
        headers = {**BROWSER, "Access-Control-Request-Method": "PUT"}
        response = api.request(method, path, accept=accept, headers=headers)
        assert size(response) <= MAX_RESPONSE_HEADERS, path


@pytest.mark.parametrize("query", [f"name:not={ARABIC}", "name:not=a", "search=b"])
def test_profile_self_and_pages_stay_longest(api, query):
    for number in range(3):
        api.add(code=f"a{number}", name="a b")
    path = f"/stores/1/downloadables?{query}&limit=1&offset=1"
    response = api.get(path, headers=BROWSER)
    found = rels(response)
    assert found[0] == "profile"
    assert {"self", "first", "last", "prev", "next"} <= {*found}


def test_custom_relations_go_before_the_alternates():
    members = [
        '<https://a.example/p>; rel="profile"',
        '<https://a.example/1>; rel="self"; title="One, two <three>"',
        '<https://a.example/2>; rel="https://a.example/rels/store"; title="Store"',
        f'<https://a.example/{"x" * 300}>; rel="alternate"; type="text/html"',
        '<https://a.example/d>; rel="service-doc"',
        '<https://a.example/2?offset=2>; rel="next"',
    ]
    whole = ", ".join(members)
    assert shorten(whole, len(whole) + 2) == whole
    without_store = ", ".join(members[:2] + members[3:])
    assert shorten(whole, len(without_store) + 2) == without_store
    assert shorten(whole, 300) == ", ".join([*members[:2], *members[4:]])
    assert shorten(whole, 10) == ""


def test_a_long_name_keeps_its_ending(api):
    name = "書" * 250 + ".epub"
    item = api.upload(file_name=name)
    response = api.get(f"/downloadables/{item}/file", headers=BROWSER)
    assert response.status_code == 200
    assert response.headers["Content-Disposition"].endswith(".epub")
    assert size(response) <= MAX_RESPONSE_HEADERS


def test_a_url_that_no_redirect_could_carry_is_refused(api):
    answer = api.patch(
        f"/downloadables/{api.upload()}",
        json={"url": "https://a.example/" + "書" * 300},
    )
    assert answer.status_code == 422
    assert "2000 characters, percent-encoded" in answer.text
