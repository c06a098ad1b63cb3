"""Each limit of a query is where it is said to be: what is allowed, and one more."""

import pytest

from app.http.query import query_limits as limits

PATH = "/stores/1/downloadables"


@pytest.mark.parametrize(
    ("name", "separator", "most"),
    [
        ("id:in", ",", limits.MAX_VALUES),
        ("code", "|", limits.MAX_VALUES),
        ("search", " ", limits.MAX_WORDS),
    ],
)
def test_so_many_values_are_read_and_no_more(api, name, separator, most):
    for number, status in ((most, 200), (most + 1, 400)):
        value = separator.join(map(str, range(1, number + 1)))
        answer = api.get(PATH, query_string={name: value})
        assert answer.status_code == status, answer.text
    assert str(most) in answer.text


def test_alternatives_and_lists_are_counted_together(api):
    half = limits.MAX_VALUES // 2
    listed = ",".join(map(str, range(1, half + 1)))
    query = [("id:in", listed), ("code:in", listed)]
    assert api.get(PATH, query_string=query).status_code == 200
    assert api.get(PATH, query_string=[*query, ("name", "a")]).status_code == 400


@pytest.mark.parametrize("value", ["true", "false"])
def test_a_byte_order_mark_can_be_asked_for(api, value):
    answer = api.get(f"{PATH}?format=csv&bom={value}")
    assert answer.data.startswith(b"\xef\xbb\xbf") is (value == "true")


def test_what_is_neither_true_nor_false_is_no_answer_about_a_mark(api):
    answer = api.get(f"{PATH}?format=csv&bom=perhaps")
    assert answer.status_code == 400
    assert "bom=perhaps" in answer.text


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("fields=nam", "did you mean name?"),
        ("zoom=stor", "did you mean store?"),
        ("price:lessthn=5", "did you mean lessthan?"),
    ],
)
def test_a_name_that_is_close_is_suggested(api, query, says):
    assert says in api.get(f"{PATH}?{query}").text


def test_a_bound_of_a_day_is_its_first_or_its_last_moment(api):
    api.add()
    day = api.get("/downloadables/1").json["date_created"][:10]
    for operator, count in (
        ("lessthan", 0),
        ("lessthanorequal", 1),
        ("greaterthan", 0),
        ("greaterthanorequal", 1),
    ):
        found = api.get(PATH, query_string={f"date_created:{operator}": day}).json
        assert found["total_items"] == count, operator


def test_the_log_names_the_parameter_and_not_what_it_looks_for(api, caplog):
    caplog.set_level("INFO")
    api.get(PATH, query_string={"pasword:is": "secret-passcode"})
    assert "query parameter pasword:is: unknown" in caplog.text
    assert "secret-passcode" not in caplog.text
