"""Text is one text however it is composed: wherever texts are stored or compared."""

import json
import unicodedata

import pytest

PATH = "/stores/1/downloadables"
PURCHASES = "/stores/1/downloadable_purchases"
NFC = "Café Größe 한"
NFD = unicodedata.normalize("NFD", NFC)
ITEM = {"name": NFD, "code": "cafe\u0301", "price": 1, "item_category_id": 2}
CODE = "caf\u00e9"


@pytest.fixture
def item(api):
    return api.post(PATH, json=ITEM).headers["Location"]


def found(api, path, rel, **query):
    return api.get(path, query_string=query).json["total_items"]


def test_stored_texts_are_composed(api, item):
    shown = api.get(item).json
    assert (shown["name"], shown["code"]) == (NFC, CODE)
    xml = f"<resource><name>{NFD}</name></resource>".encode()
    kind = {"Content-Type": "application/xml"}
    assert api.patch(item, data=xml, headers=kind).json["name"] == NFC
    assert api.patch(item, data={"name": NFD}).json["name"] == NFC
    patch = json.dumps([{"op": "replace", "path": "/description", "value": NFD}])
    kind = {"Content-Type": "application/json-patch+json"}
    assert api.patch(item, data=patch, headers=kind).json["description"] == NFC


def test_the_length_is_that_of_the_composed_text(api):
    values = {**ITEM, "name": "e\u0301" * 100, "code": "long"}
    assert api.post(PATH, json=values).status_code == 201


@pytest.mark.parametrize("code", [CODE, ITEM["code"]])
def test_codes_are_unique_however_they_are_composed(api, item, code):
    answer = api.post(PATH, json={**ITEM, "code": code})
    assert answer.status_code == 409
    assert api.errors(answer) == {"code": "taken"}


def test_other_names_are_unique_however_they_are_composed(api, operator, item):
    for first, second in ((CODE, ITEM["code"]), (ITEM["code"], CODE)):
        category = {"name": "x", "code": first, "item_delivery_type": "notshipped"}
        made = api.post("/stores/1/item_categories", json=category)
        again = {**category, "code": second}
        assert api.post("/stores/1/item_categories", json=again).status_code == 409
        api.delete(made.headers["Location"])
        values = {"name": first, "value": "1"}
        made = api.post(f"{item}/attributes", json=values)
        assert made.status_code == 201, made.text
        answer = api.patch(f"{item}/attributes", json=[{"name": second, "value": "2"}])
        assert answer.status_code == 200, answer.text
        assert api.get(f"{item}/attributes").json["total_items"] == 1
        api.delete(made.headers["Location"])
        number = int(item.rpartition("/")[2])
        for order, status in ((first, 201), (second, 200)):
            bought = {
                "downloadable_id": number,
                "order_id": f"{order} {len(str(first))}",
            }
            assert api.post(PURCHASES, json=bought).status_code == status


@pytest.mark.parametrize("text", [NFC, NFD])
@pytest.mark.parametrize(
    "query",
    [
        lambda t: {"name": t},
        lambda t: {"name": f"{t}*"},
        lambda t: {"name:in": f"x,{t}"},
        lambda t: {"name": f"x|name={t}"},
        lambda t: {"name": f"{t}..{t}"},
        lambda t: {"name:lessthanorequal": t, "name:greaterthanorequal": t},
        lambda t: {"search": t},
        lambda t: {"search": t.upper()},
        lambda t: {f"attributes:name[{t}]": t},
        lambda t: {f"attributes:name[{t}]:in": t},
    ],
)
def test_filters_and_searches_find_it(api, item, query, text):
    api.post(f"{item}/attributes", json={"name": NFD, "value": NFD})
    api.post(PATH, json={**ITEM, "name": "Other", "code": "other"})
    assert found(api, PATH, "fx:downloadables", **query(text)) == 1
    assert found(api, PATH, "fx:downloadables", **{"name:not": text}) == 1


@pytest.mark.parametrize("text", [NFC, NFD])
@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/easycart/downloads", "search"),
        ("/surecart/v1/downloads", "customer_ids[]"),
    ],
)
def test_dialects_find_it(api, item, path, name, text):
    number = int(item.rpartition("/")[2])
    api.put(f"{item}/file", data=b"x")
    values = {"downloadable_id": number, "order_id": NFD, "customer_id": NFD}
    api.post(PURCHASES, json=values)
    found, none = (
        api.get(path, query_string={name: value}) for value in (text, "nothing")
    )
    assert found.status_code == none.status_code == 200
    assert found.text != none.text
    assert len(found.text) > len(none.text)


@pytest.mark.parametrize(("value", "status"), [(NFC, 200), (NFD, 200), ("x", 409)])
def test_a_test_of_a_json_patch_compares_texts(api, item, value, status):
    patch = [{"op": "test", "path": "/name", "value": value}]
    kind = {"Content-Type": "application/json-patch+json"}
    answer = api.patch(item, data=json.dumps(patch), headers=kind)
    assert answer.status_code == status


def test_names_of_files_are_composed(api, anonymous, item):
    sent = unicodedata.normalize("NFD", "Größe.mp3")
    slot = api.post(f"{item}/upload_url", json={"file_name": sent}).json["upload_url"]
    assert anonymous.put(slot, data=b"x").json["file_name"] == "Größe.mp3"
    assert found(api, PATH, "fx:downloadables", file_name=sent) == 1


SEARCHES = [
    ("Über Straße", ["über", "STRASSE", "straße", "uber\u0308".replace("ber", "")]),
    ("Червоний", ["червоний", "ЧЕРВОНИЙ"]),
    ("ΒΌΡΡΑΣ", ["βόρρας", "Βόρρας"]),
    ("İstanbul rehberi", ["istanbul", "ISTANBUL", "İSTANBUL", "İstanbul"]),
    ("ISPARTA", ["ısparta", "isparta"]),
    ("ﬁle №5", ["FILE", "no5"]),
    ("co\u00adoperate", ["cooperate", "CO\u00adOPERATE"]),
]


@pytest.mark.parametrize(("name", "words"), SEARCHES)
def test_a_search_knows_no_case_in_any_script(api, name, words):
    api.post(PATH, json={**ITEM, "name": name, "code": "a"})
    for word in words:
        assert found(api, PATH, "fx:downloadables", search=word) == 1, word


def test_case_counts_in_filters(api):
    """`name=` is the same text; a search, or a client, ignores case."""
    api.post(PATH, json={**ITEM, "name": "Song", "code": "Song"})
    api.post(PATH, json={**ITEM, "name": "song", "code": "song"})
    assert found(api, PATH, "fx:downloadables", name="Song") == 1
    assert found(api, PATH, "fx:downloadables", search="SONG") == 2
