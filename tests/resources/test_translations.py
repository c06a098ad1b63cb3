"""Downloadables in several languages, and how they are offered."""

import pytest

from app.services.catalogue.translations import best_language
from tests.conftest import FORMATS

ARABIC = {"language": "ar", "name": "وحيد القرن", "description": "للطباعة"}


@pytest.fixture
def item(api):
    """A downloadable in English, which is the store's language, and in Arabic."""
    item = api.add(description="To be printed")
    made = api.post(f"/downloadables/{item}/translations", json=ARABIC)
    assert made.status_code == 201, made.text
    return f"/downloadables/{item}"


def get(api, path, languages, **options):
    return api.get(path, headers={"Accept-Language": languages}, **options)


@pytest.mark.parametrize(
    ("wanted", "known", "language"),
    [
        (["ar-sa"], {"ar"}, "ar"),
        (["ar"], {"ar-sa"}, "ar-sa"),
        (["pt"], {"pt-br"}, "pt-br"),
        (["pt"], {"pt-ao", "pt-br", "pt-pt"}, "pt-br"),
        (["zh"], {"zh-tw", "zh-cn"}, "zh-cn"),
        (["pt", "de"], {"de", "pt-br"}, "pt-br"),
        (["pt-pt"], {"pt-br"}, "pt-br"),
        (["pt-pt", "de"], {"de", "pt-br"}, "de"),
        (["zh-tw"], {"zh-hant", "zh-hans"}, "zh-hant"),
        (["zh-hk"], {"zh-hans", "zh-hant"}, "zh-hant"),
        (["zh"], {"zh-hant", "zh-hans"}, "zh-hans"),
        (["zh-cn"], {"zh-hans", "zh"}, "zh-hans"),
        (["sr-latn"], {"sr", "sr-cyrl"}, "sr"),
        (["p"], {"pt-br"}, "en"),
        (["e"], {"pt-br"}, "en"),
        (["de", "ar"], {"ar"}, "ar"),
        (["de", "en", "ar"], {"ar"}, "en"),
        (["*"], {"ar"}, "en"),
        (["de", "*", "ar"], {"ar"}, "en"),
        (["zh-hant-x-a"], {"zh-hant"}, "zh-hant"),
        ([], {"ar"}, "en"),
    ],
)
def test_the_language_is_found_by_lookup(wanted, known, language):
    assert best_language(wanted, known, "en") == language


def test_the_own_language_comes_before_others_alike():
    assert best_language(["en"], {"en-us", "de"}, "en-gb") == "en-gb"
    assert best_language(["en-au"], {"en-us"}, "en-gb") == "en-gb"


@pytest.mark.parametrize("accept", FORMATS.values())
def test_the_language_that_fits_is_shown(api, item, accept):
    for languages, name, shown in (
        ("ar-SA, en;q=0.5", ARABIC["name"], "ar"),
        ("en", "Unicorn", "en"),
        ("de", "Unicorn", "en"),
    ):
        for path in (item, "/stores/1/downloadables"):
            answer = get(api, path, languages, accept=accept)
            assert name in answer.text
            assert answer.headers["Content-Language"] == shown
            assert "Accept-Language" in answer.headers["Vary"]
    assert "Content-Language" not in api.get(item, accept=accept).headers


def test_pages_from_memory_are_in_their_language(api, item):
    for _ in range(2):
        answer = get(api, "/stores/1/downloadables", "ar")
        assert answer.headers["Content-Language"] == "ar"
        assert ARABIC["name"] in answer.json["_embedded"]["fx:downloadables"][0]["name"]
        plain = api.get("/stores/1/downloadables").json["_embedded"]
        assert plain["fx:downloadables"][0]["name"] == "Unicorn"
    table = get(api, "/stores/1/downloadables?format=csv", "ar")
    assert ARABIC["name"] in table.text
    embedded = get(api, "/stores/1?zoom=downloadables", "ar").json["_embedded"]
    assert embedded["fx:downloadables"][0] == {
        k: v for k, v in get(api, item, "ar").json.items() if k != "_embedded"
    }


