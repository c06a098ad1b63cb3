"""Conditions on rows: a small tree, and what it says in SQL.

A tree holds no values but the numbers of parameters, so that trees of the same shape
share one compiled statement, and no value is ever part of SQL.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from operator import eq, ge, gt, le, lt
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    String,
    and_,
    bindparam,
    false,
    func,
    not_,
    or_,
    true,
)
from sqlalchemy.sql import ColumnElement


@dataclass(frozen=True, slots=True)
class Compare:
    """A column compares so (a key of `COMPARISONS`) with that parameter, of a kind."""

    column: str
    comparison: str
    parameter: int
    kind: type


@dataclass(frozen=True, slots=True)
class Like:
    """A text matches the pattern (SQL's, escaped by a backslash) of that parameter."""

    column: str
    parameter: int


@dataclass(frozen=True, slots=True)
class Defined:
    """A column is not null and, being a text, not empty."""

    column: str
    is_text: bool


@dataclass(frozen=True, slots=True)
class Exists:
    """There is a row of another kind, `theirs` being equal to our column `ours`."""

    kind: str
    ours: str
    theirs: str
    condition: "Condition"


@dataclass(frozen=True, slots=True)
class Not:
    """The condition does not hold; of a null, no comparison does."""

    condition: "Condition"


@dataclass(frozen=True, slots=True)
class All:
    """Every one holds; also none."""

    conditions: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one holds."""

    conditions: tuple["Condition", ...]


Condition = Compare | Like | Defined | Exists | Not | All | AnyOf

EVERYTHING = All(())

COMPARISONS: Mapping[str, Callable[[Any, Any], Any]] = {
    "=": eq,
    "<": lt,
    "<=": le,
    ">": gt,
    ">=": ge,
}
_TYPES = {int: BigInteger, bool: Boolean, str: String}

Columns = Mapping[str, ColumnElement[Any]]
Exister = Callable[[Exists, Columns], ColumnElement[bool]]
"""Writes the subquery of an `Exists` for the columns it starts from."""


def sql_expression(  # noqa: PLR0911 - one for each kind of node
    condition: Condition, columns: Columns, exists: Exister
) -> ColumnElement[bool]:
    """Return the SQL expression of a condition on some columns."""
    match condition:
        case Compare(column, comparison, parameter, kind):
            bound = bindparam(parameter_name(parameter), type_=_TYPES[kind]())
            found: ColumnElement[bool] = COMPARISONS[comparison](columns[column], bound)
            return found
        case Like(column, parameter):
            bound = bindparam(parameter_name(parameter), type_=String())
            return columns[column].like(bound, escape="\\")
        case Defined(column, is_text):
            found = columns[column].is_not(None)
            return and_(found, columns[column] != "") if is_text else found
        case Exists():
            return exists(condition, columns)
        case Not(inner):
            # What is unknown, of a null, is not so.
            return not_(func.coalesce(sql_expression(inner, columns, exists), false()))
        case All(conditions):
            return and_(
                true(), *(sql_expression(c, columns, exists) for c in conditions)
            )
        case AnyOf(conditions):
            return or_(
                false(), *(sql_expression(c, columns, exists) for c in conditions)
            )


def condition_size(condition: Condition) -> int:
    """Return how many nodes a condition has."""
    match condition:
        case Exists(condition=inner) | Not(condition=inner):
            return 1 + condition_size(inner)
        case All(conditions) | AnyOf(conditions):
            return 1 + sum([condition_size(inner) for inner in conditions])
    return 1


def parameter_name(number: int) -> str:
    """Name the parameter of that number in a statement."""
    return f"p{number}"
