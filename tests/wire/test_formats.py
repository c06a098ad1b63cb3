"""Every document against the rules of its format, and the formats to each other."""

import json
from pathlib import Path

import jsonschema
import pytest
from lxml import etree

import app as package

HERE = Path(__file__).parent
SIREN = jsonschema.Draft7Validator(json.loads((HERE / "siren.schema.json").read_text()))
DOCS = Path(package.__file__).parent.parent / "docs"
XML = etree.RelaxNG(etree.parse(DOCS / "hal-xml.rng"))

PATHS = [
    "/",
    "/stores",
    "/stores/1",
    "/stores/1/item_categories",
    "/stores/1/item_categories?limit=1&offset=1",
    "/stores/1/item_categories?offset=900",
    "/item_categories/1",
    "/item_categories/2",
    "/item_categories/2/downloadables",
    "/stores/1/downloadables",
    "/stores/1/downloadables?limit=1",
    "/downloadables/1",
    "/downloadables/2",
    "/rels",
    "/rels/downloadable",
    "/rels/errors",
    "/nowhere",
    "/stores/1/downloadables?limit=x&price=y",
]


@pytest.fixture
def filled(api):
    api.upload(b"content", "naïve <&>.txt", name='A "quoted" <name> & more')
    api.add(code="b", url="https://cdn.example/x?a=1&b=2", description="two\nlines")
    return api


@pytest.mark.parametrize("path", PATHS)
def test_siren_is_valid(filled, path):
    entity = filled.get(path, accept="application/vnd.siren+json").json
    SIREN.validate(entity)
    for action in entity.get("actions", ()):
        names = [field["name"] for field in action.get("fields", ())]
        assert len(names) == len(set(names))
    names = [action["name"] for action in entity.get("actions", ())]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("path", PATHS)
def test_hal_xml_is_valid_and_says_the_same_as_hal(filled, path):
    response = filled.get(path, accept="application/hal+xml")
    root = etree.fromstring(response.data)
    XML.assertValid(root)
    hal = filled.get(path, accept="application/hal+json").json
    assert model_of_xml(root) == model_of_hal(hal)


@pytest.mark.parametrize("path", PATHS)
def test_siren_says_the_same_as_hal(filled, path):
    siren = filled.get(path, accept="application/vnd.siren+json").json
    hal = filled.get(path, accept="application/hal+json").json
    assert model_of_siren(siren) == model_of_hal(hal, without_templates=True)


@pytest.mark.parametrize("path", PATHS)
def test_links_are_absolute_and_never_empty(filled, path):
    hal = filled.get(path).json
    for link in all_links(hal):
        assert link["href"].startswith("http://localhost/")
        assert link.get("title", "x")
    for value in hal.get("_embedded", {}).values():
        assert isinstance(value, list)
    if "total_items" not in hal:
        assert "first" not in hal["_links"]


def test_the_schema_would_notice_a_mistake():
    with pytest.raises(jsonschema.ValidationError):
        SIREN.validate({"links": [{"rel": "self", "href": "http://h/"}]})
    with pytest.raises(jsonschema.ValidationError):
        SIREN.validate({"links": [{"rel": ["self"], "href": "/relative"}]})
    assert not XML.validate(
        etree.fromstring("<resource><a/><link rel='x'/></resource>")
    )


# The published schema is older than some registered relations.
IANA = "https://www.iana.org/assignments/relation/"


def all_links(hal):
    for rel, found in hal.get("_links", {}).items():
        if rel != "curies":
            yield from found if isinstance(found, list) else [found]
    for items in hal.get("_embedded", {}).values():
        for item in items:
            yield from all_links(item)


def text_of(value):
    """A value as XML says it."""
    if value is None or value == "":
        return None
    if isinstance(value, bool):
        return str(value).lower()
    return str(value)


def plain(properties):
    """Properties without what is different by format or by the moment."""
    return {
        name: text_of(value)
        for name, value in properties.items()
        if name not in {"logref", "message"}
    }


def model_of_hal(hal, *, without_templates=False):
    links = []
    for rel, found in hal.get("_links", {}).items():
        if rel != "curies":
            for link in found if isinstance(found, list) else [found]:
                if link.get("templated") and without_templates:
                    continue
                links.append((expanded(rel), link["href"], link.get("title")))
    items = [
        model_of_hal(item)
        for embedded in hal.get("_embedded", {}).values()
        for item in embedded
    ]
    state = {k: v for k, v in hal.items() if k not in {"_links", "_embedded"}}
    return links, items, plain(state)


def model_of_xml(root):
    links = [
        (link.get("rel"), link.get("href"), link.get("title"))
        for link in root.findall("link")
    ]
    items = [model_of_xml(item) for item in root.findall("resource")]
    state = {
        child.tag: child.text for child in root if child.tag not in {"link", "resource"}
    }
    return links, items, plain(state)


def model_of_siren(entity):
    links = [
        (rel.removeprefix(IANA), link["href"], link.get("title"))
        for link in entity["links"]
        for rel in link["rel"]
    ]
    items = [model_of_siren(item) for item in entity.get("entities", ())]
    return links, items, plain(entity["properties"])


def expanded(rel):
    prefix, colon, name = rel.partition(":")
    return f"http://localhost/rels/{name}" if colon and prefix == "fx" else rel
