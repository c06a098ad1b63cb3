"""Prefer (RFC 7240): short answers and strict readings."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.http.headers.prefer import Preferences, parse_prefer

MINIMAL = {"Prefer": "return=minimal"}
ITEM = {"name": "A", "code": "a", "price": 1, "item_category_id": 2}


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("", Preferences()),
        ("return=minimal", Preferences("minimal")),
        ("Return = Minimal", Preferences("minimal")),
        ('return="minimal"', Preferences("minimal")),
        ("return=representation", Preferences("representation")),
        ("return=everything", Preferences()),
        ("handling=strict", Preferences(is_strict=True)),
        ("handling=lenient", Preferences()),
        ("respond-async, wait=10, return=minimal; foo=bar", Preferences("minimal")),
        ("return=minimal, return=representation", Preferences("minimal")),
        ("return=minimal, handling=strict", Preferences("minimal", is_strict=True)),
        ("return", Preferences()),
        (",,;=", Preferences()),
    ],
)
def test_a_header_is_read(header, expected):
    assert parse_prefer(header) == expected


@given(st.text(max_size=80))
def test_any_header_is_read(header):
    parse_prefer(header)


def test_a_minimal_answer_has_no_body(api):
    created = api.post("/stores/1/downloadables", json=ITEM, headers=MINIMAL)
    assert (created.status_code, created.data) == (201, b"")
    path = created.headers["Location"]
    etag = created.headers["ETag"]
    assert etag == api.get(path).headers["ETag"]
    for method in ("PATCH", "PUT"):
        changed = api.request(method, path, json={**ITEM, "price": 2}, headers=MINIMAL)
        assert (changed.status_code, changed.data) == (204, b"")
        assert changed.headers["ETag"] == api.get(path).headers["ETag"]
        assert changed.headers["Preference-Applied"] == "return=minimal"
        assert "Content-Type" not in changed.headers
    deleted = api.delete(path, headers=MINIMAL)
    assert (deleted.status_code, deleted.data) == (204, b"")
    assert api.get(path).status_code == 404


def test_a_representation_is_what_there_is_anyway(api):
    headers = {"Prefer": "return=representation"}
    created = api.post("/stores/1/downloadables", json=ITEM, headers=headers)
    assert created.json["name"] == "A"
    assert created.headers["Preference-Applied"] == "return=representation"


def test_the_token_of_a_new_store_is_never_left_out(operator):
    from tests.resources.test_stores import STORE

    created = operator.post("/stores", json=STORE, headers=MINIMAL)
    assert created.json["token"].startswith("sirenhall_")
    assert "Preference-Applied" not in created.headers


def test_strict_handling_refuses_what_would_be_ignored(api):
    path = f"/downloadables/{api.add()}"
    body = {"price": 2, "_links": {}, "file_name": "x", "message": "m"}
    strict = api.patch(path, json=body, headers={"Prefer": "handling=strict"})
    assert strict.status_code == 422
    assert api.errors(strict) == {
        "_links": "ignored",
        "file_name": "read_only",
        "message": "ignored",
    }
    lenient = api.patch(path, json=body)
    assert lenient.json["price"] == 2
    fine = api.patch(path, json={"price": 3}, headers={"Prefer": "handling=strict"})
    assert fine.headers["Preference-Applied"] == "handling=strict"
