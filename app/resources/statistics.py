"""Statistics of a store or a downloadable: downloads by day, item or outcome."""

import re
from datetime import date

from flask import Flask, Response

from app.errors import BadRequest, Problem
from app.http.context import RequestContext
from app.http.hypermedia.declaration import STANDARD_METHODS
from app.http.hypermedia.registry import ResourceRegistry
from app.http.pagination import with_query
from app.http.responses import build_response, respond
from app.http.routes import OperationSpec, Route
from app.http.routing import publish_route
from app.resources.pages.sums import (
    GROUPS,
    SUMS,
    Owner,
    statistics_document,
    usual_period,
)
from app.services.catalogue import downloadables, stores
from app.services.sales.statistics import Period
from representations import (
    COLLECTION_REPRESENTATIONS,
    CSV,
    Action,
    Field,
    Link,
    Resource,
)

PATHS = {
    "store_id": "/stores/{id}/statistics",
    "downloadable_id": "/downloadables/{id}/statistics",
}
METHODS = {"GET": "View statistics of downloads", **STANDARD_METHODS}
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)


def _of_store(context: RequestContext, item_id: int) -> Response:
    """Handle a GET for a store."""
    store = stores.find_store(context.db, context.principal, item_id)
    about = Link("fx:store", f"{context.urls.base}/stores/{item_id}", "This Store")
    return _show(context, Owner("store_id", item_id, store["timezone"]), about)


def _of_downloadable(context: RequestContext, item_id: int) -> Response:
    """Handle a GET for a downloadable."""
    item = downloadables.find_downloadable(context.db, context.principal, item_id)
    href = f"{context.urls.base}/downloadables/{item_id}"
    about = Link("fx:downloadable", href, item["name"])
    return _show(context, Owner("downloadable_id", item_id, item["timezone"]), about)


def _show(context: RequestContext, owner: Owner, about: Link) -> Response:
    group, period = _group_and_period(context, owner.zone)
    href = with_query(context.url, context.query)
    document = statistics_document(context, owner, group, period, href)
    context.release_connection()
    document.links = [*document.links, about]
    if context.choice.representation is CSV:
        return _table(context, document)
    if context.choice.representation.has_actions:
        document.actions = [_filter(context.url, group, period)]
    return respond(context, document)


def _table(context: RequestContext, document: Resource) -> Response:
    """Return the sums as CSV, with the address of what each is about."""
    rows = document.embedded[SUMS]
    assert isinstance(rows, list)  # noqa: S101 - sums are several
    for row in rows:
        # A row of a table has one address; that of the sum itself does not exist.
        row.href = row.links[0].href if row.links else None
    names = list(rows[0].properties) if rows else []
    disposition = {"Content-Disposition": 'attachment; filename="statistics.csv"'}
    table = CSV.head(names) + CSV.rows(rows)
    return build_response(context, table, headers=disposition)


def _group_and_period(context: RequestContext, zone: str) -> tuple[str, Period]:
    """Return the group and the period of a query. Raise `BadRequest`."""
    asked = dict(context.query)
    usual = usual_period(zone)
    period = Period(asked.get("from") or usual.start, asked.get("to") or usual.end)
    group = asked.get("group") or GROUPS[0]
    problems = [
        Problem(
            f"{name[:40]} is not known; known are group, from, to, format",
            "unknown",
            name[:40],
        )
        for name in asked
        if name not in {"group", "from", "to", "format"}
    ]
    if group not in GROUPS:
        text = f"group must be one of {', '.join(GROUPS)}"
        problems.append(Problem(text, "inclusion", "group"))
    for name, day in (("from", period.start), ("to", period.end)):
        if not _is_day(day):
            text = f"{name} must be a day such as 2026-11-30"
            problems.append(Problem(text, "not_a_date", name))
    # Texts of this form sort as days do.
    if not problems and period.start > period.end:
        problems.append(Problem("from must not be after to", "invalid", "from"))
    if problems:
        raise BadRequest(problems=problems)
    return group, period


def _is_day(text: str) -> bool:
    if not _DAY.fullmatch(text):
        return False
    try:
        # The pattern lets February 30th pass.
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _filter(href: str, group: str, period: Period) -> Action:
    fields = (
        Field("group", "Grouped by", "radio", group, options=GROUPS),
        Field("from", "First day", "date", period.start),
        Field("to", "Last day", "date", period.end),
    )
    title = "Choose Days and Groups"
    return Action("filter-statistics", title, "GET", href, None, fields, ("filter",))


def register_routes(app: Flask, _registry: ResourceRegistry) -> None:
    """Register the routes."""
    for owner, view in (
        ("store_id", _of_store),
        ("downloadable_id", _of_downloadable),
    ):
        path = PATHS[owner].replace("{id}", "<id:item_id>")
        route = Route(
            path,
            METHODS,
            offers=COLLECTION_REPRESENTATIONS,
            operations={"GET": OperationSpec(statuses=(200, 304, 400, 401, 404, 406))},
        )
        publish_route(app, route, {"GET": view})
