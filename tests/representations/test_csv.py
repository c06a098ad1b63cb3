"""CSV: the whole filtered collection as a table."""

import csv
import io

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from representations.csv_table import protect, unprotect


def table(response):
    assert response.status_code == 200, response.text
    assert response.content_type == "text/csv; charset=utf-8"
    return list(csv.DictReader(io.StringIO(response.data.decode("utf-8-sig"))))


@pytest.fixture
def filled(api):
    api.upload(b"abc", "naïve.txt", name='A "quoted", name', code="a", price="9.95")
    for number in range(25):
        api.add(code=f"c{number}", description="two\nlines", price=number)
    return api


def test_all_rows_come_not_just_a_page(filled):
    rows = table(filled.get("/stores/1/downloadables", accept="text/csv"))
    assert len(rows) == 26
    first = rows[0]
    assert first["name"] == 'A "quoted", name'
    assert (first["price"], first["file_size"], first["url"]) == ("9.95", "3", "")
    assert (first["id"], first["is_archived"]) == ("1", "false")
    assert first["href"] == "http://localhost/downloadables/1"
    assert rows[1]["description"] == "two\nlines"


def test_filters_order_fields_and_pages_count(filled):
    path = "/stores/1/downloadables?format=csv"
    rows = table(filled.get(f"{path}&price:lessthan=3&order=price desc&fields=code"))
    assert [row["code"] for row in rows] == ["c2", "c1", "c0"]
    assert list(rows[0]) == ["code", "href"]
    assert len(table(filled.get(f"{path}&limit=4&offset=24"))) == 2


def test_a_batch_ends_where_the_next_begins(filled, monkeypatch):
    monkeypatch.setattr("app.http.views.collection.TABLE_ROWS", 5)
    monkeypatch.setattr("app.http.views.collection.MAX_TABLE_IN_MEMORY", 64)
    rows = table(filled.get("/stores/1/downloadables", accept="text/csv"))
    assert [int(row["id"]) for row in rows] == list(range(1, 27))


def test_it_is_a_download_with_a_tag(filled):
    response = filled.get("/stores/1/downloadables", accept="text/csv")
    assert response.headers["Content-Disposition"] == (
        'attachment; filename="downloadables.csv"'
    )
    tag = {"If-None-Match": response.headers["ETag"]}
    again = filled.get("/stores/1/downloadables", accept="text/csv", headers=tag)
    assert again.status_code == 304
    head = filled.request("HEAD", "/stores/1/downloadables", accept="text/csv")
    assert head.headers["Content-Length"] == response.headers["Content-Length"]


def test_one_resource_is_no_table(filled):
    assert filled.get("/downloadables/1", accept="text/csv").status_code == 406
    response = filled.get("/downloadables/1?format=csv")
    assert response.status_code == 406


def test_an_empty_collection_has_its_names(api):
    response = api.get("/stores/1/downloadables", accept="text/csv")
    assert response.text.startswith("id,item_category_uri,name,code,price")
    assert response.text.count("\n") == 1


def test_an_error_is_said_in_hal(api):
    response = api.get("/stores/1/downloadables?foo=1", accept="text/csv")
    assert response.status_code == 400
    assert response.content_type == "application/hal+json"


FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "＝1", "'=1", "''@a"]
PLAIN = ["a=b", "'quoted'", "9-5", "it's", ""]


@pytest.mark.parametrize("text", [*FORMULAS, *PLAIN])
def test_no_cell_is_a_formula_and_none_is_lost(text):
    assert unprotect(protect(text)) == text
    assert protect(text) == (f"'{text}" if text in FORMULAS else text)


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("x;=1+1;y", "x;'=1+1;y"),
        ("one\n-2", "one\n'-2"),
        ("a;'=b", "a;''=b"),
        ("a; =b", "a; =b"),
        ("a;b", "a;b"),
        ("one\r\ntwo\r\n\r\nthree", "one\r\ntwo\r\n\r\nthree"),
        ("one\r\n=2", "one\r\n'=2"),
        ("one\t\t=2", "one\t\t'=2"),
        ("\n\n=2", "'\n\n'=2"),
    ],
)
def test_a_cell_of_another_separator_is_no_formula_either(text, cell):
    assert protect(text) == cell
    assert unprotect(cell) == text


@given(st.text(alphabet=st.sampled_from("=+'-@;a\n\t\r")))
@example("'=")
def test_what_looks_protected_comes_back_too(text):
    assert unprotect(protect(text)) == text


@given(st.text())
def test_every_text_comes_back(text):
    assert unprotect(protect(text)) == text
    assert protect(text)[:1] not in set("=+-@\t\r\n＝＋－＠")


def test_a_formula_in_a_name_is_text_to_a_spreadsheet(api):
    api.add(name="=HYPERLINK(A1)", description="-2+3", price=5)
    [row] = table(api.get("/stores/1/downloadables", accept="text/csv"))
    assert row["name"] == "'=HYPERLINK(A1)"
    assert row["description"] == "'-2+3"
    assert row["price"] == "5"


@pytest.mark.parametrize(
    ("query", "accept", "has_mark"),
    [
        ("", "text/csv", False),
        ("?bom=1", "text/csv", True),
        ("?format=csv", "*/*", True),
        ("?format=csv&bom=0", "*/*", False),
        ("?format=csv&bom=true", "*/*", True),
    ],
)
def test_a_mark_for_excel_can_be_asked_for(api, query, accept, has_mark):
    answer = api.get(f"/stores/1/downloadables{query}", accept=accept)
    assert answer.data.startswith(b"\xef\xbb\xbf") == has_mark


def test_a_mark_that_is_no_flag_is_named(api):
    answer = api.get("/stores/1/downloadables?format=csv&bom=perhaps")
    assert answer.status_code == 400
    assert "bom=perhaps" in answer.text