def test_each_language_has_its_tag(api, item):
    arabic, english = get(api, item, "ar"), get(api, item, "en")
    assert arabic.headers["ETag"] != english.headers["ETag"]
    headers = {"Accept-Language": "ar", "If-None-Match": arabic.headers["ETag"]}
    assert api.get(item, headers=headers).status_code == 304
    [translation] = api.get(f"{item}/translations").json["_embedded"]["fx:translations"]
    api.patch(translation["_links"]["self"]["href"], json={"name": "قرن"})
    again = api.get(item, headers=headers)
    assert (again.status_code, again.json["name"]) == (200, "قرن")


def test_what_was_read_in_a_language_can_be_sent_back(api, item):
    read = get(api, item, "ar").json
    headers = {"Accept-Language": "ar"}
    answer = api.put(item, json={**read, "price": 12}, headers=headers)
    assert (answer.status_code, answer.json["name"]) == (200, ARABIC["name"])
    plain = api.get(item).json
    assert (plain["name"], plain["description"], plain["price"]) == (
        "Unicorn",
        "To be printed",
        12,
    )


def test_a_search_finds_all_languages(api, item):
    for words in ("unicorn", ARABIC["name"], "للطباعة"):
        query = {"search": words}
        page = api.get("/stores/1/downloadables", query_string=query).json
        assert page["total_items"] == 1, words
    api.patch(item, json={"price": 3})
    query = {"search": ARABIC["name"]}
    assert api.get("/stores/1/downloadables", query_string=query).json["total_items"]
    [translation] = api.get(f"{item}/translations").json["_embedded"]["fx:translations"]
    assert api.delete(translation["_links"]["self"]["href"]).status_code == 200
    page = api.get("/stores/1/downloadables", query_string=query).json
    assert page["total_items"] == 0
    assert "Content-Language" not in get(api, item, "ar").headers


@pytest.mark.parametrize(
    ("values", "status", "errors"),
    [
        ({}, 422, {"language": "required"}),
        ({"language": "Arabic language"}, 422, {"language": "invalid"}),
        ({"language": "AR"}, 409, {"language": "taken"}),
        ({"language": "en"}, 409, {"language": "taken"}),
        ({"language": "fr", "name": "x" * 101}, 422, {"name": "too_long"}),
    ],
)
def test_what_is_wrong_is_said(api, item, values, status, errors):
    refused = api.post(f"{item}/translations", json=values)
    assert (refused.status_code, api.errors(refused)) == (status, errors)


def test_what_is_empty_is_said_in_the_own_language(api, item):
    api.post(f"{item}/translations", json={"language": "fr", "name": "Licorne"})
    shown = get(api, item, "fr").json
    assert (shown["name"], shown["description"]) == ("Licorne", "To be printed")


def test_a_downloadable_may_have_another_language_than_its_store(api, item):
    api.patch(item, json={"language": "de"})
    assert get(api, item, "en, de;q=0.1").headers["Content-Language"] == "de"
    refused = api.post(f"{item}/translations", json={"language": "de", "name": "x"})
    assert refused.status_code == 409


# -- offers --------------------------------------------------------------------------


def test_a_downloadable_has_an_offer_with_defaults(api, item):
    shown = api.get(f"{item}/offer").json
    assert (shown["slug"], shown["sale_price"], shown["is_taxable"]) == ("", None, True)
    tag = api.get(item).headers["ETag"]
    values = {"slug": "a-unicorn", "sale_price": 8.5, "keywords": "a\nb"}
    changed = api.patch(f"{item}/offer", json=values)
    assert changed.status_code == 200, changed.text
    assert {name: changed.json[name] for name in values} == values
    assert api.get(item).headers["ETag"] != tag
    zoomed = api.get(f"{item}?zoom=offer").json["_embedded"]["fx:offer"]
    assert zoomed == {**api.get(f"{item}/offer").json}
    again = api.put(f"{item}/offer", json=api.get(f"{item}/offer").json)
    assert again.json["slug"] == "a-unicorn"
    cleared = api.put(f"{item}/offer", json={}).json
    assert (cleared["slug"], cleared["sale_price"]) == ("", None)


