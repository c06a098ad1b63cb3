"""An address with a slash at its end leads to the one without."""

import pytest

from app.http.routes import registered_routes


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize(
    ("sent", "meant"),
    [
        ("/stores/", "/stores"),
        ("/stores/1/", "/stores/1"),
        (
            "/stores/1/downloadables/?limit=1&name=a%20b",
            "/stores/1/downloadables?limit=1&name=a%20b",
        ),
        ("/downloadables/999/", "/downloadables/999"),
        ("/rels/store//", "/rels/store"),
        ("/openapi.json/", "/openapi.json"),
    ],
)
def test_a_read_is_redirected(anonymous, method, sent, meant):
    answer = anonymous.request(method, sent)
    assert answer.status_code == 308
    assert answer.headers["Location"] == f"http://localhost{meant}"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/stores/1/downloadables/"),
        ("DELETE", "/downloadables/1/"),
        ("GET", "/nothing/"),
        ("GET", "/surecart/v1/products/"),
        ("GET", "/nothing//evil.example/"),
        ("GET", "/token/"),
    ],
)
def test_nothing_else_is(api, method, path):
    answer = api.request(method, path)
    assert answer.status_code in {404, 405}, answer.text
    assert "Location" not in answer.headers


@pytest.mark.parametrize(("method", "status"), [("GET", 204), ("POST", 404)])
def test_a_page_of_another_origin_may_follow_it(anonymous, method, status):
    headers = {
        "Origin": "https://shop.example",
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": "authorization",
    }
    answer = anonymous.request("OPTIONS", "/stores/1/", headers=headers)
    assert answer.status_code == status
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "authorization" in answer.headers["Access-Control-Allow-Headers"]


def test_a_form_that_stands_for_a_query_is_not_sent_again(api):
    headers = {"X-HTTP-Method-Override": "GET"}
    answer = api.post("/stores/1/downloadables/", data={"limit": 1}, headers=headers)
    assert answer.status_code == 404


def test_every_address_has_one_form(app, api):
    """A route that is written without a slash is found with one."""
    for route in registered_routes(app):
        path = route.path.split("<")[0].rstrip("/")
        is_dialect = path.startswith(("/easycart", "/surecart", "/zid"))
        if "<" in route.path or not path or "GET" not in route.summaries or is_dialect:
            continue
        answer = api.get(f"{path}/")
        assert answer.status_code != 404, path
