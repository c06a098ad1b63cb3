"""The document of a statistic, for its own resource and for the dashboard.

Tested in `tests/resources/test_statistics.py`.
"""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, NamedTuple

from app.http.context import RequestContext
from app.services.clock import now
from app.services.sales import statistics
from app.services.sales.statistics import Period
from representations import Display, Link, Resource
from schemas.values.dates import day_text

GROUPS = ("day", "downloadable", "outcome")
USUAL_DAYS = 30
SUMS = "fx:sums"


class Owner(NamedTuple):
    """What a statistic is about: a store or a downloadable.

    `column` is store_id or downloadable_id, `zone` the time zone of the store.
    """

    column: str
    id: int
    zone: str


DISPLAY = Display(
    heading="Statistics",
    many="sums",
    named_by="",
    labels={
        "group": "Grouped by",
        "from": "From",
        "to": "To",
        "day": "Day",
        "name": "Downloadable",
        "outcome": "Outcome",
        "downloads": "Downloads",
        "purchases": "Purchases downloaded first",
        "completed": "Completed",
        "redirected": "Sent by another server",
        "unfinished": "Unfinished",
        "bytes_sent": "Sent",
        "bytes_stored": "Stored",
    },
    kinds={
        "bytes_sent": "bytes",
        "bytes_stored": "bytes",
        "outcome": "choice",
        "group": "choice",
        **dict.fromkeys(
            ("downloads", "purchases", "completed", "redirected", "unfinished"),
            "number",
        ),
    },
    help={},
    columns=(),
    groups=(),
    sortable=frozenset(),
)


def statistics_document(
    context: RequestContext,
    owner: Owner,
    group: str,
    period: Period,
    href: str,
) -> Resource:
    """Build the document of a period's sums, in groups."""
    sums = statistics.totals(context.db, owner.column, owner.id, period)
    ended = sums["completed"] + sums["redirected"]
    by = {
        "day": statistics.by_day,
        "downloadable": statistics.by_downloadable,
        "outcome": statistics.by_outcome,
    }[group]
    rows = by(context.db, owner.column, owner.id, period)
    return Resource(
        classes=("statistics",),
        href=href,
        rel="fx:statistics",
        title="Statistics",
        properties={
            "group": group,
            "from": period.start,
            "to": period.end,
            **sums,
            "unfinished": sums["downloads"] - ended,
        },
        links=[Link("self", href, "Statistics")],
        embedded={SUMS: [_sum(context, row) for row in rows]},
        display=DISPLAY,
    )


def _sum(context: RequestContext, row: Mapping[str, Any]) -> Resource:
    properties = dict(row)
    item_id = properties.pop("downloadable_id", None)
    links = []
    if item_id is not None:
        href = f"{context.urls.base}/downloadables/{item_id}"
        links = [Link("fx:downloadable", href, str(properties["name"]))]
    return Resource(
        classes=("sum",), rel=SUMS, properties=properties, links=links, display=DISPLAY
    )


def usual_period(zone: str) -> Period:
    """Return the last days, up to today in the store's time zone."""
    today = date.fromisoformat(day_text(now(), zone))
    start = today - timedelta(days=USUAL_DAYS - 1)
    return Period(start.isoformat(), today.isoformat())
