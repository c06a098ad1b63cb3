"""Compiled templates write what the plain renderers write, byte for byte."""

from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.http.hypermedia.document_builder import ItemDocuments, RenderContext
from app.resources.documentation.rels import DECLARATIONS
from representations import HAL, REPRESENTATIONS, Link, Rendered, Resource, Vocabulary
from representations.row_template import BASE, compile_template, marker
from representations.slots import Slot
from schemas.base.fields import (
    UNREPRESENTABLE,
    Amount,
    Boolean,
    Choice,
    Date,
    Integer,
    Reference,
)
from schemas.values.money import money_text

DATES = [
    n for d in DECLARATIONS for n, f in d.schema.shown.items() if isinstance(f, Date)
]
COMPILED = [r for r in REPRESENTATIONS if r.slot]
BASES = st.sampled_from(["http://localhost", "https://a.example/p%20q&r", "http://h:1"])
TEXTS = st.text(max_size=40).map(lambda text: UNREPRESENTABLE.sub("", text))
# Compiled once, as a server does.
documents_of = cache(ItemDocuments)
PRIVATE = st.sampled_from(["\ue0003\ue001", "\ue000base\ue001", "%s %% %d", "</name>"])


def values_of(declaration, field):
    values = values_not_null(field)
    made = declaration.title + "".join(
        link.path for link in declaration.links if not link.when
    )
    # What a title or an address is made of is always there.
    is_shown = field.dump_only and not isinstance(field, Reference)
    may_miss = is_shown and f"{{{field.column}}}" not in made
    return st.none() | values if field.allow_none or may_miss else values


def values_not_null(field):
    if isinstance(field, Date):
        return st.integers(0, 4_000_000_000)
    if isinstance(field, Amount):
        return st.integers(0, 10**14)
    if isinstance(field, Boolean):
        return st.booleans() | st.sampled_from([0, 1])
    if isinstance(field, Integer | Reference):
        return st.integers(0, 2**31)
    if isinstance(field, Choice):
        return st.sampled_from(field.options)
    return TEXTS | PRIVATE


@cache
def rows_of(declaration):
    fields = {f.column: f for f in declaration.schema.shown.values()}
    zones = st.sampled_from(["UTC", "Asia/Kolkata", "America/Los_Angeles"])
    return st.tuples(
        *(
            zones
            if column == "timezone"
            else values_of(declaration, fields[column])
            if column in fields
            else st.none() | st.just(1)
            if column == "version_id"
            else st.integers(1, 10**6)
            for column in declaration.columns
        )
    )


@pytest.mark.parametrize("representation", COMPILED, ids=lambda r: r.name)
@pytest.mark.parametrize("declaration", DECLARATIONS, ids=lambda d: d.name)
@given(data=st.data())
def test_items_read_the_same(declaration, representation, data):
    rows = data.draw(st.lists(rows_of(declaration), min_size=1, max_size=3))
    base = data.draw(BASES)
    place = RenderContext(base, Vocabulary(f"{base}/rels/"))
    documents = documents_of(declaration)
    plain = [
        documents.resource(dict(zip(declaration.columns, row, strict=True)), place)
        for row in rows
    ]
    fragments = documents.fragments(rows, representation, place)
    assert fragments == [
        representation.render_embedded(resource, place.vocabulary) for resource in plain
    ]
    page = Resource(("collection",), base, properties={"total_items": len(rows)})
    page.embedded = {declaration.collection_rel: plain}
    reference = representation.render(page, place.vocabulary)
    page.embedded = {declaration.collection_rel: Rendered(fragments)}
    assert representation.render(page, place.vocabulary) == reference


@pytest.mark.parametrize("representation", COMPILED, ids=lambda r: r.name)
@given(data=st.data())
def test_items_with_others_inside_read_the_same(representation, data):
    outer, inner = DECLARATIONS[2], DECLARATIONS[1]
    base = data.draw(BASES)
    place = RenderContext(base, Vocabulary(f"{base}/rels/"))
    shown = data.draw(st.sampled_from([None, ("id", "name"), ("price",), ()]))
    row = data.draw(rows_of(outer))
    inside = data.draw(st.lists(rows_of(inner), max_size=2))
    one = data.draw(rows_of(inner))

    def plainly(row):
        record = dict(zip(inner.columns, row, strict=True))
        return documents_of(inner).resource(record, place)

    def compiled(rows, rel):
        return documents_of(inner).fragments(rows, representation, place, rel=rel)

    plain = documents_of(outer).resource(
        dict(zip(outer.columns, row, strict=True)),
        place,
        shown,
        {"fx:many": [plainly(r) for r in inside], "fx:one": plainly(one)},
    )
    written = {
        "fx:many": Rendered(compiled(inside, "fx:many")),
        "fx:one": Rendered(compiled([one], "fx:one"), is_one=True),
    }
    [fragment] = documents_of(outer).fragments(
        [row], representation, place, fields=shown, insides=[written], rel="fx:x"
    )
    assert fragment == representation.render_embedded(plain, place.vocabulary, "fx:x")


@pytest.mark.parametrize("representation", COMPILED, ids=lambda r: r.name)
def test_an_empty_page_reads_the_same(representation):
    vocabulary = Vocabulary("http://h/rels/")
    plain = Resource(("collection",), "http://h", embedded={"fx:downloadables": []})
    compiled = Resource(
        ("collection",), "http://h", embedded={"fx:downloadables": Rendered([])}
    )
    assert representation.render(plain, vocabulary) == representation.render(
        compiled, vocabulary
    )


def test_a_template_serves_many_addresses_and_keeps_few():
    documents = ItemDocuments(DECLARATIONS[0])
    row = tuple(
        "UTC" if column == "timezone" else 1 if column in {"id", *DATES} else "x"
        for column in DECLARATIONS[0].columns
    )
    for number in range(50):
        base = f"http://host-{number}"
        place = RenderContext(base, Vocabulary(f"{base}/rels/"))
        [fragment] = documents.fragments([row], COMPILED[0], place)
        assert f'"{base}/stores/1"' in fragment
    [template] = documents._templates.values()
    assert len(template._bound) <= 16


def test_its_source_shows_what_a_template_does():
    prototype = Resource(
        classes=("a",),
        properties={"name": marker(0), "price": marker(1)},
        links=[Link("self", f"{BASE}/a/{marker(2)}", "This A")],
    )
    slots = [
        Slot(0, None, is_text=True, nullable=False),
        Slot(1, money_text, is_text=False, nullable=False),
        Slot(2, None, is_text=False, nullable=False),
    ]
    template = compile_template(HAL, prototype, slots)
    vocabulary = Vocabulary("http://h/rels/", home="http://h/")
    source = template.source("http://h", vocabulary)
    assert source.startswith("def fill(row, *, ")
    assert "{to_text1(row[1])}" in source
    assert "http://h/a/{row[2]}" in source
    written = template.bind("http://h", vocabulary)(('N"', 95_000, 7))
    assert '"name":"N\\""' in written
    assert '"price":9.5' in written
    assert '"href":"http://h/a/7"' in written
