"""Read a form that is of no resource, such as the one to sign in.

Tested in `tests/http/views/test_page_forms.py`.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from app.errors import BadRequest
from app.http.bodies.body_reader import Body, BodyReader
from app.http.context import RequestContext
from schemas.base.fields import UNREPRESENTABLE
from schemas.base.schema import ResourceSchema


@contextmanager
def form_body(context: RequestContext) -> Iterator[Body]:
    """Read the body of a form. Raise `RequestError`."""
    storage = context.installation.storage
    reader = BodyReader(ResourceSchema(), context.settings, storage)
    with reader.read(context.request, "POST") as body:
        yield body


def read_form(context: RequestContext) -> dict[str, str]:
    """Return the fields of a form. Raise `RequestError`."""
    with form_body(context) as body:
        return fields_of(body)


def fields_of(body: Body) -> dict[str, str]:
    """Return the fields of a form that was read. Raise `BadRequest`."""
    return readable((name, str(value)) for name, value in body.values.items())


def readable(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return fields by name. Raise `BadRequest` for a character that no text has."""
    found = dict(pairs)
    for name, value in found.items():
        if UNREPRESENTABLE.search(name + value):
            shown = UNREPRESENTABLE.sub("\ufffd", name[:40])
            raise BadRequest(f"{shown} has a character that no text can have")
    return found
