"""What is suggested in place of a name that is not known."""

import pytest

from app.http.query.parser import OPERATORS as ALL
from app.http.query.suggestions import about_name, about_operator, about_order, close_to

TEXTS = ("isdefined", "in", "not")
KNOWN = ("name", "price", "order", "limit")


@pytest.mark.parametrize(
    ("operator", "is_text", "says"),
    [
        ("eq", False, "write price=value"),
        ("EQUALS", False, "write price=value"),
        ("less_than", False, "did you mean lessthan?"),
        ("Less-Than", False, "did you mean lessthan?"),
        ("lt", False, "did you mean lessthan?"),
        ("contains", True, "write price=*"),
        ("between", False, "write price="),
        ("between", True, "write price=a..m"),
        ("lesthan", False, "did you mean lessthan?"),
        ("nonsense", False, ""),
    ],
)
def test_an_operator(operator, is_text, says):
    found = about_operator(operator, "price", ALL, is_text=is_text)
    assert found.startswith(says) if says else found == ""


def test_a_range_is_suggested_only_where_there_is_an_order():
    assert "a..m" not in about_operator("between", "flag", TEXTS, is_text=True)


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("price>5", "", "write price:greaterthan=5"),
        ("price<5", "", "write price:lessthan=5"),
        # Of price>=5 only price> is the name.
        ("price>", "5", "write price:greaterthanorequal=5"),
        ("price<", "5", "write price:lessthanorequal=5"),
        ("filter", "x", "write property=value"),
        ("sort", "", "did you mean order?"),
        ("nme", "x", "did you mean name?"),
        ("quite another", "x", ""),
    ],
)
def test_a_name(name, value, says):
    assert about_name(name, value, KNOWN, lambda _name: ALL) == says


@pytest.mark.parametrize(
    ("order", "says"),
    [
        ("-price", "write price desc"),
        ("+price", "write price"),
        ("price:desc", "write price desc"),
        ("price.ASC", "write price asc"),
        ("desc", "write the direction after a space, as price desc"),
        ("prise", "did you mean price?"),
    ],
)
def test_an_order(order, says):
    assert about_order(order, KNOWN) == says


def test_a_name_of_any_length_and_case_is_compared():
    assert close_to("PRICE", KNOWN) == "did you mean price?"
    assert close_to("x" * 100_000, KNOWN) == ""
