"""The protocol of SureCart's API: lists, expansions, bodies and errors."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Any, Generic

from flask import Response, request

from app.database import R, Snapshot
from app.dialects import base
from app.dialects.base import Dialect, json_response
from app.dialects.filters import matches, select_all_of
from app.errors import BadRequest, Invalid, Problem
from app.http.context import RequestContext
from app.services.catalogue import stores
from app.services.principal import StorePrincipal
from app.services.rows.filters import Condition
from app.services.rows.listing import Listing, Order, Selection, records_of
from schemas.base.errors import FieldError
from schemas.base.schema import ResourceSchema

PREFIX = "/surecart/v1"
DEFAULT_LIMIT, MOST = 20, 100
MOST_PAGES = 10**9

_PARAMETER = re.compile(r"([a-z_]+)(\[[0-9]*\])?", re.ASCII)
_WRAPPED = re.compile(r"([a-z_]+)\[([a-z_]+)\](\[[0-9]*\])?", re.ASCII)
_SYMBOLS = {
    400: "bad_request",
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    409: "conflict",
    410: "gone",
    413: "payload_too_large",
    415: "unsupported_media_type",
    422: "unprocessable_entity",
    429: "too_many_requests",
    500: "internal_server_error",
    503: "service_unavailable",
    507: "insufficient_storage",
}
"""What Rails calls the statuses."""

_TYPES = {
    "required": "blank",
    "unknown": "unknown",
    "too_small": "greater_than_or_equal_to",
    "too_large": "less_than_or_equal_to",
}
"""What Rails calls what is wrong with an attribute, where we call it otherwise."""

EXPAND = "expand"
UNDERSTOOD = frozenset({"page", "limit", "per_page", "sort", "live_mode"})
"""Parameters of every list."""


def _error(status: int, problems: Sequence[Problem]) -> dict[str, Any]:
    """Return the body of an error; its code begins with the name of the resource."""
    about = _subject(request.path)
    symbol = _SYMBOLS.get(status, "unprocessable_entity")
    kind = "invalid" if status == Invalid.status else symbol
    return {
        "http_status": symbol,
        "type": kind,
        "code": f"{about}.{kind}",
        "message": "; ".join(problem.message for problem in problems),
        "validation_errors": [
            {
                "attribute": problem.property,
                "type": _TYPES.get(problem.code, problem.code),
                "code": f"{about}.{problem.property}."
                f"{_TYPES.get(problem.code, problem.code)}",
                "message": problem.message,
                "options": {},
            }
            for problem in problems
            if problem.property
        ],
    }


def _subject(path: str) -> str:
    """Return the singular name of a path's objects: download, media."""
    name = path.removeprefix(PREFIX).strip("/").partition("/")[0]
    return name.removesuffix("s") if name.isidentifier() else "request"


_TEXT = {"type": "string"}
DIALECT = Dialect(
    PREFIX,
    _error,
    {
        "type": "object",
        "required": ["http_status", "type", "code", "message", "validation_errors"],
        "properties": {
            "http_status": _TEXT,
            "type": _TEXT,
            "code": _TEXT,
            "message": _TEXT,
            "validation_errors": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["attribute", "type", "code", "message", "options"],
                    "properties": {
                        "attribute": _TEXT,
                        "type": _TEXT,
                        "code": _TEXT,
                        "message": _TEXT,
                        "options": {"type": "object"},
                    },
                },
            },
        },
    },
)


def principal(context: RequestContext) -> StorePrincipal:
    """Return the principal of a Bearer token. Raise `Unauthorized` or `Forbidden`."""
    return base.authorized_principal(context, base.bearer_token(context))


