"""Several resources in one request: the members, and the result of each."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from app.database import Transaction
from app.errors import BadRequest, Conflict, Invalid, Problem, RequestError, TooLarge
from app.http.bodies.body_reader import Body
from app.http.hypermedia.declaration import ERRORS
from app.http.pagination import Query
from representations import Link, Resource, Value
from schemas.base.errors import FieldError
from schemas.base.schema import ResourceSchema
from schemas.values.identifiers import ID

MAX_MEMBERS = 100
"""Resources of one request."""

RESULTS = "fx:results"
MULTI_STATUS = 207
"""Not all had the same outcome (RFC 4918, section 13)."""

_IDS = re.compile(f"{ID}(,{ID})*", re.ASCII)


@dataclass(slots=True)
class Member:
    """One of several that were sent: its values by column, and what is wrong."""

    values: dict[str, Any]
    errors: list[FieldError] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Result:
    """The result for one resource: its URL, if it has one, and its errors.

    `extra` are properties that only this answer has.
    """

    status: int
    message: str
    href: str = ""
    problems: tuple[Problem, ...] = ()
    extra: Mapping[str, Value] = field(default_factory=dict)

    @property
    def is_failure(self) -> bool:
        """Whether nothing was changed."""
        return bool(self.problems)

    def document(self, position: int) -> Resource:
        """Build the resource that describes this result."""
        errors = [
            {"message": p.message, "property": p.property, "code": p.code}
            for p in self.problems
        ]
        return Resource(
            classes=("result",),
            href=self.href or None,
            rel=RESULTS,
            title=self.message,
            properties={
                "position": position,
                "status": self.status,
                "message": self.message,
                **self.extra,
            },
            links=[Link("self", self.href, self.message)] if self.href else [],
            embedded={
                ERRORS: [
                    Resource(
                        classes=("error",),
                        rel=ERRORS,
                        properties={k: v for k, v in entry.items() if v},
                    )
                    for entry in errors
                ]
            }
            if errors
            else {},
        )


def each_member(
    tx: Transaction, works: Sequence[Callable[[], Result]], *, is_whole: bool
) -> list[Result]:
    """Run each work in a savepoint, so that a failure undoes that work alone.

    With `is_whole`, one failure undoes all: raises `Conflict` or `Invalid` with
    everything that is wrong.
    """
    results = []
    for work in works:
        try:
            # A savepoint, so that one failure undoes its own changes and no others.
            with tx.connection.begin_nested():
                results.append(work())
        except RequestError as error:
            if not error.is_refusal:
                # It is about the server, and what is undone is not known here.
                raise
            status = error.status
            results.append(Result(status, str(error), problems=error.problems))
    failures = [r for r in results if r.is_failure]
    if failures and is_whole:
        problems = [
            Problem(f"[{i}]: {p.message}", p.code, f"[{i}].{p.property}".rstrip("."))
            for i, result in enumerate(results)
            for p in result.problems
        ]
        kind = (
            Invalid if any(r.status == Invalid.status for r in failures) else Conflict
        )
        raise kind(problems=problems)
    return results


def results_document(href: str, results: Sequence[Result]) -> Resource:
    """Build the answer: a result for each, in their order."""
    failed = sum(result.is_failure for result in results)
    return Resource(
        classes=("results",),
        href=href,
        properties={"total": len(results), "failed": failed},
        links=[Link("self", href, "This Collection")],
        embedded={RESULTS: [r.document(i) for i, r in enumerate(results)]},
    )


def status_of(results: Sequence[Result], success_status: int) -> int:
    """Return the status of the whole answer."""
    return MULTI_STATUS if any(r.is_failure for r in results) else success_status


def named_ids(query: Query) -> list[int]:
    """Return the ids that `id:in` lists, or an empty list."""
    # Only a plain list of ids: what a filter finds may have changed since the client
    # looked.
    found = [value for name, value in query if name in {"id", "id:in"}]
    if len(found) != 1 or not _IDS.fullmatch(found[0]):
        return []
    # An id that is named twice is changed once.
    return list(dict.fromkeys(map(int, found[0].split(","))))


def ids_of(query: Query) -> list[int]:
    """Return the ids of the resources to change. Raise `BadRequest` or `TooLarge`."""
    ids = named_ids(query)
    if not ids:
        raise BadRequest(
            "list the ids to change, for example ?id:in=4,7; changing a whole "
            "collection is not supported"
        )
    _ensure_few(len(ids))
    return ids


def read_members(
    schema: ResourceSchema,
    body: Body,
    *,
    is_strict: bool = False,
    prepared: Callable[[Mapping[str, Any]], Mapping[str, Any]] = dict,
) -> list[Member]:
    """Read each of several that were sent; one alone counts as several.

    Raise `TooLarge`, or `BadRequest` where one is no object.
    """
    sent = [body.values] if body.members is None else body.members
    _ensure_few(len(sent))
    for position, values in enumerate(sent):
        if not isinstance(values, Mapping):
            raise BadRequest(f'[{position}] must be an object, such as {{"name": "…"}}')
    return [
        Member(*schema.read(prepared(values), partial=False, is_strict=is_strict))
        for values in sent
    ]


def refuse_all(members: Sequence[Member], *, unique_by: str) -> None:
    """Raise `Invalid` if any member has an error.

    Each error says in brackets which it is about, counted from 0.
    """
    problems: list[Problem] = []
    seen: dict[Any, int] = {}
    for position, member in enumerate(members):
        problems += placed_errors(position, member.errors, is_alone=len(members) == 1)
        value = member.values.get(unique_by)
        # The database would refuse the second one, but could not say which is the
        # first.
        if value is not None and seen.setdefault(value, position) != position:
            text = f"[{position}].{unique_by} is the same as [{seen[value]}]'s"
            problems.append(Problem(text, "repeated", f"[{position}].{unique_by}"))
    if problems:
        raise Invalid(problems=problems)


def placed_errors(
    position: int, errors: Iterable[FieldError], *, is_alone: bool = False
) -> list[Problem]:
    """Return problems that name the member of an array they are about."""
    prefix = "" if is_alone else f"[{position}]."
    return [
        Problem(prefix + error.message, error.code, prefix + error.property)
        for error in errors
    ]


def _ensure_few(number: int) -> None:
    if number > MAX_MEMBERS:
        raise TooLarge(
            f"the request is about {number} resources; at most {MAX_MEMBERS} are taken "
            "at once"
        )
