"""Lists and parameters of header fields (RFC 9110, section 5.6), and their limits."""

import pytest

from app.errors import BadRequest, HeaderTooLarge
from app.http.headers.field_syntax import (
    MAX_FIELD,
    MAX_MEMBERS,
    ensure_bounded,
    field_parameters,
    list_members,
)


@pytest.mark.parametrize(
    ("field", "members"),
    [
        ("", [""]),
        ("a", ["a"]),
        ("a, b,c", ["a", " b", "c"]),
        ('"a,b",c', ['"a,b"', "c"]),
        (r'"a\",b",c', [r'"a\",b"', "c"]),
        (r'"a\\",b', [r'"a\\"', "b"]),
        ("a\\,b", ["a\\", "b"]),
        ('"a,b', ['"a,b']),
        ('a="x";b,c="y,z"', ['a="x";b', 'c="y,z"']),
    ],
)
def test_a_list_is_split_at_commas_outside_of_quotes(field, members):
    assert list_members(field) == members


@pytest.mark.parametrize(
    ("field", "parameters"),
    [
        ("text/html", {}),
        ("text/html; charset=utf-8", {"charset": "utf-8"}),
        ('form-data; name="a b"; filename="c;d"', {"name": "a b", "filename": "c;d"}),
        ("x; A=1; a=2", {"a": "1"}),
        (r'x; a="b\"c"', {"a": r"b\"c"}),
        ("x; filename=my song.mp3 ; b=1", {"filename": "my song.mp3", "b": "1"}),
        ('x; a="never closed; b=1', {"a": "never closed; b=1"}),
        ("x; =1; a = 2", {"a": "2"}),
        ("x; a=", {"a": ""}),
        ("x;;; a=1", {"a": "1"}),
    ],
)
def test_parameters_are_read_one_after_the_other(field, parameters):
    assert field_parameters(field) == parameters


def test_a_field_that_is_too_long_is_named_and_removed():
    environ = {"HTTP_USER_AGENT": "x" * MAX_FIELD, "HTTP_X_LONG_ONE": "y" * 8191}
    with pytest.raises(HeaderTooLarge, match="the header X-Long-One has 8191"):
        ensure_bounded(environ)
    assert environ == {"HTTP_USER_AGENT": "x" * MAX_FIELD}
    ensure_bounded(environ)


def test_the_content_type_has_the_same_limit_and_other_variables_have_none():
    ensure_bounded({"QUERY_STRING": "x" * 9000, "PATH_INFO": "y" * 9000})
    with pytest.raises(HeaderTooLarge):
        ensure_bounded({"CONTENT_TYPE": "x" * (MAX_FIELD + 1)})


def test_a_list_has_so_many_members_and_no_more():
    ensure_bounded({"HTTP_ACCEPT": ",".join("a" * MAX_MEMBERS)})
    with pytest.raises(BadRequest, match="the header Accept has more than 64 members"):
        ensure_bounded({"HTTP_ACCEPT": ",".join("a" * (MAX_MEMBERS + 1))})
    # A date has a comma, and cookies may have any number.
    ensure_bounded({"HTTP_COOKIE": "," * MAX_MEMBERS})
