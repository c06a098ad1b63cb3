"""Preconditions in the order of RFC 9110, section 13.2.2."""

import pytest

from app.http.headers.conditional import (
    Outcome,
    Validators,
    evaluate_conditions,
    range_applies,
)

NOW = Validators('"abc"', 1_000_000_000)
AT = "Sun, 09 Sep 2001 01:46:40 GMT"
BEFORE = "Sun, 09 Sep 2001 01:46:39 GMT"
AFTER = "Sun, 09 Sep 2001 01:46:41 GMT"
GO, NOT_MODIFIED, FAILED = Outcome.PROCEED, Outcome.NOT_MODIFIED, Outcome.FAILED


@pytest.mark.parametrize(
    ("headers", "read", "write"),
    [
        ({}, GO, GO),
        ({"If-Match": '"abc"'}, GO, GO),
        ({"If-Match": "*"}, GO, GO),
        ({"If-Match": '"x", "abc"'}, GO, GO),
        ({"If-Match": '"x"'}, FAILED, FAILED),
        ({"If-Match": 'W/"abc"'}, FAILED, FAILED),
        ({"If-Match": "abc"}, FAILED, FAILED),
        ({"If-Match": ""}, FAILED, FAILED),
        ({"If-None-Match": '"abc"'}, NOT_MODIFIED, FAILED),
        ({"If-None-Match": 'W/"abc"'}, NOT_MODIFIED, FAILED),
        ({"If-None-Match": "*"}, NOT_MODIFIED, FAILED),
        ({"If-None-Match": '"x", W/"abc"'}, NOT_MODIFIED, FAILED),
        ({"If-None-Match": '"x"'}, GO, GO),
        ({"If-Modified-Since": AT}, NOT_MODIFIED, GO),
        ({"If-Modified-Since": AFTER}, NOT_MODIFIED, GO),
        ({"If-Modified-Since": BEFORE}, GO, GO),
        ({"If-Modified-Since": "yesterday"}, GO, GO),
        ({"If-Unmodified-Since": AT}, GO, GO),
        ({"If-Unmodified-Since": BEFORE}, FAILED, FAILED),
        ({"If-Unmodified-Since": "nonsense"}, GO, GO),
        # precedence
        ({"If-Match": '"abc"', "If-Unmodified-Since": BEFORE}, GO, GO),
        ({"If-None-Match": '"x"', "If-Modified-Since": AT}, GO, GO),
        ({"If-Match": '"x"', "If-None-Match": '"abc"'}, FAILED, FAILED),
        ({"If-Match": '"abc"', "If-None-Match": '"abc"'}, NOT_MODIFIED, FAILED),
    ],
)
def test_conditions_decide(headers, read, write):
    assert evaluate_conditions(headers.get, NOW, is_read=True) is read
    assert evaluate_conditions(headers.get, NOW, is_read=False) is write


OF_A_FORMAT = Validators('"7-0a1b2c3d"', None)


@pytest.mark.parametrize(
    ("headers", "read", "write"),
    [
        ({"If-Match": '"7-0a1b2c3d"'}, GO, GO),
        # A change is about the revision: a tag got in another format will do.
        ({"If-Match": '"7-ffffffff"'}, FAILED, GO),
        ({"If-Match": '"7"'}, FAILED, GO),
        ({"If-Match": '"70-0a1b2c3d"'}, FAILED, FAILED),
        ({"If-Match": '"7-0a1b2c3d-x"'}, FAILED, GO),
        ({"If-Match": 'W/"7-0a1b2c3d"'}, FAILED, FAILED),
        ({"If-None-Match": '"7-0a1b2c3d"'}, NOT_MODIFIED, FAILED),
        ({"If-None-Match": '"7-ffffffff"'}, GO, FAILED),
        ({"If-None-Match": '"8-0a1b2c3d"'}, GO, GO),
        # Without a date it may always have changed.
        ({"If-Modified-Since": AFTER}, GO, GO),
        ({"If-Unmodified-Since": AFTER}, FAILED, FAILED),
    ],
)
def test_reads_compare_the_bytes_and_writes_the_revision(headers, read, write):
    assert evaluate_conditions(headers.get, OF_A_FORMAT, is_read=True) is read
    assert evaluate_conditions(headers.get, OF_A_FORMAT, is_read=False) is write


@pytest.mark.parametrize(
    ("condition", "applies"),
    [
        (None, True),
        ('"abc"', True),
        ('W/"abc"', False),
        ('"x"', False),
        (AT, True),
        (AFTER, False),
        (BEFORE, False),
        (f" {AT} ", True),
        (' "abc" ', True),
        ("abc", False),
    ],
)
def test_if_range_wants_the_very_same_bytes(condition, applies):
    headers = {"If-Range": condition} if condition else {}
    assert range_applies(headers.get, NOW) is applies


@pytest.mark.parametrize("condition", ["", " ", "W/", 'W/"abc"', "w/"])
def test_no_date_and_no_strong_tag_let_a_range_count(condition):
    undated = Validators("W/", None)
    assert range_applies({"If-Range": condition}.get, undated) is (condition == "W/")
    assert not range_applies({"If-Range": condition or " "}.get, NOW)


def test_another_build_makes_other_representations_and_protects_the_same_versions(
    api, monkeypatch
):
    path = f"/downloadables/{api.add()}"
    before = [api.get(p).headers["ETag"] for p in (path, "/stores/1/downloadables")]
    monkeypatch.setattr("app.http.context.build_digest", lambda: "another")
    for one, etag in zip((path, "/stores/1/downloadables"), before, strict=True):
        answer = api.get(one, headers={"If-None-Match": etag})
        assert answer.status_code == 200
        assert answer.headers["ETag"] != etag
    changed = api.patch(path, json={"price": 2}, headers={"If-Match": before[0]})
    assert changed.status_code == 200
