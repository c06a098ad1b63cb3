"""Item categories, their conditional rules, and the DEFAULT one."""

import pytest

COLLECTION = "/stores/1/item_categories"
DEFAULT = "/item_categories/1"
DOWNLOADS = "/item_categories/2"


def create(api, **values):
    return api.post(COLLECTION, json={"code": "X", "name": "X", **values})


def test_defaults_are_foxys(api):
    created = create(api)
    assert created.status_code == 201
    assert created.json["message"] == "item_category 3 created successfully."
    expected = {
        "item_delivery_type": "notshipped",
        "max_downloads_per_customer": None,
        "customs_value": 0,
        "default_weight": 30,
        "default_weight_unit": "LBS",
        "default_length_unit": "IN",
        "shipping_flat_rate": 5,
        "shipping_flat_rate_type": "per_order",
        "handling_fee_type": "none",
        "discount_type": "",
        "send_customer_email": False,
        "gift_recipient_email_template_uri": None,
    }
    assert {name: created.json[name] for name in expected} == expected


def test_the_links_of_a_category(api):
    links = api.get(DOWNLOADS).json["_links"]
    assert links["self"]["title"] == "DOWNLOADS"
    assert links["fx:store"]["title"] == "This Store"
    assert links["fx:downloadables"]["href"].endswith(f"{DOWNLOADS}/downloadables")


@pytest.mark.parametrize(
    ("values", "missing"),
    [
        (
            {"item_delivery_type": "downloaded"},
            {"max_downloads_per_customer", "max_downloads_time_period"},
        ),
        (
            {"item_delivery_type": "downloaded", "max_downloads_per_customer": 0},
            {"max_downloads_time_period"},
        ),
        ({"item_delivery_type": "shipped", "default_weight": None}, {"default_weight"}),
        (
            {"item_delivery_type": "flat_rate", "shipping_flat_rate": None},
            {"shipping_flat_rate"},
        ),
        (
            {
                "handling_fee_type": "flat_percent_with_minimum",
                "handling_fee_minimum": None,
            },
            {"handling_fee_minimum"},
        ),
        (
            {"handling_fee_type": "flat_percent", "handling_fee_percentage": None},
            {"handling_fee_percentage"},
        ),
        ({"send_customer_email": True}, {"customer_email_template_uri"}),
        ({"send_admin_email": True}, {"admin_email_template_uri"}),
    ],
)
def test_what_depends_on_another_property_is_required(api, values, missing):
    response = create(api, **values)
    assert response.status_code == 422
    assert api.errors(response) == dict.fromkeys(missing, "required")


@pytest.mark.parametrize(
    "values",
    [
        {
            "item_delivery_type": "downloaded",
            "max_downloads_per_customer": 0,
            "max_downloads_time_period": 0,
        },
        {"item_delivery_type": "shipped"},
        {"item_delivery_type": "flat_rate"},
        {"item_delivery_type": "pickup"},
        {"handling_fee_type": "flat_percent", "handling_fee_percentage": "2.5"},
        {"send_admin_email": True, "admin_email_template_uri": "http://a/b"},
        {
            "discount_type": "quantity_amount",
            "discount_name": "More",
            "discount_details": "2-.50|10-3|50-5",
        },
    ],
)
def test_what_is_complete_is_accepted(api, values):
    assert create(api, **values).status_code == 201


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("code", "", "required"),
        ("code", "x" * 51, "too_long"),
        ("name", "   ", "required"),
        ("item_delivery_type", "teleported", "inclusion"),
        ("max_downloads_per_customer", -1, "too_small"),
        ("max_downloads_per_customer", 1.5, "not_a_number"),
        ("max_downloads_per_customer", True, "not_a_number"),
        ("max_downloads_per_customer", 10**12, "too_large"),
        ("max_downloads_per_customer", {"a": 1}, "not_a_number"),
        ("default_weight", "-1", "too_small"),
        ("default_weight", "heavy", "not_a_number"),
        ("default_weight_unit", "STONE", "inclusion"),
        ("discount_details", "x" * 201, "too_long"),
        ("send_admin_email", "maybe", "invalid"),
        ("admin_email_template_uri", "nowhere", "invalid"),
    ],
)
def test_a_wrong_value_is_named(api, name, value, code):
    response = api.patch(DOWNLOADS, json={name: value})
    assert response.status_code == 422, response.text
    assert api.errors(response) == {name: code}


def test_a_rule_counts_what_is_there_already(api):
    response = api.patch(DOWNLOADS, json={"max_downloads_per_customer": None})
    assert api.errors(response) == {"max_downloads_per_customer": "required"}
    changed = api.patch(DEFAULT, json={"item_delivery_type": "downloaded"})
    assert changed.status_code == 200
    assert changed.json["max_downloads_per_customer"] == 3


def test_codes_are_unique_in_the_store(api):
    assert create(api, code="DOWNLOADS").status_code == 409
    response = api.patch(DOWNLOADS, json={"code": "DEFAULT"})
    assert response.status_code == 409
    assert "code DEFAULT is already in use by item_category 1" in response.text


def test_default_keeps_its_code_and_name_and_stays(api):
    for change in ({"code": "X"}, {"name": "X"}):
        response = api.patch(DEFAULT, json=change)
        assert response.status_code == 409
        assert "keeps its code and name" in response.text
    assert api.delete(DEFAULT).status_code == 409
    same = api.patch(DEFAULT, json={"code": "DEFAULT", "default_weight": 2})
    assert same.json["default_weight"] == 2


def test_default_offers_no_deletion(api):
    def actions(path):
        return {a["name"] for a in api.get(f"{path}?format=siren").json["actions"]}

    assert "delete-item-category" not in actions(DEFAULT)
    assert "delete-item-category" in actions(DOWNLOADS)


def test_one_in_use_is_not_deleted_and_stays_downloaded(api):
    first, second = api.add(code="a"), api.add(code="b")
    response = api.delete(DOWNLOADS)
    assert response.status_code == 409
    assert "used by 2 downloadables" in response.text
    response = api.patch(DOWNLOADS, json={"item_delivery_type": "pickup"})
    assert response.status_code == 409
    for number in (first, second):
        api.delete(f"/downloadables/{number}")
    response = api.delete(DOWNLOADS)
    assert response.status_code == 200
    assert response.json["message"] == "item_category 2 deleted successfully."
    assert response.json["_links"]["self"]["href"].endswith(DOWNLOADS)
    assert api.get(COLLECTION).json["total_items"] == 1


def test_a_reader_only_reads(reader):
    assert reader.get(COLLECTION).status_code == 200
    for method, path in (
        ("POST", COLLECTION),
        ("PATCH", DOWNLOADS),
        ("PUT", DOWNLOADS),
        ("DELETE", DOWNLOADS),
    ):
        response = reader.request(method, path, json={})
        assert response.status_code == 403
        assert "insufficient_scope" in response.headers["WWW-Authenticate"]
    page = reader.get(f"{COLLECTION}?format=siren").json
    assert [action["class"] for action in page["actions"]] == [["filter"]]
    assert "actions" not in reader.get(f"{DOWNLOADS}?format=siren").json


def test_the_filter_of_the_link_works(api):
    page = api.get(f"{COLLECTION}?item_delivery_type=downloaded").json
    assert [c["code"] for c in page["_embedded"]["fx:item_categories"]] == ["DOWNLOADS"]
    assert page["total_items"] == 1
