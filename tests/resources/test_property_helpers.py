"""Property helpers, and the taxes that there are not."""

import pytest
from lxml import etree

from tests.conftest import FORMATS


def test_each_helper_is_linked_and_lists_values(anonymous):
    links = anonymous.get("/property_helpers").json["_links"]
    names = {rel.removeprefix("fx:") for rel in links if rel.startswith("fx:")}
    assert names >= {
        "item_delivery_types",
        "handling_fee_types",
        "discount_types",
        "default_weight_units",
        "visibilities",
        "currencies",
        "countries",
        "timezones",
        "languages",
        "locale_codes",
    }
    for name in names:
        shown = anonymous.get(links[f"fx:{name}"]["href"]).json
        assert shown["values"], name
        assert shown["message"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("currencies", "EUR"),
        ("countries", "DE"),
        ("timezones", "Europe/Berlin"),
        ("languages", "english"),
        ("locale_codes", "en_US"),
        ("item_delivery_types", "downloaded"),
    ],
)
def test_what_is_listed_is_accepted(api, name, value):
    values = api.get(f"/property_helpers/{name}").json["values"]
    assert value in values
    field = {
        "currencies": "currency",
        "countries": "country",
        "timezones": "timezone",
        "languages": "language",
        "locale_codes": "locale_code",
    }.get(name)
    if field:
        response = api.patch("/stores/1", json={field: value})
        assert response.status_code == 200, response.text


@pytest.mark.parametrize("accept", [*FORMATS.values(), "text/html"])
def test_every_format_has_the_values(anonymous, accept):
    response = anonymous.get("/property_helpers/countries", accept=accept)
    assert "Germany" in response.text
    if accept == "application/hal+xml":
        root = etree.fromstring(response.data)
        assert root.findtext("values/value[@key='DE']") == "Germany"


def test_an_unknown_helper_is_not_found(anonymous):
    assert anonymous.get("/property_helpers/nothing").status_code == 404


def test_there_are_no_taxes_and_a_collection_of_them(api):
    href = api.get("/item_categories/1").json["_links"]["fx:tax_item_categories"][
        "href"
    ]
    page = api.get(f"{href}?offset=0&limit=200").json
    assert page["_embedded"] == {"fx:tax_item_categories": []}
    assert (page["total_items"], page["limit"]) == (0, 200)
    foxy = api.get(href, headers={"FOXY-API-VERSION": "1"}).json
    assert {"first", "prev", "next", "last"} <= set(foxy["_links"])
    assert api.get(f"{href}?limit=x").status_code == 400
    assert api.get("/item_categories/99/tax_item_categories").status_code == 404
