"""Filters of a collection: `property=value`, checked against its declaration."""

from typing import Any

import marshmallow

from app.errors import BadRequest, Problem
from app.http.pagination import Query
from schemas.base import ResourceSchema
from schemas.errors import Complaint
from schemas.fields import Date, Property, Reference, Upload

RESERVED = ("limit", "offset", "format")


def filterable(schema: ResourceSchema, columns: frozenset[str]) -> dict[str, Property]:
    """Give the properties that a collection can be filtered by."""
    return {
        name: field
        for name, field in schema.shown.items()
        if field.column in columns and not isinstance(field, Date | Upload)
    }


def filters(query: Query, known: dict[str, Property], base: str) -> dict[str, Any]:
    """Read the filters of a query: values by column; our URLs begin with `base`.

    Raises `BadRequest` that names every parameter that is wrong, and the known.
    """
    found: dict[str, Any] = {}
    problems = []
    for name, value in query:
        if name in RESERVED:
            continue
        field = known.get(name)
        if field is None:
            problems.append(
                Problem(
                    f"{name[:100]} is not a parameter of this collection; known are "
                    + ", ".join((*RESERVED, *known)),
                    "unknown",
                    name[:100],
                )
            )
            continue
        try:
            if isinstance(field, Reference):
                value = value.removeprefix(base)  # noqa: PLW2901
            found[field.column] = field.read(value)
        except marshmallow.ValidationError as error:
            complaint = error.messages[0]
            code = complaint.code if isinstance(complaint, Complaint) else "invalid"
            problems.append(Problem(f"{name} {complaint}", code, name))
    if problems:
        raise BadRequest(problems=problems)
    return found
