"""Escapes, separators, ranges and wildcards of the query language."""

import pytest

from app.http.query import lexer
from app.http.query.lexer import Mistake, Step
from app.http.query.query_limits import MAX_WILDCARDS


def text(parts):
    return ["".join(c for c, _, _ in part) for part in parts]


@pytest.mark.parametrize(
    ("value", "plain", "escaped"),
    [
        ("", "", []),
        ("abc", "abc", []),
        (r"a\*b\|c", "a*b|c", [1, 3]),
        (r"\\", "\\", [0]),
        (r"1\.\.2", "1..2", [1, 2]),
    ],
)
def test_escapes_are_resolved(value, plain, escaped):
    found = lexer.characters(value)
    assert lexer.plain(found) == plain
    assert [i for i, (_, is_escaped, _) in enumerate(found) if is_escaped] == escaped


@pytest.mark.parametrize(("value", "position"), [("ab\\", 3), (r"a\x", 2), (r"\a", 1)])
def test_an_escape_of_nothing_is_a_mistake_with_its_place(value, position):
    with pytest.raises(Mistake) as mistake:
        lexer.characters(value)
    assert (mistake.value.position, mistake.value.code) == (position, "invalid")


@pytest.mark.parametrize(
    ("value", "parts"),
    [("", [""]), ("a|b", ["a", "b"]), (r"a\|b|c", ["a|b", "c"]), ("|", ["", ""])],
)
def test_a_value_is_split_at_separators_that_are_not_escaped(value, parts):
    assert text(lexer.split_at(lexer.characters(value), "|")) == parts


@pytest.mark.parametrize(
    ("alternative", "key", "value"),
    [
        ("song", "", "song"),
        ("name=song", "name", "song"),
        ("name=a=b", "name", "a=b"),
        (r"a\=b", "", "a=b"),
        ("attributes[a=b]=c", "attributes[a=b]", "c"),
        ("attributes[a=b]", "", "attributes[a=b]"),
        ("a]=b", "a]", "b"),
    ],
)
def test_an_alternative_may_name_another_parameter(alternative, key, value):
    found, rest = lexer.keyed(lexer.characters(alternative))
    assert (found, lexer.plain(rest)) == (key, value)


@pytest.mark.parametrize(
    ("key", "steps"),
    [
        ("name", [Step("name", 1)]),
        ("fx:store:name", [Step("store", 4), Step("name", 10)]),
        ("attributes[a:b]", [Step("attributes", 1, "a:b")]),
        ("attributes[a]:value", [Step("attributes", 1, "a"), Step("value", 15)]),
        ("fx", [Step("fx", 1)]),
        ("", [Step("", 1)]),
    ],
)
def test_a_parameter_is_a_path_of_names(key, steps):
    assert lexer.path_of(key) == steps


@pytest.mark.parametrize(("key", "position"), [("a[b", 2), ("a[b]c", 5)])
def test_brackets_are_closed_and_followed_by_a_colon(key, position):
    with pytest.raises(Mistake) as mistake:
        lexer.path_of(key)
    assert (mistake.value.position, mistake.value.is_in_name) == (position, True)


@pytest.mark.parametrize(
    ("value", "ends"),
    [
        ("1..5", ["1", "5"]),
        ("..5", ["", "5"]),
        ("1..", ["1", ""]),
        ("1...5", ["1", ".5"]),
        ("1.5", None),
        (r"1\..5", None),
        (r"1.\.5", None),
        ("", None),
    ],
)
def test_two_dots_are_a_range(value, ends):
    found = lexer.range_of(lexer.characters(value))
    assert (found and text(found)) == ends


def test_a_value_has_so_many_wildcards_and_no_more():
    most = lexer.characters("*" * MAX_WILDCARDS)
    assert lexer.pattern(most) == "%" * MAX_WILDCARDS
    with pytest.raises(Mistake, match=f"more than {MAX_WILDCARDS} wildcards"):
        lexer.pattern(lexer.characters("*" * (MAX_WILDCARDS + 1)))
    assert lexer.pattern(lexer.characters(r"a*\*_%")) == r"a%*\_\%"


def test_a_star_is_refused_where_it_means_nothing():
    assert lexer.without_wildcard(lexer.characters(r"a\*")) == "a*"
    with pytest.raises(Mistake) as mistake:
        lexer.without_wildcard(lexer.characters("ab*"))
    assert mistake.value.position == 3


@pytest.mark.parametrize(
    ("value", "members"),
    [
        ("a,b", [("a", 1), ("b", 3)]),
        (" a , ,b", [("a", 2), ("b", 7)]),
        ("", []),
    ],
)
def test_a_list_of_names_has_positions(value, members):
    assert list(lexer.members(value, ",")) == members


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({}, "'x' is not a known property (known are a, b)"),
        ({"hint": "did you mean a?"}, "(did you mean a? known are a, b)"),
        ({"hint": "write a=1"}, "(write a=1; known are a, b)"),
        ({"others": ("limit",)}, "(known are a, b; parameters are limit)"),
    ],
)
def test_an_unknown_name_is_said_with_the_known_ones(options, says):
    mistake = lexer.unknown("property", "x", ("a", "b"), 3, **options)
    assert mistake.text.endswith(says)
    assert (mistake.position, mistake.code, mistake.is_in_name) == (3, "unknown", True)