# -- what is asked for --------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ListQuery:
    """The parameters of a request: those with brackets have several values."""

    single: Mapping[str, str]
    several: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def expand(self) -> frozenset[str]:
        """The properties to expand; dots lead into nested objects."""
        return frozenset(self.several.get(EXPAND, ()))

    def flag(self, name: str) -> bool | None:
        """Return a boolean parameter. Raise `BadRequest`."""
        sent = self.single.get(name)
        if sent not in {None, "true", "false", "1", "0"}:
            text = f"{name} must be true or false"
            raise BadRequest(problems=[Problem(text, "inclusion", name)])
        return None if sent is None else sent in {"true", "1"}


def list_query(context: RequestContext) -> ListQuery:
    """Read the query, in which a list's name has brackets."""
    single: dict[str, str] = {}
    several: dict[str, tuple[str, ...]] = {}
    for sent, value in context.query:
        found = _PARAMETER.fullmatch(sent)
        name = found[1] if found else sent
        if found and (found[2] or name == EXPAND):
            several[name] = (*several.get(name, ()), value)
        else:
            single[name] = value
    return ListQuery(single, several)


@dataclass(frozen=True, kw_only=True)
class Listed(Generic[R]):
    """A list that can be asked for: its rows, and what it is filtered and sorted by.

    `flags` and `several` are the names of filters and what conditions they make of
    their values, given the number of the first parameter.
    """

    listing: Listing
    row_type: type[R]
    sortable: Mapping[str, str]
    flags: Mapping[str, Callable[[bool], Condition]]
    several: Mapping[
        str, Callable[[Snapshot, StorePrincipal, tuple[str, ...]], Condition]
    ]
    searched: str | None = None

    def page(self, context: RequestContext, asked: ListQuery) -> tuple[list[R], Any]:
        """Return a page, and what the envelope says of it."""
        who = principal(context)
        store = stores.find_store(context.db, who, who.store_id)
        problems: list[Problem] = []
        self._ensure_known(asked, problems)
        number = _number(asked, "page", 1, MOST_PAGES, problems)
        limit = _number(
            asked,
            "per_page" if "per_page" in asked.single else "limit",
            DEFAULT_LIMIT,
            MOST,
            problems,
        )
        order = self._order(asked, problems)
        words = base.search_words(asked.single.get("query", ""), "query", problems)
        if problems:
            raise BadRequest(problems=problems)
        found = self.listing.page(
            context.db,
            who.store_id,
            self._selection(context.db, who, asked, words, order),
            limit=limit,
            offset=(number - 1) * limit,
            timezone=store["timezone"],
        )
        rows = records_of(self.listing.source, self.row_type, found.rows)
        paging = {
            "count": found.total,
            "limit": limit,
            "page": number,
            "url": f"{context.request.script_root}{context.request.path}",
        }
        return rows, paging

    def rows(
        self,
        db: Snapshot,
        who: StorePrincipal,
        made: Sequence[Condition],
        most: int,
    ) -> list[R]:
        """Return the first rows that conditions select, in any order."""
        found = self.listing.page(
            db,
            who.store_id,
            select_all_of(made, ()),
            limit=most,
            offset=0,
            timezone="UTC",
        )
        return records_of(self.listing.source, self.row_type, found.rows)

    def _ensure_known(self, asked: ListQuery, problems: list[Problem]) -> None:
        # A filter that is not known would be ignored, and everything returned.
        flags = {*UNDERSTOOD, *self.flags, *(["query"] if self.searched else [])}
        known = [
            *sorted(flags),
            *(f"{name}[]" for name in (*self.several, EXPAND)),
        ]
        unknown = [
            *(name for name in asked.single if name not in flags),
            *(
                f"{name}[]"
                for name in asked.several
                if name not in {*self.several, EXPAND}
            ),
        ]
        for name in unknown:
            text = f"{name[:40]} is not known; known are {', '.join(known)}"
            problems.append(Problem(text, "unknown", name[:40]))
        for name, values in asked.several.items():
            if len(values) > MOST:
                text = f"{name}[] may have {MOST} values at most"
                problems.append(Problem(text, "too_many", name))

    def _order(self, asked: ListQuery, problems: list[Problem]) -> tuple[Order, ...]:
        column, _, way = asked.single.get("sort", "created_at:desc").partition(":")
        if column not in self.sortable or way not in {"", "asc", "desc"}:
            text = (
                "sort must be a column and asc or desc, such as created_at:asc; "
                f"columns are {', '.join(self.sortable)}"
            )
            problems.append(Problem(text, "inclusion", "sort"))
            return ()
        is_descending = way == "desc"
        orders = [Order(self.sortable[column], is_descending=is_descending)]
        # The id breaks ties, so that pages neither repeat nor leave out a row.
        return (*orders, Order("id", is_descending=is_descending))

    def _selection(
        self,
        db: Snapshot,
        who: StorePrincipal,
        asked: ListQuery,
        words: Sequence[str],
        order: tuple[Order, ...],
    ) -> Selection:
        made: list[Condition] = []
        for name, make in self.flags.items():
            value = asked.flag(name)
            if value is not None:
                made.append(make(value))
        made += [
            make_several(db, who, asked.several[name])
            for name, make_several in self.several.items()
            if name in asked.several
        ]
        if self.searched and words:
            made.append(matches(self.searched, words))
        return select_all_of(made, order)


