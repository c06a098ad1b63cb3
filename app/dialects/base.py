"""The base of all dialects: routes, credentials, bodies, responses and errors."""

import base64
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import astuple, dataclass
from typing import Any
from uuid import UUID

import msgspec
from flask import Flask, Response

from app.errors import BadRequest, Forbidden, NotFound, Problem, Unauthorized
from app.http import error_handler
from app.http.bodies import body_reader
from app.http.context import REALM, RequestContext
from app.http.hypermedia import action_builder
from app.http.hypermedia.declaration import STANDARD_METHODS
from app.http.media_types import JSON
from app.http.routes import OperationSpec, Route
from app.http.routing import publish_route
from app.services.principal import StorePrincipal
from app.services.rows import search_text
from schemas.base.fields import UNREPRESENTABLE
from schemas.base.schema import ResourceSchema
from schemas.values.normalization import nfc

_WHOLE = re.compile(r"[0-9]{1,9}", re.ASCII)
View = Callable[..., Response]
READS, WITH_BODY = frozenset({"GET", "HEAD"}), frozenset({"POST", "PATCH", "PUT"})
_JSON = msgspec.json.Encoder(decimal_format="number")
ANYTHING = (
    200,
    201,
    204,
    206,
    302,
    304,
    400,
    401,
    403,
    404,
    409,
    410,
    412,
    413,
    415,
    416,
    422,
    503,
)


@dataclass(frozen=True, slots=True)
class Dialect:
    """Another system's API under a prefix, and how it says what went wrong."""

    prefix: str
    error: Callable[[int, Sequence[Problem]], Any]
    error_schema: Mapping[str, Any]

    def publish(
        self,
        app: Flask,
        path: str,
        summaries: Mapping[str, str],
        views: Mapping[str, View],
        schema: ResourceSchema | None = None,
        *,
        media_types: tuple[str, ...] = (JSON,),
    ) -> None:
        """Register views below the prefix; bodies have the properties of a schema."""
        fields = action_builder.inputs_of(schema) if schema else ()
        route = Route(
            f"{self.prefix}{path}",
            {
                **summaries,
                **{
                    name: text
                    for name, text in STANDARD_METHODS.items()
                    # HEAD comes with GET, and OPTIONS is there for each route.
                    if name == "OPTIONS" or "GET" in views
                },
            },
            is_negotiated=False,
            is_api=False,
            media_types=media_types,
            own_errors=self.error_schema,
            operations={
                name: OperationSpec(
                    statuses=ANYTHING, fields=fields if name in WITH_BODY else ()
                )
                for name in views
            },
        )
        publish_route(
            app, route, {name: _legible(view) for name, view in views.items()}
        )

    def register_routes(self, app: Flask) -> None:
        """Register the errors of the dialect."""
        error_handler.register_error_format(app, self.prefix, self._error)

    def _error(
        self, status: int, problems: Sequence[Problem], headers: Mapping[str, str]
    ) -> Response:
        # A client's own words may be none that can be written.
        errors = [
            Problem(*(UNREPRESENTABLE.sub("\ufffd", text) for text in astuple(problem)))
            for problem in problems
        ]
        return json_response(self.error(status, errors), status, headers)


def _legible(view: View) -> View:
    """Return a view that rejects characters which the database cannot store.

    What the view is given is normalized, as all that is stored. Raise `NotFound` and
    `BadRequest`.
    """

    def read(context: RequestContext, **ids: str) -> Response:
        if any(UNREPRESENTABLE.search(uuid) for uuid in ids.values()):
            raise NotFound
        if any(UNREPRESENTABLE.search(text) for pair in context.query for text in pair):
            raise BadRequest("the query has a character that no text here can have")
        context.replace_query(tuple((nfc(n), nfc(value)) for n, value in context.query))
        return view(context, **{name: nfc(value) for name, value in ids.items()})

    return read


