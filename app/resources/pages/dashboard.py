"""The dashboard of a store: what its page shows besides its properties.

Tested in `tests/resources/test_statistics.py`.
"""

from collections.abc import Mapping
from typing import Any

from app.http.context import RequestContext
from app.http.hypermedia.display import display_of, names_of_references
from app.http.hypermedia.registry import ResourceRegistry
from app.resources.pages import sums
from app.resources.pages.sums import Owner
from app.services.rows.listing import Order, Selection
from app.services.sales import purchases
from app.services.sales.statistics import stored_bytes
from representations import Link, Resource

TOP, NEWEST = 5, 5
"""Downloadables and purchases that are shown."""


def store_sections(
    context: RequestContext, store: Mapping[str, Any], registry: ResourceRegistry
) -> list[Resource]:
    """Return the sections of a store's page, from the most to the least urgent."""
    found = []
    if store["webhook_failing_since"] is not None:
        found.append(_failing_webhook(context, store))
    owner = Owner("store_id", store["id"], store["timezone"])
    period = sums.usual_period(owner.zone)
    href = f"{context.urls.base}/stores/{store['id']}/statistics"
    for group, title in (
        ("day", "Downloads in the last 30 days"),
        ("downloadable", "Top downloadables"),
        ("outcome", "How downloads ended"),
    ):
        document = sums.statistics_document(
            context, owner, group, period, f"{href}?group={group}"
        )
        document.title = title
        if group == "day":
            stored = stored_bytes(context.db, store["id"])
            document.properties = {**document.properties, "bytes_stored": stored}
        elif group == "downloadable":
            rows = document.embedded[sums.SUMS]
            assert isinstance(rows, list)  # noqa: S101 - what was built above
            document.embedded = {sums.SUMS: rows[:TOP]}
        found.append(document)
    found.append(_newest_purchases(context, store, registry))
    return found


def _failing_webhook(context: RequestContext, store: Mapping[str, Any]) -> Resource:
    href = (
        f"{context.urls.base}/stores/{store['id']}/webhook_deliveries?order=id%20desc"
    )
    return Resource(
        classes=("warning",),
        title="Your webhook is failing",
        href=href,
        properties={"message": store["webhook_error"] or "It does not answer."},
        links=[Link("self", href, "Webhook deliveries")],
    )


def _newest_purchases(
    context: RequestContext, store: Mapping[str, Any], registry: ResourceRegistry
) -> Resource:
    kind = registry["downloadable_purchase"]
    newest = Selection(order=(Order("id", is_descending=True),))
    page = purchases.IN_STORE.page(
        context.db,
        store["id"],
        newest,
        limit=NEWEST,
        offset=0,
        timezone=store["timezone"],
    )
    columns = kind.declaration.columns
    records = [dict(zip(columns, row, strict=True)) for row in page.rows]
    names = names_of_references(context.db, registry, kind, records, context.urls.base)
    rows = [kind.documents.resource(r, context.render_context) for r in records]
    for row in rows:
        row.display, row.names = display_of(kind), names
    href = f"{context.urls.base}/stores/{store['id']}/downloadable_purchases"
    return Resource(
        classes=("downloadable_purchases", "collection"),
        title="Newest purchases",
        href=f"{href}?order=id%20desc",
        properties={
            "total_items": page.total,
            "returned_items": len(rows),
            "offset": 0,
        },
        embedded={"fx:downloadable_purchases": rows},
        display=display_of(kind),
    )
