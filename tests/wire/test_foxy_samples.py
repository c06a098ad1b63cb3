"""The documents of Foxy's reference (`samples/`), replayed: ours hold all of theirs.

Same keys in the same order and nesting, same relations and titles, same types; the
values where they follow from what was sent. Ours may have more.
"""

import io
import json
import re
from pathlib import Path

import pytest
from lxml import etree

SAMPLES = Path(__file__).parent / "samples"
FOXY = {"FOXY-API-VERSION": "1"}
# What each server chooses for itself, and what differs by the file sent.
OWN = {"upload_date", "date_created", "date_modified", "item_category_uri"}
DATE = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d-0[78]00"


@pytest.fixture
def settings():
    return {
        "public_url": "https://api-sandbox.foxycart.com",
        "rel_base": "https://api.foxycart.com/rels/",
    }


@pytest.fixture
def unicorns(api):
    """Five downloadables, the first of them the sample's."""
    api.patch("/stores/1", json={"timezone": "America/Los_Angeles"})
    content = bytes(267_069)
    for code in ("unicorn", "b", "c", "d", "e"):
        response = api.post(
            "/stores/1/downloadables",
            headers=FOXY,
            data={
                "code": code,
                "name": "Unicorn",
                "file": (io.BytesIO(content), "unicorn_web.png"),
                "price": "10",
                "item_category_uri": (
                    "https://api-sandbox.foxycart.com/item_categories/2"
                ),
            },
        )
        assert response.status_code == 201, response.text
    return api


def load(name):
    text = (SAMPLES / name).read_text()
    return etree.fromstring(text.encode()) if name.endswith("xml") else json.loads(text)


def numbered(href):
    """An address without ids, ours and theirs being different."""
    return re.sub(r"/\d+", "/N", href)


def assert_order(names, among):
    """The sample's names are all there, in the sample's order."""
    assert [name for name in among if name in set(names)] == list(names)


def assert_properties(sample, ours):
    assert_order(sample, ours)
    for name, value in sample.items():
        assert type(ours[name]) is type(value), name
        if name not in OWN:
            assert ours[name] == value
        elif name.startswith("date") or name.endswith("date"):
            assert re.fullmatch(DATE, ours[name])
        else:
            assert numbered(ours[name]) == numbered(value)


def test_the_item_in_hal(unicorns):
    sample = load("item.hal.json")
    ours = unicorns.get("/downloadables/1", headers=FOXY).json
    theirs, links = sample.pop("_links"), ours.pop("_links")
    assert_order(theirs, links)
    assert links["curies"] == theirs.pop("curies")
    for rel, link in theirs.items():
        assert links[rel]["title"] == link["title"]
        assert numbered(links[rel]["href"]) == numbered(link["href"])
    assert_properties(sample, ours)


def test_the_item_in_siren(unicorns):
    sample = load("item.siren.json")
    ours = unicorns.get("/downloadables/1?format=siren", headers=FOXY).json
    assert_order(sample, ours)
    assert ours["class"] == sample["class"]
    assert_properties(sample["properties"], ours["properties"])
    for theirs, link in zip(sample["links"], ours["links"], strict=False):
        assert link["rel"] == theirs["rel"]
        assert numbered(link["href"]) == numbered(theirs["href"])


def test_the_item_in_xml(unicorns):
    sample = load("item.xml")
    response = unicorns.get("/downloadables/1?format=xml", headers=FOXY)
    ours = etree.fromstring(response.data)
    assert ours.tag == sample.tag
    assert ours.get("rel") == sample.get("rel")
    assert numbered(ours.get("href")) == numbered(sample.get("href"))
    for theirs, link in zip(sample.iter("link"), ours.iter("link"), strict=False):
        assert link.get("rel") == theirs.get("rel")
        assert link.get("title") == theirs.get("title")
        assert numbered(link.get("href")) == numbered(theirs.get("href"))
    assert_properties(state(sample), state(ours))


def test_the_collection_in_hal(unicorns):
    sample = load("collection.hal.json")
    ours = unicorns.get("/stores/1/downloadables", headers=FOXY).json
    assert list(ours) == list(sample)
    assert list(ours["_links"]) == list(sample["_links"])
    for rel, link in sample["_links"].items():
        if rel == "curies":
            assert ours["_links"][rel] == link
            continue
        assert ours["_links"][rel]["title"] == link["title"]
        assert ours["_links"][rel]["href"].endswith(link["href"].strip("."))
    embedded = ours["_embedded"]["fx:downloadables"]
    assert list(ours["_embedded"]) == list(sample["_embedded"])
    assert_order(load("item.hal.json"), embedded[0])
    for name in ("total_items", "returned_items", "limit", "offset"):
        assert ours[name] == sample[name]


def test_the_collection_in_siren(unicorns):
    sample = load("collection.siren.json")
    ours = unicorns.get(
        "/stores/1/downloadables?limit=20&format=siren", headers=FOXY
    ).json
    assert_order(sample, ours)
    assert ours["properties"] == sample["properties"]
    assert [link["rel"] for link in ours["links"]] == [
        link["rel"] for link in sample["links"]
    ]
    assert len(ours["entities"]) == 5
    assert ours["actions"]


def test_the_collection_in_xml(unicorns):
    sample = load("collection.xml")
    response = unicorns.get(
        "/stores/1/downloadables", headers=FOXY, accept="application/xml"
    )
    ours = etree.fromstring(response.data)
    assert ours.get("rel") is None
    assert ours.get("href").endswith("/stores/1/downloadables")
    assert [(link.get("rel"), link.get("title")) for link in ours.findall("link")] == [
        (link.get("rel"), link.get("title")) for link in sample.findall("link")
    ]
    embedded = {item.get("rel") for item in ours.findall("resource")}
    assert embedded == {"https://api.foxycart.com/rels/downloadable"}
    assert [child.tag for child in ours if child.tag != "resource"] == [
        child.tag for child in sample if child.tag != "resource"
    ]
    assert state(ours) == state(sample)


def state(element):
    return {
        child.tag: child.text
        for child in element
        if child.tag not in {"link", "resource"}
    }


def test_the_documented_methods_are_the_ones_there_are(anonymous):
    """The reference's "Actions", word for word."""
    expected = {
        "downloadables": {
            "GET": "View a list of downloadables",
            "POST": "Create a new downloadable",
            "HEAD": "Get just the header response",
            "OPTIONS": ("Get a response explaining which HTTP methods are supported"),
        },
        "downloadable": {
            "GET": "View a downloadable",
            "PATCH": (
                "Update a downloadable (send only the properties you want to modify)"
            ),
            "PUT": ("Replace a downloadable (send the entire representation)"),
            "DELETE": "Delete a downloadable",
            "HEAD": "Get just the header response",
            "OPTIONS": ("Get a response explaining which HTTP methods are supported"),
        },
    }
    for rel, methods in expected.items():
        rows = anonymous.get(f"/rels/{rel}").json["_embedded"]["fx:methods"]
        assert {row["method"]: row["description"] for row in rows} == methods
