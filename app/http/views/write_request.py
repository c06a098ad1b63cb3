"""The pipeline of a request that changes something, up to its transaction.

The order is: the type of the body, the token, the right to change the target, the body.
So an error is found as early as possible, and no database connection is held while a
slow client sends its body.

Tested in `tests/http/views/test_write_checks.py`.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from flask import Response

from app.http.bodies.body_reader import Body, BodyReader
from app.http.context import RequestContext
from app.http.views.idempotency import IdempotentRequest, Replay, idempotent
from app.services.principal import Principal
from schemas.base.schema import ResourceSchema

Authorize = Callable[[Principal], object]
"""Raises an error if a principal may not change the target of the request."""


@contextmanager
def write_request(
    context: RequestContext,
    schema: ResourceSchema,
    authorize: Authorize,
    *,
    takes_many: bool = False,
) -> Iterator[Body]:
    """Authorize a request and read its body. Raise `RequestError`."""
    with read_body(
        context, schema, lambda: authorize(context.writer), takes_many=takes_many
    ) as body:
        context.typed = body.form
        yield body


@contextmanager
def read_body(
    context: RequestContext,
    schema: ResourceSchema,
    authorize: Callable[[], object],
    *,
    takes_many: bool = False,
) -> Iterator[Body]:
    """Read the body of a request that `authorize` does not refuse.

    It is for requests that are authorized by something else than a principal's token.
    Raise `RequestError`.
    """
    reader = _reader(context, schema, authorize, takes_many=takes_many)
    with reader.read(context.request, context.request.method) as body:
        yield body


def write_once(
    context: RequestContext,
    schema: ResourceSchema,
    authorize: Authorize,
    respond: Callable[[Body, IdempotentRequest], Response],
    *,
    takes_many: bool = False,
) -> Response:
    """Return the response to a request, or the stored one if its key was used before.

    `respond` makes the change and stores the response. Raise `RequestError`.
    """
    reader = _reader(
        context, schema, lambda: authorize(context.writer), takes_many=takes_many
    )
    try:
        with (
            idempotent(context) as state,
            reader.read(context.request, context.request.method) as body,
        ):
            context.typed = body.form
            state.read(body)
            return respond(body, state)
    except Replay as replay:
        return replay.response


def _reader(
    context: RequestContext,
    schema: ResourceSchema,
    authorize: Callable[[], object],
    *,
    takes_many: bool,
) -> BodyReader:
    storage = context.installation.storage
    reader = BodyReader(schema, context.settings, storage, takes_many=takes_many)
    reader.ensure_readable(context.request, context.request.method)
    authorize()
    context.release_connection()
    return reader
