"""The addresses of a table: sorted, searched, filtered, paged."""

from typing import Any

import pytest

from representations import Action, Display, Field, Form, Link, Resource
from representations.html.table import Table, cells

DISPLAY = Display(
    heading="Song",
    many="songs",
    named_by="name",
    labels={"name": "Name", "price": "<Price>", "left": "Left"},
    kinds={"price": "money", "left": "number"},
    help={},
    columns=[("name",), ("price",), ("left", "most")],
    groups=(),
    sortable=frozenset({"name", "price"}),
    zeros={"left": "none"},
)
ADDRESS = "http://shop.example/songs"


def table(query="", **properties: Any):
    href = f"{ADDRESS}?{query}" if query else ADDRESS
    return Table(Resource(href=href, properties=properties), DISPLAY, "EUR")


def test_a_click_sorts_a_second_one_turns_it_round():
    first = {column.label: column for column in table("search=a&offset=20").columns}
    assert first["Name"].href == f"{ADDRESS}?search=a&order=name"
    assert first["Left"].href == ""
    assert first["Name"].order == ""
    then = table("order=name").columns[0]
    assert (then.href, then.order) == (f"{ADDRESS}?order=name+desc", "ascending")
    last = table("order=name%20DESC").columns[0]
    assert (last.href, last.order) == (f"{ADDRESS}?order=name", "descending")
    assert table("order=price,name").columns[0].order == ""


def test_a_row_has_its_cells_but_for_the_heading():
    row = Resource(properties={"name": "a", "price": 4, "left": 3, "most": 5})
    assert cells(row, table().columns) == (
        '<td data-label="&lt;Price&gt;">€4.00</td><td data-label="Left">3 of 5</td>'
    )
    row = Resource(properties={"name": "a", "price": None, "left": 0, "most": None})
    assert cells(row, table().columns).endswith('<td data-label="Left">none</td>')


def test_chips_say_what_narrows_the_page_and_lead_to_it_without_that():
    shown = table("search=a&price=4&name=&order=name&limit=5&code:not=&zoom=x")
    kept = "name=&order=name&code%3Anot=&zoom=x"
    assert shown.chips == [
        ("“a”", f"{ADDRESS}?price=4&{kept}"),
        ("<Price>: 4", f"{ADDRESS}?search=a&{kept}"),
        (
            "code:not: ",
            f"{ADDRESS}?search=a&price=4&name=&order=name&zoom=x",
        ),
    ]


FIELDS = Form(
    [
        Field("limit", "How many"),
        Field("search", "Words", "search"),
        Field("name", "Name"),
        Field("code", "Code"),
        Field("visibility", "Visibility", options=("public", "private")),
    ]
)
FILTER = Action("filter-songs", "Filter", "GET", ADDRESS, fields=FIELDS)


def test_a_filter_has_the_columns_and_the_choices():
    shown = table("name=a&code=b")
    found = [(field.name, value) for field, value in shown.filters(FILTER)]
    assert found == [("name", "a"), ("visibility", "")]


def test_a_filter_keeps_what_it_has_no_field_for():
    shown = table("name=a&code=b&search=c&order=name&offset=20&format=html")
    assert shown.kept_by_filter(FILTER) == [("code", "b"), ("search", "c")]
    assert shown.is_searched(FILTER)
    assert not shown.is_searched(Action("x", "X", "GET", ADDRESS))


def test_a_search_keeps_the_order_and_the_filters():
    shown = table("name=a&search=c&order=name&offset=20&format=html")
    assert shown.kept == [("name", "a"), ("order", "name")]
    assert shown.search == "c"
    assert table().search == ""


def test_a_table_says_by_what_it_can_be_sorted():
    assert table("order=price desc").orders == [
        ("name", "Name", False),
        ("name desc", "Name, descending", False),
        ("price", "<Price>", False),
        ("price desc", "<Price>, descending", True),
    ]


def test_csv_is_of_the_same_rows_on_all_pages():
    shown = table("name=a&offset=20&limit=5&format=html")
    assert shown.csv_href == f"{ADDRESS}?name=a&format=csv"


@pytest.mark.parametrize(
    ("total", "count", "offset", "text"),
    [
        (1345, 20, 20, "21 to 40 of 1,345"),
        (5, 5, 0, "1 to 5 of 5"),
        (0, 0, 0, "0 in all"),
        (5, 0, 100, "5 in all"),
    ],
)
def test_the_extent_says_which_of_how_many(total, count, offset, text):
    shown = table(total_items=total, returned_items=count, offset=offset)
    assert shown.extent == text


def test_the_pager_has_the_other_pages_alone():
    shown = table()
    shown.resource.links = [Link("self", ADDRESS), Link("next", "n"), Link("fx:a", "a")]
    assert shown.pages == {"next": "n"}


def test_rows_without_a_column_are_no_table():
    whole: dict[str, Any] = {"name": "a", "price": 1, "left": 1, "most": 2}
    assert table().has_columns([Resource(properties=whole)])
    assert not table().has_columns([Resource(properties={"name": "a"})])