def _number(
    asked: ListQuery, name: str, usual: int, most: int, problems: list[Problem]
) -> int:
    sent = asked.single.get(name)
    if sent is None:
        return usual
    # A larger page than the limit is the limit, as SureCart does it.
    return min(base.whole_number(sent, name, usual, problems), most)


# -- what is answered ---------------------------------------------------------------


def envelope(data: Sequence[Any], pagination: Mapping[str, Any]) -> dict[str, Any]:
    """Write a list."""
    return {"object": "list", "pagination": pagination, "data": data}


def deleted(name: str, uuid: str) -> Response:
    """Return the response to a DELETE."""
    return json_response({"id": uuid, "object": name, "deleted": True})


# -- what is sent -------------------------------------------------------------------


Further = Callable[[Mapping[str, Any], AbstractSet[str]], Iterable[FieldError]]
"""Complains of values, but of those whose names are given: they are wrong anyway."""


def read_body(
    context: RequestContext,
    schema: ResourceSchema,
    name: str,
    method: str,
    further: Further = lambda _values, _wrong: (),
) -> tuple[dict[str, Any], ListQuery]:
    """Read a body that is wrapped in the object's name; return its values.

    JSON may come without the wrapping, as Rails has it. Gives what is to be expanded,
    too, which the query or the body may say. `further` complains of what the schema
    cannot know. Raise `Invalid`.
    """
    sent = base.read_members(context, schema, method)
    wrapped: dict[str, Any] = {}
    expand: tuple[str, ...] = ()
    for key, value in sent.items():
        found = _WRAPPED.fullmatch(key)
        # Rails' forms write `product[name]`; JSON nests the object instead.
        if found and found[1] == name:
            wrapped[found[2]] = value
        elif key in {EXPAND, f"{EXPAND}[]"}:
            several = value if isinstance(value, list) else [value]
            expand += tuple(str(one) for one in several)
        else:
            wrapped[key] = value
    # A property may have the object's own name, and then it is the property.
    if name in wrapped and name not in schema.writable:
        inside = wrapped.pop(name)
        if not isinstance(inside, dict) or wrapped:
            text = f'{name} must be the only object of the body: {{"{name}": {{…}}}}'
            raise BadRequest(problems=[Problem(text, "invalid", name)])
        wrapped = inside
    values, errors = schema.read(wrapped, partial=method == "PATCH")
    named = {error.property for error in errors}
    errors += further(values, named)
    if errors:
        raise Invalid.of(errors)
    query = list_query(context)
    # A client may ask for some in the URL and for others in the body.
    all_of_it = (*query.several.get(EXPAND, ()), *expand)
    return values, ListQuery(query.single, {EXPAND: all_of_it})
