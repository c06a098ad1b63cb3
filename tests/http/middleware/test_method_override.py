"""X-HTTP-Method-Override: on POST only, exactly one legal method, or 400."""

import http.client
import io
from contextlib import closing
from urllib.parse import urlsplit

import pytest

from app.http.middleware.method_override import HEADERS, METHODS

REAL = ("GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS")


@pytest.fixture
def item(api):
    return f"/downloadables/{api.add()}"


@pytest.mark.parametrize("header", HEADERS)
@pytest.mark.parametrize("spelling", ["PATCH", "patch", " Patch "])
def test_a_post_becomes_the_named_method(api, item, header, spelling):
    response = api.post(item, headers={header: spelling}, json={"price": 12})
    assert response.status_code == 200
    assert response.json["price"] == 12


@pytest.mark.parametrize("method", METHODS)
def test_every_named_method_does_what_the_real_one_does(api, item, method):
    body = None
    if method in {"PUT", "PATCH"}:
        body = {"name": "A", "code": "a", "price": 1, "item_category_id": 2}
    overridden = api.post(item, headers={"X-HTTP-Method-Override": method}, json=body)
    other = f"/downloadables/{api.add(code='other')}"
    if body:
        body["code"] = "b"
    real = api.request(method, other, json=body)
    assert overridden.status_code == real.status_code == 200
    assert overridden.headers["Content-Type"] == real.headers["Content-Type"]
    assert bool(overridden.data) == bool(real.data)


@pytest.mark.parametrize("method", REAL)
def test_on_another_method_it_is_refused_and_nothing_runs(api, item, method):
    response = api.request(method, item, headers={"X-HTTP-Method-Override": "DELETE"})
    assert response.status_code == 400
    assert api.get(item).status_code == 200


@pytest.mark.parametrize(
    "value", ["", "POST", "TRACE", "CONNECT", "PATCH, DELETE", "DELETE;", "x" * 500]
)
def test_what_is_no_legal_method_is_refused(api, item, value):
    response = api.post(item, headers={"X-HTTP-Method-Override": value}, json={})
    assert response.status_code == 400
    assert "X-HTTP-Method-Override must be one of" in response.text


def test_multipart_patch_replaces_the_file(api):
    number = api.upload(b"old", "old.txt")
    response = api.post(
        f"/downloadables/{number}",
        headers={"X-HTTP-Method-Override": "PATCH"},
        data={"file": (io.BytesIO(b"new!"), "new.txt")},
    )
    assert (response.json["file_name"], response.json["file_size"]) == ("new.txt", 4)
    assert response.json["version"] == 2


def test_a_form_says_it_by_a_field(api, item):
    response = api.post(item, data={"_method": "patch", "price": "12"})
    assert (response.status_code, response.json["price"]) == (200, 12)


def test_a_multipart_form_says_it_by_its_first_field(api):
    number = api.upload()
    response = api.post(
        f"/downloadables/{number}",
        data={"_method": "PATCH", "file": (io.BytesIO(b"new"), "new.txt")},
    )
    assert response.json["file_name"] == "new.txt"


def test_a_form_that_says_it_twice_is_refused(api, item):
    response = api.post(
        item,
        data="_method=PATCH&_method=DELETE",
        content_type="application/x-www-form-urlencoded",
    )
    assert response.status_code == 400


def form_parts(*fields):
    parts = [
        f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields
    ]
    return "".join(parts) + "--b--\r\n"


@pytest.mark.parametrize(
    ("body", "content_type", "headers"),
    [
        (
            form_parts(("code", "x"), ("_method", "OPTIONS")),
            "multipart/form-data; boundary=b",
            {},
        ),
        (
            form_parts(("_method", "OPTIONS"), ("code", "x")),
            "multipart/form-data; boundary=b",
            {"Expect": "100-continue"},
        ),
        (
            "code=x&name=x",
            "application/x-www-form-urlencoded",
            {"X-HTTP-Method-Override": "PATCH", "X-HTTP-Method": "DELETE"},
        ),
    ],
)
def test_a_method_that_cannot_be_followed_is_refused(api, body, content_type, headers):
    path = "/stores/1/item_categories"
    response = api.post(path, data=body, content_type=content_type, headers=headers)
    assert response.status_code == 400, response.text
    assert api.get(path).json["total_items"] == 2


