"""Requests that nobody sends by mistake: each is answered, none by a 5xx."""

import pytest

ACCEPTS = [
    "application/hal+json",
    "application/hal+xml",
    "text/html",
    "application/vnd.siren+json",
]
PATHS = [
    "/%01",
    "/%00",
    "/%FF",
    "/a%0D%0AX-Injected:%20yes",
    "/日本",
    "/%ED%A0%80",
    "/rels/%01",
    "/rels/日本",
    "/rels/..%2F..%2Fetc",
    "/stores/%D9%A1",
    "/downloadables/1e3",
    "/" + "a" * 3000,
    "/stores/1%20",
    "/?%01=%01",
    "/;x=1",
    "/stores?%FF=1",
    "/stores?limit=%00",
    "/stores?%0A=1",
    "/stores?format=%01",
    "/stores?format=hal&format=xml",
    "/stores/1/downloadables?name=%F0%9F%92%A9",
    '/stores/1/downloadables?"<>=1',
    "/stores?offset=9007199254740993",
]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("accept", ACCEPTS)
def test_a_strange_address_is_answered(api, path, accept):
    for method in ("GET", "HEAD", "OPTIONS", "POST", "DELETE"):
        response = api.request(method, path, accept=accept)
        assert response.status_code < 500, (method, response.text)
        for name, value in response.headers.items():
            assert value.isascii(), name
            assert "\n" not in value
        assert "X-Injected" not in response.headers


HEADERS = {
    "Accept": ["é", "\xff" * 10, "a/b;" * 500, "*/*;q=" + "9" * 500, '"'],
    "Authorization": ["Bearer é", "Bearer " + "x" * 10_000, "Bearer a b", "\xff"],
    "Content-Type": [
        "é",
        "application/json;charset=utf-16",
        "a" * 5000,
        ";",
        "/",
        "multipart/form-data; boundary=" + "x" * 200,
        'multipart/form-data; boundary="',
        "text/plain; charset=x",
    ],
    "Content-Length": ["-1", "x", "1e3", "+5"],
    "X-HTTP-Method-Override": ["é", "\xff", "PATCH\tGET"],
    "FOXY-API-VERSION": ["é", "1, 1", ""],
    "Range": ["bytes=" + "0-1," * 5000, "é"],
    "If-None-Match": ['"' * 500, "é"],
    "If-Modified-Since": ["x" * 500, "Sun, 99 Xxx 9999 99:99:99 GMT"],
    "Host": ["é", "a" * 3000, "[", "a:99999999"],
}


@pytest.mark.parametrize(
    ("name", "value"), [(n, v) for n, values in HEADERS.items() for v in values]
)
def test_a_strange_header_is_answered(api, name, value):
    number = api.upload()
    for method, path in (
        ("GET", f"/downloadables/{number}"),
        ("GET", f"/downloadables/{number}/file"),
        ("POST", "/stores/1/downloadables"),
        ("PATCH", f"/downloadables/{number}"),
    ):
        response = api.request(method, path, headers={name: value}, data=b"{}")
        assert response.status_code < 500, (method, path, response.text)


@pytest.mark.parametrize(
    "body",
    [
        '{"name": "\\ud800"}',
        '{"name": "\\u0000"}',
        '{"\\ud800": 1}',
        '{"": 1}',
        '{"\\u0001": 1}',
        '{"name": {}}',
        '{"price": -0.0}',
        '{"price": 1e-7}',
        '{"is_archived": 1e999}',
        '{"max_downloads_per_customer": 1e5}',
        '{"max_downloads_per_customer": 99999999999999999999}',
        '{"name": [[]]}',
        '{"item_category_id": []}',
        '{"item_category_id": {"a": 1}}',
        '{"item_category_id": 1e400}',
        '{"file": "x"}',
        '{"url": ["http://a/b"]}',
        '{"properties": 5, "links": []}',
        '{"properties": {}, "class": []}',
        "null",
        "5",
        '{"name": "' + "x" * 70_000 + '"}',
        '{"item_category_uri": "' + "/" * 5000 + '"}',
    ],
)
@pytest.mark.parametrize("accept", ACCEPTS)
def test_a_strange_body_is_answered(api, body, accept):
    number = api.add()
    for method, path in (
        ("PATCH", f"/downloadables/{number}"),
        ("PUT", f"/downloadables/{number}"),
        ("POST", "/stores/1/downloadables"),
        ("PATCH", "/stores/1"),
        ("PATCH", "/item_categories/2"),
    ):
        response = api.request(
            method, path, data=body, content_type="application/json", accept=accept
        )
        assert response.status_code < 500, (method, path, response.text)
