"""HAL-FORMS: the templates, in the shape that clients agree on."""

import pytest

FORMS = "application/prs.hal-forms+json"


def templates(api, path):
    response = api.get(path, accept=FORMS)
    assert response.content_type == FORMS
    return response.json["_templates"]


def test_the_document_is_hal_with_templates(api):
    path = f"/downloadables/{api.add()}"
    hal, forms = api.get(path).json, api.get(path, accept=FORMS).json
    forms.pop("_templates")
    assert forms == hal
    hal = api.get("/stores/1/downloadables").json
    forms = api.get("/stores/1/downloadables", accept=FORMS).json
    assert forms["_embedded"] == hal["_embedded"]


def test_what_can_be_done_with_one(api):
    found = templates(api, f"/downloadables/{api.add()}")
    assert {name: (t["method"], t.get("contentType")) for name, t in found.items()} == {
        "default": ("PATCH", "application/json"),
        "replace-downloadable": ("PUT", "application/json"),
        "replace-downloadable-with-file": ("PUT", "multipart/form-data"),
        "upload-file": ("PATCH", "multipart/form-data"),
        "delete-downloadable": ("DELETE", None),
        "create-upload-url": ("POST", "application/json"),
    }
    replace = {p["name"]: p for p in found["replace-downloadable"]["properties"]}
    assert replace["name"] == {
        "name": "name",
        "prompt": "Name",
        "required": True,
        "type": "text",
        "value": "Unicorn",
        "minLength": 1,
        "maxLength": 100,
    }
    assert replace["price"]["value"] == "10"
    assert replace["price"]["min"] == 0
    assert replace["is_archived"]["options"] == {
        "inline": [
            {"prompt": "true", "value": "true"},
            {"prompt": "false", "value": "false"},
        ],
        "minItems": 0,
        "maxItems": 1,
        "selectedValues": ["false"],
    }


@pytest.mark.parametrize("path", ["/", "/stores/1", "/stores", "/rels"])
def test_values_are_texts_and_steps_whole(api, path):
    found = templates(api, path)
    assert "default" in found
    for template in found.values():
        has_file = template.get("contentType") == "multipart/form-data"
        for field in template["properties"]:
            assert isinstance(field.get("value", ""), str)
            assert "step" not in field
            assert field.get("type") != "file" or has_file


def test_filled_in_templates_work(api):
    page = templates(api, "/stores/1/downloadables")
    create = page["default"]
    assert create["method"] == "POST"
    filled = {p["name"]: p["value"] for p in create["properties"] if "value" in p}
    filled |= {"name": "A", "code": "a", "price": "1"}
    filled["item_category_uri"] = ["http://localhost/item_categories/2"]
    response = api.request(
        create["method"],
        create["target"],
        json=filled,
        headers={"Content-Type": create["contentType"], "Accept": FORMS},
    )
    assert response.status_code == 201, response.text
    own = response.json
    put = api.put(own["_links"]["self"]["href"], data=response.data, content_type=FORMS)
    assert put.status_code == 200, put.text
    code = next(
        p
        for p in templates(api, "/stores/1/item_categories")["default"]["properties"]
        if p["name"] == "item_delivery_type"
    )
    assert code["options"]["maxItems"] == 1


def test_a_reader_is_offered_only_to_look(reader):
    found = templates(reader, "/stores/1")
    assert found == {"default": {"method": "GET", "properties": []}}
    found = templates(reader, "/stores/1/downloadables")
    assert {t["method"] for t in found.values()} == {"GET"}


def test_an_error_has_no_templates(api):
    response = api.get("/nowhere", accept=FORMS)
    assert "_templates" not in response.json
    assert response.content_type == FORMS