def json_response(
    value: Any, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """Return a JSON response."""
    all_headers = {
        "Content-Type": "application/json; charset=utf-8",
        "Cache-Control": "private, no-store",
        "X-Content-Type-Options": "nosniff",
        **(headers or {}),
    }
    return Response(_JSON.encode(value), status, all_headers)


def principal(context: RequestContext, tokens: Sequence[str]) -> StorePrincipal:
    """Return the principal of a token of one store. Raise `RequestError`."""
    if not tokens:
        raise Unauthorized(
            "a token of the store is needed; `sirenhall token create` makes one",
            headers={"WWW-Authenticate": REALM},
        )
    # Clients put the token into different places; each is tried.
    for token in tokens:
        try:
            context.authenticate_with(token)
        except Unauthorized:
            continue
        return known_principal(context)
    raise Unauthorized(
        "the token that was sent is not valid: it is another server's, or was revoked, "
        "or has expired",
        headers={"WWW-Authenticate": f'{REALM}, error="invalid_token"'},
    )


def known_principal(context: RequestContext) -> StorePrincipal:
    """Return the principal that `principal` found before. Raise `Forbidden`."""
    found = context.principal
    if not isinstance(found, StorePrincipal):
        raise Forbidden("use a token of one store")
    return found


def authorized_principal(
    context: RequestContext, tokens: Sequence[str]
) -> StorePrincipal:
    """Return the principal; a token that may only read may change nothing.

    Raise `Unauthorized` or `Forbidden`.
    """
    found = principal(context, tokens)
    if context.request.method not in READS:
        ensure_writer(found)
    return found


def ensure_writer(found: StorePrincipal) -> None:
    """Raise `Forbidden` for a token that only reads."""
    if not found.can_write:
        raise Forbidden(f"a token with the scope {found.scope} can only read")


def bearer_token(context: RequestContext) -> list[str]:
    """Return the token of a Bearer header, which some clients wrap in Base64."""
    scheme, _, sent = context.request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not sent.strip():
        return []
    # A pair in Base64, as in Basic, is accepted too.
    return [sent.strip(), *_inside(sent.strip())]


def basic_credentials(context: RequestContext) -> list[str]:
    """Return the password of a Basic header."""
    scheme, _, sent = context.request.headers.get("Authorization", "").partition(" ")
    return _inside(sent.strip()) if scheme.lower() == "basic" else []


def _inside(sent: str) -> list[str]:
    """Return the part after the colon of a Base64-encoded pair."""
    try:
        pair = base64.b64decode(sent, validate=True).decode()
    except ValueError:
        return []
    secret = pair.partition(":")[2].strip()
    return [secret] if secret else []


def search_words(text: str, name: str, problems: list[Problem]) -> list[str]:
    """Return the words of the search parameter `name`; note what is wrong with it."""
    try:
        return search_text.search_words(text)
    except ValueError as error:
        problems.append(Problem(f"{name} {error}", "too_long", name))
        return []


def whole_number(sent: str, name: str, usual: int, problems: list[Problem]) -> int:
    """Return the number of a query parameter, `usual` with a problem for others."""
    if _WHOLE.fullmatch(sent) and int(sent) >= 1:
        return int(sent)
    text = f"{name} must be a whole number of at least 1"
    problems.append(Problem(text, "not_a_number", name))
    return usual


def blob_id(blob_key: str) -> str:
    """Return the key of a blob as a UUID, which is what it is made of."""
    is_uuid = len(blob_key) == 32  # noqa: PLR2004 - hexadecimal digits
    return str(UUID(blob_key)) if is_uuid else blob_key


def blob_key(uuid: str) -> str:
    """Return the key of the blob that a UUID names."""
    return uuid.replace("-", "").lower()


def read_members(
    context: RequestContext, schema: ResourceSchema, method: str
) -> dict[str, Any]:
    """Read a body's members, whatever they are."""
    reader = body_reader.BodyReader(
        schema, context.settings, context.installation.storage
    )
    # No connection is held while a body comes in at its sender's pace.
    context.release_connection()
    with reader.read(context.request, method) as found:
        return dict(found.values)
