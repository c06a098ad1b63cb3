"""Several resources in one request: what was sent of each, and what became of it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from app.errors import BadRequest, Invalid, Problem, TooLarge
from app.http.bodies import Body
from schemas.base import ResourceSchema
from schemas.errors import FieldError

MAX_MEMBERS = 100
"""Resources of one request; what a page shows at most three times as many of."""

RESULTS = "fx:results"
MULTI_STATUS = 207
OK = 200


@dataclass(slots=True)
class Member:
    """One of several that were sent: its values by column, and what is wrong."""

    values: dict[str, Any]
    errors: list[FieldError] = field(default_factory=list)


def many(
    schema: ResourceSchema,
    body: Body,
    *,
    is_strict: bool = False,
    partial: bool = False,
) -> list[Member]:
    """Read each of several that were sent; one alone counts as several.

    Raises `TooLarge`, and `BadRequest` where one is no object.
    """
    sent = [body.values] if body.members is None else body.members
    if len(sent) > MAX_MEMBERS:
        raise TooLarge(
            f"the body has {len(sent)} resources; at most {MAX_MEMBERS} are taken in "
            "one request"
        )
    for position, values in enumerate(sent):
        if not isinstance(values, Mapping):
            raise BadRequest(f'[{position}] must be an object, such as {{"name": "…"}}')
    return [
        Member(*schema.read(values, partial=partial, is_strict=is_strict))
        for values in sent
    ]


def refuse_all(members: Sequence[Member], *, unique_by: str) -> None:
    """Refuse all if anything is wrong with one. Raises `Invalid`.

    Each error says in brackets which it is about, counted from 0.
    """
    problems: list[Problem] = []
    seen: dict[Any, int] = {}
    for position, member in enumerate(members):
        problems += placed(position, member.errors, is_alone=len(members) == 1)
        value = member.values.get(unique_by)
        if value is not None and seen.setdefault(value, position) != position:
            text = f"[{position}].{unique_by} is the same as [{seen[value]}]'s"
            problems.append(Problem(text, "repeated", f"[{position}].{unique_by}"))
    if problems:
        raise Invalid(problems=problems)


def placed(
    position: int, errors: Iterable[FieldError], *, is_alone: bool = False
) -> list[Problem]:
    """Say of errors which of several they are about."""
    prefix = "" if is_alone else f"[{position}]."
    return [
        Problem(prefix + error.message, error.code, prefix + error.property)
        for error in errors
    ]
