"""Conditions on rows: a small tree of values, and the SQL of it.

`parameterize` splits a tree into its shape and its values. Trees of one shape share a
compiled statement, and no value is ever part of SQL.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from operator import eq, ge, gt, le, lt
from typing import Any

from sqlalchemy import (
    BigInteger,
    BindParameter,
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
class Parameter:
    """A placeholder for a value in a shape: its number and its type."""

    number: int
    kind: type

    @property
    def name(self) -> str:
        """The name of the parameter in a statement."""
        return parameter_name(self.number)

    @property
    def bound(self) -> BindParameter[Any]:
        """The parameter as a part of a statement."""
        return bindparam(self.name, type_=_TYPES[self.kind]())


Value = int | bool | str | Parameter


@dataclass(frozen=True, slots=True)
class Compare:
    """``column <comparison> value``; the comparison is a key of `COMPARISONS`."""

    column: str
    comparison: str
    value: Value


@dataclass(frozen=True, slots=True)
class Like:
    """``column LIKE pattern``, with a backslash as the escape character."""

    column: str
    pattern: Value


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

EVERYTHING, NOTHING = All(()), AnyOf(())

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
    """Return the SQL expression of a shape on some columns."""
    match condition:
        case Compare(column, comparison, Parameter() as parameter):
            compare = COMPARISONS[comparison]
            found: ColumnElement[bool] = compare(columns[column], parameter.bound)
            return found
        case Like(column, Parameter() as parameter):
            # Without ESCAPE, a backslash escapes in PostgreSQL, and means itself in
            # SQLite.
            return columns[column].like(parameter.bound, escape="\\")
        case Compare() | Like():
            raise TypeError(f"{condition} has a value instead of a parameter")
        case Defined(column, is_text):
            found = columns[column].is_not(None)
            return and_(found, columns[column] != "") if is_text else found
        case Exists():
            return exists(condition, columns)
        case Not(inner):
            # In SQL, NOT NULL is NULL; here it is true.
            return not_(func.coalesce(sql_expression(inner, columns, exists), false()))
        case All(conditions):
            return and_(
                # AND of nothing is true, so that an empty tree selects everything.
                true(),
                *(sql_expression(c, columns, exists) for c in conditions),
            )
        case AnyOf(conditions):
            return or_(
                # OR of nothing is false; `NOTHING` is such a tree.
                false(),
                *(sql_expression(c, columns, exists) for c in conditions),
            )


def parameterize(condition: Condition) -> tuple[Condition, tuple[Any, ...]]:
    """Return the shape of a tree, with parameters instead of values, and the values."""
    values: list[Any] = []

    def parameter(value: Value) -> Parameter:
        values.append(value)
        return Parameter(len(values) - 1, type(value))

    def shape(node: Condition) -> Condition:  # noqa: PLR0911 - one for each kind of node
        match node:
            case Compare(column, comparison, value):
                return Compare(column, comparison, parameter(value))
            case Like(column, pattern):
                return Like(column, parameter(pattern))
            case Exists(kind, ours, theirs, inner):
                return Exists(kind, ours, theirs, shape(inner))
            case Not(inner):
                return Not(shape(inner))
            case All(conditions):
                return All(tuple([shape(inner) for inner in conditions]))
            case AnyOf(conditions):
                return AnyOf(tuple([shape(inner) for inner in conditions]))
            case Defined():
                return node

    return shape(condition), tuple(values)


def condition_size(condition: Condition) -> int:
    """Return the number of nodes of a condition."""
    match condition:
        case Exists(condition=inner) | Not(condition=inner):
            return 1 + condition_size(inner)
        case All(conditions) | AnyOf(conditions):
            return 1 + sum([condition_size(inner) for inner in conditions])
    return 1


def parameter_name(number: int) -> str:
    """Return the name of a parameter in a statement."""
    return f"p{number}"
