"""JSON Patch: all operations, in order, as a whole or not at all."""

import json
from typing import Any

import pytest

TYPE = "application/json-patch+json"


@pytest.fixture
def patch(api):
    path = f"/downloadables/{api.add(description='old', url='https://a.example/x')}"

    def send_patch(*operations, **options):
        return api.patch(
            path, data=json.dumps(operations), content_type=TYPE, **options
        )

    send: Any = send_patch
    send.path = path
    return send


def op(name, path, **more):
    return {"op": name, "path": path, **more}


def test_operations_are_applied_in_order(patch):
    response = patch(
        op("test", "/price", value=10),
        op("replace", "/name", value="New"),
        op("copy", "/description", **{"from": "/name"}),
        op("add", "/release_notes", value="first"),
        op("remove", "/url"),
        op("move", "/release_notes", **{"from": "/description"}),
    )
    assert response.status_code == 200, response.text
    shown = response.json
    assert shown["name"] == shown["release_notes"] == "New"
    assert (shown["description"], shown["url"]) == ("", None)


@pytest.mark.parametrize(
    "failing",
    [
        op("test", "/price", value=11),
        op("test", "/is_archived", value=0),
        op("test", "/price", value="10"),
        op("test", "/name", value=10),
        op("test", "/nothing", value=1),
        op("replace", "/nothing", value=1),
        op("remove", "/nothing"),
        op("copy", "/name", **{"from": "/nothing"}),
    ],
)
def test_what_does_not_fit_is_a_conflict_and_changes_nothing(api, patch, failing):
    before = api.get(patch.path).data
    response = patch(op("replace", "/name", value="New"), failing)
    assert response.status_code == 409, response.text
    assert "operation 1" in response.json["_embedded"]["fx:errors"][0]["message"]
    assert api.get(patch.path).data == before


@pytest.mark.parametrize(
    "body",
    [
        "{}",
        "1",
        "[1]",
        '[{"op": "jump", "path": "/name"}]',
        '[{"op": "add", "path": "/name"}]',
        '[{"op": "move", "path": "/name"}]',
        '[{"op": "add", "path": "name", "value": 1}]',
        '[{"op": "add", "path": "", "value": {}}]',
        '[{"op": "add", "path": "/name/0", "value": 1}]',
        '[{"op": "add", "path": "//", "value": 1}]',
        '[{"op": "add", "path": 1, "value": 1}]',
        '[{"op": ["add"], "path": "/name", "value": 1}]',
        '[{"op": "copy", "path": "/name", "from": 1}]',
        "[",
    ],
)
def test_what_is_no_patch_is_a_bad_request(api, patch, body):
    response = api.patch(patch.path, data=body, content_type=TYPE)
    assert response.status_code == 400, response.text


@pytest.mark.parametrize(
    ("operation", "property_", "code"),
    [
        (op("remove", "/name"), "name", "required"),
        (op("replace", "/price", value="cheap"), "price", "not_a_number"),
        (op("replace", "/file_name", value="x"), "file_name", "read_only"),
        (op("add", "/nmae", value="x"), "nmae", "unknown"),
        (op("replace", "/name", value={"a": 1}), "name", "invalid"),
    ],
)
def test_the_outcome_is_checked_as_any_other(api, patch, operation, property_, code):
    response = patch(operation)
    assert response.status_code == 422, response.text
    assert api.errors(response) == {property_: code}


def test_a_condition_holds(api, patch):
    tag = api.get(patch.path).headers["ETag"]
    first = patch(op("replace", "/name", value="A"), headers={"If-Match": tag})
    assert first.status_code == 200
    second = patch(op("replace", "/name", value="B"), headers={"If-Match": tag})
    assert second.status_code == 412


def test_it_is_for_patch_alone(api, patch):
    for method in ("PUT", "POST"):
        path = patch.path if method == "PUT" else "/stores/1/downloadables"
        response = api.request(method, path, data="[]", content_type=TYPE)
        assert response.status_code == 415
    options = api.request("OPTIONS", patch.path)
    assert TYPE in options.headers["Accept-Patch"]
    many = [op("test", "/price", value=10)] * 65
    assert patch(*many).status_code == 413
