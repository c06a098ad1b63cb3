"""Trees of conditions: their shapes are shared, their values never part of SQL."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import column

from app.services.rows.filters import (
    EVERYTHING,
    NOTHING,
    All,
    AnyOf,
    Compare,
    Defined,
    Exists,
    Like,
    Not,
    Parameter,
    condition_size,
    parameterize,
    sql_expression,
)

COLUMNS = {name: column(name) for name in ("a", "b")}
NAMES = st.sampled_from(sorted(COLUMNS))
VALUES = st.integers() | st.booleans() | st.text()
LEAVES = st.one_of(
    st.builds(Compare, NAMES, st.sampled_from(["=", "<", "<=", ">", ">="]), VALUES),
    st.builds(Like, NAMES, st.text()),
    st.builds(Defined, NAMES, st.booleans()),
)
TREES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.builds(Not, inner),
        st.builds(Exists, st.just("other"), NAMES, NAMES, inner),
        st.builds(All, st.lists(inner, max_size=3).map(tuple)),
        st.builds(AnyOf, st.lists(inner, max_size=3).map(tuple)),
    ),
    max_leaves=12,
)


def values_of(node):
    match node:
        case Compare(_, _, value) | Like(_, value):
            yield value
        case Not(inner) | Exists(condition=inner):
            yield from values_of(inner)
        case All(conditions) | AnyOf(conditions):
            for inner in conditions:
                yield from values_of(inner)


@given(TREES)
def test_the_shape_has_a_parameter_of_the_type_for_each_value_in_order(tree):
    shape, values = parameterize(tree)
    assert list(values) == list(values_of(tree))
    assert list(values_of(shape)) == [
        Parameter(number, type(value)) for number, value in enumerate(values)
    ]
    assert condition_size(shape) == condition_size(tree)


@given(TREES, st.integers())
def test_trees_that_differ_in_values_alone_have_one_shape(tree, number):
    def replaced(node):
        match node:
            case Compare(name, comparison, value):
                kind: Any = type(value)
                return Compare(name, comparison, kind(number))
            case Like(name, _):
                return Like(name, str(number))
            case Not(inner):
                return Not(replaced(inner))
            case Exists(kind, ours, theirs, inner):
                return Exists(kind, ours, theirs, replaced(inner))
            case All(conditions) | AnyOf(conditions):
                return type(node)(tuple(map(replaced, conditions)))
        return node

    assert parameterize(replaced(tree))[0] == parameterize(tree)[0]


@given(TREES)
def test_no_value_is_part_of_the_sql(tree):
    shape, values = parameterize(tree)
    shown = str(sql_expression(shape, COLUMNS, lambda exists, _: column(exists.ours)))
    for value in values:
        if isinstance(value, str) and len(value) > 3:
            assert value not in shown


def test_a_value_that_was_left_in_a_tree_is_refused():
    for tree in (Compare("a", "=", 1), Like("a", "x%"), Not(Compare("a", "=", "b"))):
        with pytest.raises(TypeError, match="a value instead of a parameter"):
            sql_expression(tree, COLUMNS, None)


def test_all_of_none_holds_and_any_of_none_does_not():
    shown = [str(sql_expression(tree, {}, None)) for tree in (EVERYTHING, NOTHING)]
    assert shown == ["true", "false"]


@pytest.mark.parametrize(
    ("condition", "size"),
    [
        (Compare("a", "=", 1), 1),
        (Defined("a", is_text=False), 1),
        (Not(Compare("a", "=", 1)), 2),
        (Exists("other", "a", "b", Like("a", "x%")), 2),
        (EVERYTHING, 1),
        (AnyOf((All((Compare("a", "=", 1), Compare("b", "=", 2))), NOTHING)), 5),
    ],
)
def test_the_size_of_a_condition_is_the_number_of_its_nodes(condition, size):
    assert condition_size(condition) == size