@pytest.mark.parametrize("body", ["_method=OPTIONS&name=é", "%5Fmethod=OPTIONS&code=x"])
def test_a_form_field_is_followed_however_it_is_written(api, body):
    response = api.post(
        "/stores/1/item_categories",
        data=body.encode(),
        content_type="application/x-www-form-urlencoded",
    )
    assert response.status_code == 200
    assert "fx:methods" in response.json["_embedded"]


def test_a_method_field_in_a_real_patch_is_refused(api, item):
    response = api.patch(item, data={"_method": "DELETE", "price": "1"})
    assert response.status_code == 400


def test_an_override_to_get_carries_its_query_in_the_form(api):
    for code in ("a", "b", "c"):
        api.add(code=code)
    response = api.post(
        "/stores/1/downloadables",
        headers={"X-HTTP-Method-Override": "GET"},
        data={"limit": "2", "offset": "1"},
    )
    assert [i["code"] for i in response.json["_embedded"]["fx:downloadables"]] == [
        "b",
        "c",
    ]


def test_the_overridden_method_needs_the_same_rights(api, reader, item):
    for method in ("PATCH", "PUT", "DELETE"):
        response = reader.post(item, headers={"X-HTTP-Method-Override": method})
        assert response.status_code == 403
    assert api.get(item).status_code == 200


FRAMED = [
    "/",
    "/stores/1/downloadables?format=siren",
    "/downloadables/1",
    "/downloadables/1/file",
    "/downloadables/999",
    "/health/live",
    "/openapi.json",
    "/dl?p=unknown",
]


@pytest.mark.parametrize("source", ["header", "form"])
@pytest.mark.parametrize("path", FRAMED)
def test_an_overridden_head_is_framed_as_the_post_that_it_is(server, path, source):
    """A client that sent a POST waits for the bytes that Content-Length announces."""
    headers = {"Authorization": f"Bearer {server.token}"}
    body = b""
    if source == "header":
        headers["X-HTTP-Method-Override"] = "HEAD"
    else:
        headers["Content-Type"] = "application/x-www-form-urlencoded"
        body = b"_method=HEAD"
    host = urlsplit(server.url).netloc
    connection = http.client.HTTPConnection(host, timeout=10)
    with closing(connection):
        connection.request(
            "HEAD", path, headers={"Authorization": headers["Authorization"]}
        )
        real = connection.getresponse()
        real.read()
        connection.request("POST", path, body, headers)
        overridden = connection.getresponse()
        assert overridden.read() == b""
        assert overridden.status == real.status
        assert overridden.headers.get_all("Content-Length") == ["0"]
        assert overridden.headers["Content-Type"] == real.headers["Content-Type"]
        assert overridden.headers["ETag"] == real.headers["ETag"]
        # The connection is where it should be: what follows is understood.
        connection.request("GET", "/health/live")
        assert connection.getresponse().read() != b""


def test_an_overridden_head_that_is_a_304_has_no_length(api, item):
    tag = api.get(item).headers["ETag"]
    headers = {"X-HTTP-Method-Override": "HEAD", "If-None-Match": tag}
    answer = api.post(item, headers=headers)
    assert (answer.status_code, answer.headers["ETag"]) == (304, tag)
    assert "Content-Length" not in answer.headers


@pytest.mark.parametrize("body", [b"name=%E9", b"name=\xe9"])
def test_a_query_in_a_form_is_as_strict_as_one_in_a_url(api, body):
    headers = {
        "X-HTTP-Method-Override": "GET",
        "Content-Type": "application/x-www-form-urlencoded",
    }
    answer = api.post("/stores/1/downloadables", data=body, headers=headers)
    assert answer.status_code == 400
    assert "not UTF-8" in answer.text


class TestLimits:
    """A field counts in a body as long as the limit, and not in one byte more."""

    LIMIT = 500

    @pytest.fixture
    def settings(self):
        return {"max_body_size": self.LIMIT}

    def body(self, size):
        start = "_method=PATCH&description="
        return start + "x" * (size - len(start))

    def test_a_form_as_long_as_the_limit(self, api, item):
        sent = {"content_type": "application/x-www-form-urlencoded"}
        assert api.post(item, data=self.body(self.LIMIT), **sent).status_code == 200
        answer = api.post(item, data=self.body(self.LIMIT + 1), **sent)
        # It is the POST that it says it is, which this address does not have.
        assert answer.status_code in {405, 413}
        assert len(api.get(item).json["description"]) == self.LIMIT - len(
            "_method=PATCH&description="
        )
