"""What each format makes of one and the same document."""

import json
from decimal import Decimal

import pytest
from lxml import etree

from representations import (
    REPRESENTATIONS,
    Action,
    Field,
    Link,
    Resource,
    Vocabulary,
)

VOCABULARY = Vocabulary("https://api.foxycart.com/rels/")
RESOURCE = Resource(
    classes=("downloadable",),
    href="https://h/downloadables/40",
    rel="fx:downloadable",
    properties={
        "name": 'Uni<corn> & "Co"',
        "price": Decimal("80.95"),
        "size": 5,
        "is_archived": False,
        "url": None,
        "note": "",
    },
    links=[
        Link("self", "https://h/downloadables/40", "This Downloadable"),
        Link("fx:store", "https://h/stores/8?a=1&b=2", "This Store"),
        Link("fx:search", "https://h/x{?q}", "Search", templated=True),
        Link("item", "https://h/1"),
        Link("item", "https://h/2", type="text/html"),
    ],
    embedded={
        "fx:errors": [
            Resource(classes=("error",), rel="fx:errors", properties={"message": "m"})
        ]
    },
    actions=[
        Action("delete", "Delete", "DELETE", "https://h/downloadables/40"),
        Action(
            "update",
            "Update",
            "PATCH",
            "https://h/downloadables/40",
            "application/json",
            (
                Field("name", "Name", value="x", required=True),
                Field("is_archived", "Archived", "checkbox", value=False),
                Field("kind", "Kind", "radio", value="", options=("", "a")),
                Field("url", "URL", "url"),
            ),
            ("update",),
        ),
    ],
)
BY_NAME = {r.name: r for r in REPRESENTATIONS}


def rendered(name):
    return BY_NAME[name].render(RESOURCE, VOCABULARY)


def test_hal_has_links_embedded_then_properties():
    document = json.loads(rendered("hal"))
    assert list(document) == [
        "_links",
        "_embedded",
        *("name", "price", "size", "is_archived", "url", "note"),
    ]
    links = document["_links"]
    assert links["curies"] == [
        {
            "name": "fx",
            "href": "https://api.foxycart.com/rels/{rel}",
            "templated": True,
        }
    ]
    assert links["fx:store"] == {
        "href": "https://h/stores/8?a=1&b=2",
        "title": "This Store",
    }
    assert links["fx:search"]["templated"] is True
    assert [link["href"] for link in links["item"]] == ["https://h/1", "https://h/2"]
    assert links["item"][1]["type"] == "text/html"
    assert document["_embedded"]["fx:errors"] == [{"message": "m"}]
    assert b'"price":80.95' in rendered("hal")


def test_xml_has_full_relations_links_embedded_then_properties():
    root = etree.fromstring(rendered("xml"))
    assert dict(root.items()) == {
        "href": "https://h/downloadables/40",
        "rel": "https://api.foxycart.com/rels/downloadable",
    }
    rels = [link.get("rel") for link in root.findall("link")]
    assert rels[:2] == ["self", "https://api.foxycart.com/rels/store"]
    assert root.findall("link")[2].get("templated") == "true"
    [error] = root.findall("resource")
    assert error.get("rel") == "https://api.foxycart.com/rels/errors"
    state = {
        child.tag: child.text for child in root if child.tag not in {"link", "resource"}
    }
    assert state == {
        "name": 'Uni<corn> & "Co"',
        "price": "80.95",
        "size": "5",
        "is_archived": "false",
        "url": None,
        "note": None,
    }
    assert rendered("xml").startswith(b'<?xml version="1.0" encoding="UTF-8"?>')


def test_siren_has_full_relations_and_actions():
    entity = json.loads(rendered("siren"))
    assert entity["class"] == ["downloadable"]
    assert entity["properties"]["price"] == 80.95
    rels = [link["rel"] for link in entity["links"]]
    assert rels[1] == ["https://api.foxycart.com/rels/store"]
    assert ["https://api.foxycart.com/rels/search"] not in rels
    [error] = entity["entities"]
    assert error["rel"] == ["item", "https://api.foxycart.com/rels/errors"]
    delete, update = entity["actions"]
    assert "fields" not in delete
    assert update["type"] == "application/json"
    values = {field["name"]: field.get("value") for field in update["fields"]}
    assert values == {"name": "x", "is_archived": "false", "kind": "", "url": None}
    assert update["fields"][2]["options"] == {"": "none", "a": "a"}


def test_html_escapes_and_names_what_can_be_done():
    page = rendered("html").decode()
    assert "Uni&lt;corn&gt; &amp; &#34;Co&#34;" in page
    assert "<corn>" not in page
    assert '<input type="hidden" name="_method" value="PATCH">' in page
    assert 'method="post" action="https://h/downloadables/40"' in page
    assert "80.95" in page


@pytest.mark.parametrize("representation", REPRESENTATIONS, ids=lambda r: r.name)
def test_a_document_of_nothing_is_still_one(representation):
    assert representation.render(Resource(), VOCABULARY).endswith(b"\n")
