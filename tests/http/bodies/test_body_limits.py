"""The limits of a body are where they are said to be, however it is sent."""

import io
import json

import pytest

from app.http.bodies.file_names import MAX_FILE_NAME, shortened_name

PATH = "/stores/1/downloadables"
VALUES = {"name": "A", "code": "a", "price": 1, "item_category_id": 2}
FORM = "application/x-www-form-urlencoded"
MOST = 4096


@pytest.fixture
def settings():
    return {"max_body_size": MOST, "max_fields": 8, "max_file_size": 1000}


def padded(size):
    """Give a JSON body of so many bytes."""
    body = json.dumps(VALUES)
    return body[:-1] + " " * (size - len(body)) + "}"


def chunked(api, body):
    """Send a body whose length is not announced."""
    environ = {"HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input_terminated": True}
    return api.post(
        PATH,
        input_stream=io.BytesIO(body),
        content_type="application/json",
        environ_overrides=environ,
    )


def test_a_body_of_the_largest_size_is_read(api):
    assert api.post(PATH, data=padded(MOST), content_type="application/json")
    answer = api.post(PATH, data=padded(MOST + 1), content_type="application/json")
    assert answer.status_code == 413
    assert f"has {MOST + 1} bytes; at most {MOST} are read" in answer.text
    assert "(SIRENHALL_MAX_BODY_SIZE)" in answer.text


@pytest.mark.parametrize(("size", "status"), [(MOST, 201), (MOST + 1, 413)])
def test_a_body_without_a_length_has_the_same_limit(api, size, status):
    answer = chunked(api, padded(size).encode())
    assert answer.status_code == status, answer.text
    assert status == 201 or "(SIRENHALL_MAX_BODY_SIZE)" in answer.text


@pytest.mark.parametrize("kind", ["json", "form", "xml", "patch"])
def test_a_body_has_so_many_fields_and_no_more(api, kind):
    api.add(code="first")
    for number, is_read in ((8, True), (9, False)):
        names = [f"p{i}" for i in range(number)]
        if kind == "json":
            answer = api.post(PATH, json=dict.fromkeys(names, "x"))
        elif kind == "form":
            answer = api.post(PATH, data=dict.fromkeys(names, "x"), content_type=FORM)
        elif kind == "xml":
            inside = "".join(f"<{name}>x</{name}>" for name in names)
            body = f"<resource>{inside}</resource>"
            answer = api.post(PATH, data=body, content_type="application/hal+xml")
        else:
            patch = [{"op": "test", "path": "/name", "value": "Unicorn"}] * number
            body = json.dumps(patch)
            answer = api.patch(
                "/downloadables/1",
                data=body,
                content_type="application/json-patch+json",
            )
        assert (answer.status_code == 413) is not is_read, answer.text
    assert "over 8 fields (SIRENHALL_MAX_FIELDS)" in answer.text


def test_a_collection_is_read_as_its_members(api):
    # Attributes are the collection that is put as a whole.
    attributes = "/downloadables/1/attributes"
    api.add(code="first")
    for document in (
        {"_embedded": {"fx:attributes": [{"name": "a", "value": "1"}]}},
        {
            "class": ["collection"],
            "entities": [{"class": [], "properties": {"name": "a", "value": "1"}}],
        },
        {"total_items": 0, "_embedded": {"fx:attributes": []}},
    ):
        answer = api.put(attributes, json=document)
        assert answer.status_code == 200, answer.text
        number = json.dumps(document).count('"value"')
        assert api.get(attributes).json["total_items"] == number
    assert api.get(attributes).json["total_items"] == 0


@pytest.mark.parametrize(
    ("method", "header"), [("POST", "Accept-Post"), ("PATCH", "Accept-Patch")]
)
def test_a_body_that_is_not_read_names_what_is(api, method, header):
    path = PATH if method == "POST" else f"/downloadables/{api.add()}"
    answer = api.request(method, path, data=b"x", content_type="image/png")
    assert answer.status_code == 415
    assert "a body of type image/png is not read here" in answer.text
    assert "application/hal+json" in answer.headers[header]
    answer = api.request(method, path, data=b"x")
    assert "a body without a Content-Type is not read here" in answer.text


def test_a_retry_with_another_file_is_another_request(api):
    once = {"Idempotency-Key": '"one"'}

    def post(content):
        data = {**VALUES, "file": (io.BytesIO(content), "a.txt")}
        return api.post(PATH, data=data, headers=once)

    assert post(b"first").status_code == 201
    assert post(b"first").status_code == 201
    assert post(b"second").status_code == 422


@pytest.mark.parametrize(
    ("length", "shown"), [(MAX_FILE_NAME, MAX_FILE_NAME), (400, MAX_FILE_NAME)]
)
def test_a_long_name_keeps_its_end(length, shown):
    name = shortened_name("x" * (length - 4) + ".mp3")
    assert (len(name), name[-4:]) == (shown, ".mp3")


def test_an_empty_name_is_none():
    assert shortened_name("") is None
