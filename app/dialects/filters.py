"""What dialects find rows by: conditions that are put together one by one."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from app.services.rows.filters import All, AnyOf, Compare, Condition, Like
from app.services.rows.listing import Order, Selection
from app.services.rows.search_text import contains_pattern


@dataclass(frozen=True, slots=True)
class FilterBuilder:
    """A condition, of parameters that are counted from 0, and their values."""

    build: Callable[[int], Condition]
    values: tuple[Any, ...] = ()

    @staticmethod
    def is_one_of(column: str, values: Iterable[Any], kind: type) -> "FilterBuilder":
        """Require that a column has one of some values."""
        found = tuple(values)
        return FilterBuilder(
            lambda first: AnyOf(
                tuple(
                    Compare(column, "=", first + number, kind)
                    for number in range(len(found))
                )
            ),
            found,
        )

    @staticmethod
    def matches(column: str, words: Sequence[str]) -> "FilterBuilder":
        """Require that a folded text contains each of some words."""
        return FilterBuilder(
            lambda first: All(
                tuple(Like(column, first + number) for number in range(len(words)))
            ),
            tuple(contains_pattern(word) for word in words),
        )

    @staticmethod
    def nothing() -> "FilterBuilder":
        """Add a condition that nothing meets."""
        return FilterBuilder(lambda _first: AnyOf(()))

    @staticmethod
    def everything() -> "FilterBuilder":
        """Add no condition."""
        return FilterBuilder(lambda _first: All(()))


def joined(made: Sequence[FilterBuilder], order: tuple[Order, ...]) -> Selection:
    """Join conditions, whose parameters are counted on."""
    conditions: list[Condition] = []
    values: list[Any] = []
    for one in made:
        conditions.append(one.build(len(values)))
        values += one.values
    return Selection(All(tuple(conditions)), tuple(values), order)
