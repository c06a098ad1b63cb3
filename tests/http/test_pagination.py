"""Offset pagination on both wires."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.http.pagination import MAX_LIMIT, Window, page_links, window, with_query

URL = "http://h/c"
FOXY = {"FOXY-API-VERSION": "1"}


def hrefs(total, limit, offset, *, foxy, query=()):
    returned = max(0, min(limit, total - offset))
    shown = Window(limit, offset)
    links = page_links(URL, query, shown, total=total, returned=returned, foxy=foxy)
    return {link.rel: link.href for link in links}


def offsets(total, limit, offset, *, foxy):
    found = hrefs(total, limit, offset, foxy=foxy)
    found.pop("self")
    return {rel: int(href.rpartition("=")[2]) for rel, href in found.items()}


@pytest.mark.parametrize(
    ("total", "limit", "offset", "clean", "foxy"),
    [
        (
            0,
            20,
            0,
            {"first": 0, "last": 0},
            {"first": 0, "prev": 0, "next": 0, "last": 0},
        ),
        (
            5,
            20,
            0,
            {"first": 0, "last": 0},
            {"first": 0, "prev": 0, "next": 0, "last": 0},
        ),
        (
            20,
            20,
            0,
            {"first": 0, "last": 0},
            {"first": 0, "prev": 0, "next": 20, "last": 0},
        ),
        (
            45,
            20,
            0,
            {"first": 0, "next": 20, "last": 40},
            {"first": 0, "prev": 0, "next": 20, "last": 40},
        ),
        (
            45,
            20,
            20,
            {"first": 0, "prev": 0, "next": 40, "last": 40},
            {"first": 0, "prev": 0, "next": 40, "last": 40},
        ),
        (
            45,
            20,
            40,
            {"first": 0, "prev": 20, "last": 40},
            {"first": 0, "prev": 20, "next": 40, "last": 40},
        ),
        (
            45,
            20,
            10,
            {"first": 0, "prev": 0, "next": 30, "last": 40},
            {"first": 0, "prev": 0, "next": 30, "last": 40},
        ),
        (
            45,
            20,
            900,
            {"first": 0, "prev": 40, "last": 40},
            {"first": 0, "prev": 880, "next": 900, "last": 40},
        ),
        (
            45,
            0,
            0,
            {"first": 0, "last": 0},
            {"first": 0, "prev": 0, "next": 0, "last": 0},
        ),
    ],
)
def test_pages_are_linked(total, limit, offset, clean, foxy):
    assert offsets(total, limit, offset, foxy=False) == clean
    assert offsets(total, limit, offset, foxy=True) == foxy


@given(st.integers(0, 500), st.integers(1, 50))
def test_following_next_from_first_shows_everything_once(total, limit):
    seen, offset, steps = [], 0, 0
    while True:
        seen += range(offset, min(offset + limit, total))
        links = offsets(total, limit, offset, foxy=False)
        steps += 1
        if "next" not in links:
            break
        offset = links["next"]
    assert seen == list(range(total))
    assert steps == max(1, -(-total // limit))
    assert offset == offsets(total, limit, 0, foxy=False)["last"]


@given(st.integers(0, 200), st.integers(1, 50))
def test_an_infinite_list_of_foxys_stops(total, limit):
    offset, seen = 0, 0
    for _ in range(total // limit + 2):
        returned = max(0, min(limit, total - offset))
        seen += returned
        if returned < limit:
            break
        offset = offsets(total, limit, offset, foxy=True)["next"]
    assert seen == total


def test_all_other_parameters_are_kept_in_their_order():
    query = [("code", "a b&c"), ("limit", "2"), ("offset", "4"), ("name", "é")]
    links = hrefs(9, 2, 4, foxy=False, query=query)
    assert links["next"] == f"{URL}?code=a%20b%26c&limit=2&name=%C3%A9&offset=6"
    assert links["self"] == f"{URL}?code=a%20b%26c&limit=2&offset=4&name=%C3%A9"


def test_without_a_query_there_is_no_question_mark():
    assert with_query(URL, ()) == URL


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ([], (20, 0)),
        ([("limit", "5"), ("offset", "7")], (5, 7)),
        ([("limit", "0")], (0, 0)),
        ([("limit", "300")], (300, 0)),
        ([("limit", "301")], (MAX_LIMIT, 0)),
        ([("limit", "9999999")], (MAX_LIMIT, 0)),
        ([("page", "3"), ("perpage", "10")], (10, 20)),
        ([("page", "2"), ("per_page", "7")], (7, 7)),
        ([("page", "1"), ("page_size", "50")], (50, 0)),
        ([("page", "2")], (20, 20)),
    ],
)
def test_a_window_is_read(query, expected):
    problems = []
    found = window(query, problems)
    assert not problems
    assert (found.limit, found.offset) == expected


@pytest.mark.parametrize("name", ["limit", "offset"])
@pytest.mark.parametrize("value", ["-1", "", "x", "1.5", "1e3", "+1", "٣", "9" * 30])
def test_what_is_no_number_is_refused_by_name(name, value):
    problems = []
    window(((name, value),), problems)
    [problem] = problems
    assert problem.message.startswith(f"{name} must be a whole number from 0")
    assert problem.property == name


@pytest.mark.parametrize("query", [[("page", "0")], [("page", "2"), ("offset", "3")]])
def test_a_page_that_is_none_is_refused(query):
    problems = []
    window(query, problems)
    assert [p.property for p in problems] == ["page"]


def test_links_say_offsets_also_where_pages_were_asked_for():
    query = [("page", "2"), ("perpage", "10"), ("code", "a")]
    found = hrefs(45, 10, 10, foxy=False, query=query)
    assert found["next"] == f"{URL}?limit=10&code=a&offset=20"
    assert found["self"] == f"{URL}?page=2&perpage=10&code=a"


def test_both_wrong_are_both_named(api):
    response = api.get("/stores?limit=a&offset=b")
    assert response.status_code == 400
    assert set(api.errors(response)) == {"limit", "offset"}


def test_totals_are_numbers_on_the_clean_wire_and_a_string_on_foxys(api):
    for code in ("a", "b", "c"):
        api.add(code=code)
    clean = api.get("/stores/1/downloadables?limit=2").json
    assert (clean["total_items"], clean["returned_items"]) == (3, 2)
    assert (clean["limit"], clean["offset"]) == (2, 0)
    response = api.get("/stores/1/downloadables?limit=2", headers=FOXY)
    assert response.json["total_items"] == "3"
    assert response.json["returned_items"] == 2
    assert response.headers["FOXY-API-VERSION"] == "1"


def test_a_limit_over_the_most_is_capped_and_says_so(api):
    assert api.get("/stores/1/downloadables?limit=1000").json["limit"] == 300


def test_an_offset_past_the_end_is_an_empty_page(api):
    api.add()
    page = api.get("/stores/1/downloadables?offset=50").json
    assert page["_embedded"]["fx:downloadables"] == []
    assert page["total_items"] == 1
    assert page["_links"]["prev"]["href"].endswith("offset=0")
