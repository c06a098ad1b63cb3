"""Checks of a request that changes something, and the handling of its file."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from app.database import Snapshot
from app.errors import Invalid
from app.http.bodies import body_reader
from app.http.context import RequestContext
from app.http.media_types import MULTIPART
from app.http.views.operations import Record
from schemas.base.errors import FieldError
from schemas.base.schema import ResourceSchema


def store_of(record: Record) -> int | None:
    """Return the id of the store that a record belongs to or is, if any."""
    found = record.get("store_id", record.get("id"))
    return None if found is None else int(found)


@contextmanager
def keeping_file(
    context: RequestContext, body: body_reader.Body, checked: Callable[[Snapshot], Any]
) -> Iterator[Any]:
    """Store an uploaded file durably before its row; remove it if none comes.

    What is wrong anyway is found before the disk is synced.
    """
    if body.upload is None:
        yield None
        return
    checked(context.db)
    context.release_connection()
    with context.installation.removal.remove_unless_named(body.upload.writer.key):
        yield body.upload.commit()


def ensure_valid(
    schema: ResourceSchema,
    whole: Record,
    errors: list[FieldError],
    rule_errors: Iterable[FieldError],
) -> None:
    """Raise `Invalid` with all errors of the values, one for each property.

    `errors` are those of the schema, `rule_errors` those of the rules beyond it. Raise
    `Invalid`.
    """
    named = {error.property for error in errors}
    for error in (*schema.unmet(whole), *rule_errors):
        if error.property not in named:
            named.add(error.property)
            errors.append(error)
    if errors:
        order = list(schema.fields)
        errors.sort(
            key=lambda e: order.index(e.property) if e.property in order else len(order)
        )
        raise Invalid.of(errors)


def with_local_references(
    schema: ResourceSchema, values: Mapping[str, Any], context: RequestContext
) -> dict[str, Any]:
    """Return values with URLs of this server as paths.

    A schema knows paths only; an address elsewhere stays whole and is refused.
    """
    result = dict(values)
    for name in schema.references:
        value = result.get(name)
        # HAL clients send a link as a list of one.
        if isinstance(value, list) and len(value) == 1:
            value = value[0]
        if isinstance(value, str):
            result[name] = value.strip().removeprefix(context.urls.base)
    return result


def needed_file(*, has_file: bool, is_new: bool) -> Iterator[FieldError]:
    """Yield an error if a required file is missing, or if it cannot be changed."""
    if is_new and not has_file:
        text = "file can't be blank: send it as a file part of multipart/form-data"
        yield FieldError("file", "required", text)
    if has_file and not is_new:
        yield FieldError("file", "fixed", "file can't be changed: upload another one")


def file_problems(
    context: RequestContext,
    schema: ResourceSchema,
    body: body_reader.Body,
    *,
    is_new: bool,
) -> list[FieldError]:
    """Return errors if a required file is missing, or if a file and a URL were sent."""
    if schema.needs_file:
        return list(needed_file(has_file=body.upload is not None, is_new=is_new))
    if not schema.takes_file or context.request.mimetype != MULTIPART:
        return []
    url = body.values.get("url")
    if body.upload and url:
        message = "url can't be sent together with a file: send one of them"
        return [FieldError("url", "exclusive", message)]
    # "file" among the values is a text in a file's place, which has its own error.
    if is_new and not (body.upload or url or "file" in body.values or body.problems):
        message = "file can't be blank: send it as a file part, or send url"
        return [FieldError("file", "required", message)]
    return []
