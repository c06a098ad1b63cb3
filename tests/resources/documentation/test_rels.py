"""Every curie leads to its documentation, made from the declarations."""

import json
import re

import pytest
from lxml import etree

from app.resources.documentation.rels import DECLARATIONS


def walk_links(api, path):
    """All relations of ours in a document and what it embeds."""
    return set(re.findall(r'"(fx:[a-z_]+)"', api.get(path).text))


def test_every_relation_in_use_is_documented(api, anonymous):
    number = api.upload()
    used = set()
    for path in (
        "/",
        "/stores",
        "/stores/1",
        "/stores/1/item_categories",
        f"/downloadables/{number}",
        "/stores/1/downloadables",
        "/rels",
        "/rels/store",
        "/nowhere",
    ):
        used |= walk_links(api, path)
    used |= {f"fx:{d.name}" for d in DECLARATIONS}
    [curie] = anonymous.get("/").json["_links"]["curies"]
    assert {"fx:file", "fx:errors", "fx:properties", "fx:store"} <= used
    for rel in used:
        href = curie["href"].replace("{rel}", rel.removeprefix("fx:"))
        assert anonymous.get(href).status_code == 200, rel
        page = anonymous.get(href, accept="text/html")
        assert page.content_type == "text/html; charset=utf-8"
        assert "script-src" not in page.headers["Content-Security-Policy"]
        assert "<script" not in page.text


def test_the_index_lists_them_all(anonymous):
    listed = anonymous.get("/rels").json["_embedded"]["fx:rels"]
    names = {rel["name"] for rel in listed}
    assert {"downloadables", "downloadable", "store", "file", "errors"} <= names
    for rel in listed:
        assert anonymous.get(rel["_links"]["self"]["href"]).status_code == 200


def test_an_unknown_relation_is_404(anonymous):
    assert anonymous.get("/rels/unheard_of").status_code == 404


@pytest.mark.parametrize("declaration", DECLARATIONS, ids=lambda d: d.name)
def test_a_page_has_each_property_with_its_constraints(anonymous, declaration):
    document = anonymous.get(f"/rels/{declaration.name}").json["_embedded"]
    rows = {row["property"]: row for row in document["fx:properties"]}
    assert list(rows) == list(declaration.schema.properties)
    for name, field in declaration.schema.properties.items():
        assert rows[name]["type"] == field.kind
        assert ("Required." in rows[name]["constraints"]) == field.required
        assert ("Read only." in rows[name]["constraints"]) == field.dump_only


@pytest.mark.parametrize("declaration", DECLARATIONS, ids=lambda d: d.name)
def test_a_page_has_an_example_in_every_format(anonymous, declaration):
    document = anonymous.get(f"/rels/{declaration.name}").json["_embedded"]
    examples = {row["type"]: row["example"] for row in document["fx:examples"]}
    hal = json.loads(examples["application/hal+json"])
    siren = json.loads(examples["application/vnd.siren+json"])
    xml = etree.fromstring(examples["application/hal+xml"])
    shown = list(declaration.schema.shown)
    assert [name for name in hal if name != "_links"] == shown
    assert list(siren["properties"]) == shown
    assert [child.tag for child in xml if child.tag != "link"] == shown


def test_a_condition_is_part_of_the_documentation(anonymous):
    rows = anonymous.get("/rels/item_category").json["_embedded"]["fx:properties"]
    [row] = [r for r in rows if r["property"] == "max_downloads_per_customer"]
    assert "Required when item_delivery_type is downloaded." in row["constraints"]


def test_it_also_is_siren_and_xml(anonymous):
    for accept in ("application/vnd.siren+json", "application/hal+xml"):
        response = anonymous.get("/rels/downloadable", accept=accept)
        assert response.content_type == accept
        assert "item_category_uri" in response.text
