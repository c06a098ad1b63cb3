"""Behind a proxy and under a prefix: right links, and nobody believed by accident."""

import re

import pytest

from app import create_app
from tests.conftest import Api, settings_for

FORGED = {
    "X-Forwarded-Host": "evil.example",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-For": "203.0.113.9",
    "X-Forwarded-Prefix": "/evil",
    "Forwarded": "host=evil.example;proto=https",
}


@pytest.fixture
def client(data_dir):
    made = []

    def make(**settings):
        app = create_app(settings_for(data_dir, **settings))
        made.append(app)
        token = app.extensions["sirenhall"].starter_token
        return Api(app.test_client(), token)

    yield make
    for app in made:
        app.extensions["sirenhall"].close()


def addresses(response):
    found = re.findall(r'https?://[^"<>\s]+', response.text + response.headers["Link"])
    return {address for address in found if "iana.org" not in address}


def test_what_a_client_claims_of_a_proxy_is_ignored(client):
    api = client()
    response = api.get("/stores/1", headers=FORGED)
    own = {"http://localhost", "https://my-store.example"}
    assert all(a.startswith(tuple(own)) for a in addresses(response))
    assert "evil" not in response.text


def test_a_trusted_proxy_is_believed_in_scheme_and_address_alone(client):
    api = client(trusted_proxies=1)
    headers = {
        **FORGED,
        "X-Forwarded-Proto": "gopher, https",
        "X-Forwarded-Prefix": '/>; rel="x", <http://evil',
    }
    response = api.get("/stores/1", headers=headers)
    assert response.json["_links"]["self"]["href"] == "https://localhost/stores/1"
    assert "evil" not in response.text + response.headers["Link"]
    wrong = api.get("/stores/1", headers={"X-Forwarded-Proto": "javascript"})
    assert wrong.status_code == 400
    assert "javascript://" not in wrong.text


@pytest.mark.parametrize("prefix", ["", "/api/v1"])
def test_a_public_address_stands_whatever_the_host_says(client, prefix):
    api = client(public_url="https://shop.example/api/v1")
    headers = {**FORGED, "Host": "evil.example"}
    for path in ("/stores/1", "/stores/1/downloadables?limit=1", "/nowhere"):
        response = api.get(prefix + path, headers=headers)
        assert "evil" not in response.text + response.headers["Link"]
        for address in addresses(response) - {"https://my-store.example"}:
            assert address.startswith("https://shop.example/api/v1/")
    created = api.post(
        f"{prefix}/stores/1/downloadables",
        json={
            "name": "A",
            "code": f"a{len(prefix)}",
            "price": 1,
            "item_category_uri": "https://shop.example/api/v1/item_categories/2",
        },
        headers=headers,
    )
    assert created.status_code == 201, created.text
    location = created.headers["Location"]
    assert location.startswith("https://shop.example/api/v1/downloadables/")
    followed = api.get(prefix + location.removeprefix("https://shop.example/api/v1"))
    assert followed.status_code == 200
    other = api.get("/api/v11/stores/1")
    assert other.status_code == 404


def test_a_server_by_itself_believes_nobody(server):
    arguments = [f"-H{name}: {value}" for name, value in FORGED.items()]
    shown = server.curl(*arguments, f"{server.url}stores/1").stdout
    assert f"{server.url}stores/1" in shown
    assert "evil" not in shown
    assert "https://127" not in shown
