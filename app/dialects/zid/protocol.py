"""The protocol of Zid's API: authentication, languages, lists, and errors."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from app.database import Snapshot
from app.dialects import base
from app.dialects.base import Dialect
from app.errors import BadRequest, Forbidden, NotFound, Problem
from app.http.context import RequestContext
from app.http.pagination import with_query
from app.services.catalogue import downloadables, stores
from app.services.principal import StorePrincipal
from app.services.rows.row_types import DownloadableColumns, StoreRow

PREFIX = "/zid/v1"
USUAL_SIZE, MOST = 10, 50
MANAGER, CUSTOMER = "manager", "customer"
PAGING = ("page", "page_size")
GROUPS = ("purchase_restrictions", "meta", "seo")
"""Properties of a product that have properties of their own."""


def _error(_status: int, problems: Sequence[Problem]) -> dict[str, Any]:
    """Return the body of an error: by property, or one sentence."""
    if not all(problem.property for problem in problems):
        return {"detail": "; ".join(problem.message for problem in problems)}
    found: dict[str, Any] = {}
    for problem in problems:
        group, _, name = problem.property.partition(".")
        if name and group in GROUPS and isinstance(found.get(group, {}), dict):
            found.setdefault(group, {}).setdefault(name, []).append(problem.message)
        elif not isinstance(found.get(problem.property), dict):
            found.setdefault(problem.property, []).append(problem.message)
    return found


DIALECT = Dialect(
    PREFIX,
    _error,
    {
        "type": "object",
        "properties": {"detail": {"type": "string"}},
        "additionalProperties": {"type": ["array", "object"]},
    },
)


@dataclass(frozen=True, slots=True)
class ZidPrincipal:
    """The principal of a request to Zid's API, with its store and language."""

    principal: StorePrincipal
    store: StoreRow
    store_language: str
    is_customer: bool
    languages: tuple[str, ...]

    @property
    def store_id(self) -> int:
        """The store's id."""
        return int(self.store["id"])

    @property
    def language(self) -> str:
        """The language that answers are in, as far as nothing better fits."""
        return next((one for one in self.languages if one != "*"), "en")

    def own_language(self, record: DownloadableColumns) -> str:
        """Return the language that a downloadable is in, in small letters."""
        return str(record["language"] or self.store_language).lower()


def reader(context: RequestContext, db: Snapshot) -> ZidPrincipal:
    """Return the principal. Raise `Unauthorized`, `Forbidden` or `BadRequest`."""
    who = _principal(context)
    sent = context.request.headers.get("Store-Id")
    if sent is not None and sent.strip() != str(who.store_id):
        raise Forbidden(f"Store-Id must be {who.store_id}, the store of the token")
    role = context.request.headers.get("Role", MANAGER).strip().lower()
    if role not in {MANAGER, CUSTOMER}:
        text = "Role must be Manager or Customer"
        raise BadRequest(problems=[Problem(text, "inclusion", "Role")])
    if role == CUSTOMER and context.request.method not in base.READS:
        raise Forbidden("Role must be Manager to change anything")
    store = stores.find_store(db, who, who.store_id)
    language = downloadables.store_language(db, store["id"])
    return ZidPrincipal(who, store, language, role == CUSTOMER, context.languages)


def _principal(context: RequestContext) -> StorePrincipal:
    """Return the principal of the tokens, which must be of one store."""
    headers = context.request.headers
    sent = [
        base.bearer_token(context),
        *(
            [headers[name].strip().removeprefix("Bearer ")]
            for name in ("Access-Token", "X-Manager-Token")
            if headers.get(name, "").strip()
        ),
    ]
    found = [base.authorized_principal(context, tokens) for tokens in sent if tokens]
    if not found:
        return base.authorized_principal(context, [])
    if len({one.store_id for one in found}) > 1:
        raise Forbidden("the tokens that were sent are of different stores")
    # Whoever may do less decides.
    return min(found, key=lambda one: one.can_write)


# -- lists --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PageWindow:
    """A page that is asked for."""

    page: int
    size: int

    @property
    def offset(self) -> int:
        """The number of items before the page."""
        return (self.page - 1) * self.size


def page_window(context: RequestContext, problems: list[Problem]) -> PageWindow:
    """Read page and page_size; a greater size than the greatest is that one."""
    asked = dict(context.query)
    page, size = [
        base.whole_number(asked.get(name, str(usual)), name, usual, problems)
        for name, usual in zip(PAGING, (1, USUAL_SIZE), strict=True)
    ]
    return PageWindow(page, min(size, MOST))


def ensure_filters(
    context: RequestContext, known: Sequence[str], problems: list[Problem]
) -> None:
    """Add problems for filters that a list does not support."""
    asked = [name for name, _ in context.query]
    for name in sorted({name for name in asked if asked.count(name) > 1}):
        text = f"{name[:40]} was sent more than once"
        problems.append(Problem(text, "repeated", name[:40]))
    for name in asked:
        if name not in {*PAGING, *known}:
            text = f"{name[:40]} is not known; known are {', '.join((*PAGING, *known))}"
            problems.append(Problem(text, "unknown", name[:40]))


def envelope(
    context: RequestContext, shown: PageWindow, total: int, results: Sequence[Any]
) -> dict[str, Any]:
    """Write a list, with the addresses of the pages around it. Raise `NotFound`."""
    if shown.page > 1 and shown.offset >= total:
        raise NotFound("there is no such page")
    is_last = shown.offset + shown.size >= total
    return {
        "next": None if is_last else _address(context, shown.page + 1),
        "previous": None if shown.page == 1 else _address(context, shown.page - 1),
        "count": total,
        "results": results,
    }


def _address(context: RequestContext, page: int) -> str:
    kept = tuple((n, v) for n, v in context.query if n != "page")
    return with_query(context.url, (*kept, ("page", str(page))))


def moment(seconds: int | None) -> str | None:
    """Write a moment in UTC, with the digits that Zid has."""
    if seconds is None:
        return None
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
