"""Conditions that the filters of all dialects are built from."""

from collections.abc import Iterable, Sequence

from app.services.rows.filters import All, AnyOf, Compare, Condition, Like
from app.services.rows.listing import Order, Selection
from app.services.rows.search_text import contains_pattern


def is_one_of(column: str, values: Iterable[int | bool | str]) -> Condition:
    """Return the condition that a column has one of some values."""
    return AnyOf(tuple(Compare(column, "=", value) for value in values))


def matches(column: str, words: Sequence[str]) -> Condition:
    """Return the condition that a folded text contains each of some words."""
    return All(tuple(Like(column, contains_pattern(word)) for word in words))


def select_all_of(
    conditions: Sequence[Condition], order: tuple[Order, ...]
) -> Selection:
    """Return the selection of rows that meet all conditions."""
    return Selection(All(tuple(conditions)), order)