@pytest.mark.parametrize(
    ("values", "errors"),
    [
        ({"sale_price": 11}, {"sale_price": "too_large"}),
        ({"cost": 1.234}, {"cost": "too_many_decimals"}),
        (
            {
                "available_from": "2026-02-01T00:00:00Z",
                "available_until": "2026-01-01T00:00:00Z",
            },
            {"available_until": "too_small"},
        ),
        ({"min_quantity": 3, "max_quantity": 2}, {"max_quantity": "too_small"}),
        ({"min_quantity": 0}, {"min_quantity": "too_small"}),
    ],
)
def test_an_offer_that_cannot_be_is_refused(api, item, values, errors):
    refused = api.patch(f"{item}/offer", json=values)
    assert (refused.status_code, api.errors(refused)) == (422, errors)


def test_a_slug_is_of_one(api, item):
    api.patch(f"{item}/offer", json={"slug": "كتاب"})
    other = api.add(code="other")
    refused = api.patch(f"/downloadables/{other}/offer", json={"slug": "كتاب"})
    assert (refused.status_code, api.errors(refused)) == (409, {"slug": "taken"})


# -- what readers found ----------------------------------------------------------------


def test_what_is_changed_is_what_was_read(api, item):
    """A client that always sends Accept-Language edits the language that it sees."""
    headers = {"Accept-Language": "ar"}
    read = get(api, item, "ar").json
    answer = api.put(item, json={**read, "name": "حصان"}, headers=headers)
    assert (answer.status_code, answer.json["name"]) == (200, "حصان")
    assert api.get(item).json["name"] == "Unicorn"
    changed = api.patch(item, json={"name": "Unicorn"}, headers=headers)
    assert changed.json["name"] == "Unicorn"
    patch = [
        {"op": "test", "path": "/name", "value": "Unicorn"},
        {"op": "replace", "path": "/name", "value": "قرن"},
    ]
    kind = {**headers, "Content-Type": "application/json-patch+json"}
    assert api.patch(item, json=patch, headers=kind).json["name"] == "قرن"
    path = "/stores/1/downloadables?id:in=1"
    api.patch(path, json={"name": "وحيد"}, headers=headers)
    assert get(api, item, "ar").json["name"] == "وحيد"
    assert api.get(item).json["name"] == "Unicorn"


def test_a_translation_of_nothing_goes(api, item):
    headers = {"Accept-Language": "ar"}
    refused = api.patch(item, json={"name": ""}, headers=headers)
    assert refused.status_code == 422
    assert api.get(f"{item}/translations").json["total_items"] == 1


def test_no_language_is_there_twice(api, item):
    refused = api.patch(item, json={"language": "ar"})
    assert (refused.status_code, api.errors(refused)) == (409, {"language": "taken"})
    api.patch(item, json={"language": "de"})
    english = {"language": "en", "name": "Horse"}
    api.post(f"{item}/translations", json=english)
    for change in (api.patch(item, json={"language": None}), api.put(item, json={})):
        assert change.status_code in {409, 422}
    found = api.get(f"{item}/translations").json["_embedded"]["fx:translations"]
    api.delete(found[-1]["_links"]["self"]["href"])
    assert api.patch(item, json={"language": None}).status_code == 200
    # What is in English stays so, whatever language its store has next.
    api.patch("/stores/1", json={"locale_code": "ar_SA"})
    assert api.get(item).json["language"] == "en"
    assert get(api, item, "ar").json["name"] == ARABIC["name"]
    both = [{"language": "fr"}, {"language": "fr"}]
    answer = api.post(f"{item}/translations", json=both)
    assert answer.status_code == 207


@pytest.mark.parametrize(
    "date", ["9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+14:00"]
)
def test_a_date_that_no_calendar_has_is_refused(api, item, date):
    refused = api.patch(f"{item}/offer", json={"available_until": date})
    assert api.errors(refused) == {"available_until": "not_a_date"}
    assert api.get(f"{item}/offer").status_code == 200
    zid = {"purchase_restrictions": {"availability_period_end": date}}
    uuid = api.get(item).json["uuid"]
    assert api.patch(f"/zid/v1/products/{uuid}/", json=zid).status_code == 422


def test_a_price_is_never_below_its_sale_price(api, item):
    api.patch(f"{item}/offer", json={"sale_price": 8})
    refused = api.patch(item, json={"price": 7})
    assert api.errors(refused) == {"price": "too_small"}
    api.patch(f"{item}/offer", json={"sale_price": 8.5, "cost": 1.25})
    refused = api.patch("/stores/1", json={"currency": "JPY"})
    assert refused.status_code == 409
