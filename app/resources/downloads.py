"""Downloads: the customer's link, and the record of each time it was followed."""

import ipaddress
from collections.abc import Mapping
from typing import Any

from flask import Flask, Response

from app.errors import BadRequest, UnknownLink
from app.http import delivery, handover
from app.http.addresses import DOWNLOAD as ADDRESS
from app.http.call import Call
from app.http.catalogue import Catalogue, Kind
from app.http.collection_views import CollectionViews, pages
from app.http.declaration import (
    STANDARD_METHODS,
    TO_STORE,
    Declaration,
    LinkTo,
    Relation,
)
from app.http.endpoints import CollectionService, ItemService, publish
from app.http.item_views import ItemViews
from app.http.routes import Route, Said
from app.services import downloadables, downloads, purchases, signed_links, stores
from app.services.clock import now
from schemas.download import DownloadSchema
from schemas.fields import UNREPRESENTABLE

MAX_USER_AGENT = 300

DOWNLOAD = Declaration(
    name="download",
    plural="downloads",
    path="/downloads/{id}",
    title="This Download",
    description=(
        "One time that a customer fetched a file: the first request that was answered "
        "with bytes, and those that went on with it. Only what is counted is here; a "
        "refusal, a HEAD or a 304 is not."
    ),
    collection_description=(
        "What customers downloaded: when, which version, how much of it, with what "
        "outcome. As CSV it is all of it."
    ),
    schema=DownloadSchema(),
    columns=downloads.SOURCE.names,
    links=(
        TO_STORE,
        LinkTo(
            "fx:downloadable_purchase",
            "/downloadable_purchases/{downloadable_purchase_id}",
            "Purchase of this download",
            relation=Relation("downloadable_purchase", "downloadable_purchase_id"),
        ),
        LinkTo(
            "fx:downloadable",
            "/downloadables/{downloadable_id}",
            "Downloadable of this download",
            relation=Relation("downloadable", "downloadable_id"),
        ),
    ),
)
KIND = Kind(DOWNLOAD, downloads.SOURCE)
METHODS = {"GET": "Download what was bought", **STANDARD_METHODS}


def _download(call: Call) -> Response:
    """Answer a customer."""
    return delivery.at_last(lambda: _deliver(call))


def _deliver(call: Call) -> Response:
    moment = now()
    record = _wanted(call, moment)
    downloads.ensure_granted(record, moment)
    found = downloads.under_way(call.db, record, moment)
    if found is None:
        downloads.ensure_left(record, moment)
    # No connection is held while a customer reads.
    call.close()
    if record["url"] is not None:
        return _redirect(call, record, found)
    file = delivery.stored(record, call.installation.storage)
    return delivery.send(
        call.request,
        file,
        lambda: _begun(call, record, found),
        hand_over=handover.chosen(
            call, lambda: _begin(call, record, found, "redirected")
        ),
    )


def _wanted(call: Call, moment: int) -> dict[str, Any]:
    sent = dict(call.query)
    if len(sent) < len(call.query):
        raise BadRequest("a parameter of the link was sent more than once")
    if "signature" in sent or "expires" in sent:
        return signed_links.wanted(call.db, sent, moment)
    passcode = sent.get("p", "")
    record = None
    if passcode and not UNREPRESENTABLE.search(passcode):
        record = downloads.wanted(call.db, passcode=passcode)
    if record is None:
        raise UnknownLink(signed_links.UNKNOWN)
    return record


def _redirect(call: Call, record: Mapping[str, Any], found: int | None) -> Response:
    if call.request.method != "HEAD":
        _begin(call, record, found, "redirected")
    headers = {"Location": record["url"], "Cache-Control": "private, no-store"}
    return Response(status=302, headers=headers)


def _begun(call: Call, record: Mapping[str, Any], found: int | None) -> delivery.Ended:
    download_id = _begin(call, record, found, "started")
    database, store_id = call.installation.database, record["store_id"]

    def ended(sent: int) -> None:
        downloads.end(database, store_id, download_id, sent)

    return ended


def _begin(
    call: Call, record: Mapping[str, Any], found: int | None, outcome: str
) -> int:
    """Open a download, unless one was found that this request goes on with."""
    if found is not None:
        return found
    settings = call.settings
    agent = call.request.headers.get("User-Agent", "")[:MAX_USER_AGENT]
    customer = downloads.Customer(
        _address(call.request.remote_addr or "", settings.download_addresses),
        UNREPRESENTABLE.sub("\ufffd", agent),
    )
    return downloads.begin(
        call.installation.database,
        record,
        customer,
        minutes=settings.download_session_minutes,
        outcome=outcome,
    )


def _address(sent: str, kept: str) -> str:
    """Keep as much of an address as the operator wants."""
    if kept == "none":
        return ""
    try:
        address = ipaddress.ip_address(sent)
    except ValueError:
        return ""
    address = getattr(address, "ipv4_mapped", None) or address
    if kept == "full":
        return str(address)
    bits = 24 if address.version == 4 else 48  # noqa: PLR2004
    return str(ipaddress.ip_network(f"{address}/{bits}", strict=False).network_address)


def register(app: Flask, catalogue: Catalogue) -> None:
    """Publish the views."""
    items = ItemViews(KIND, ItemService(find=downloads.find), catalogue)
    items.register(app)
    for path, owner, listing in (
        ("/stores/{id}/downloads", stores.find, downloads.IN_STORE),
        (
            "/downloadables/{id}/downloads",
            downloadables.find,
            downloads.OF_DOWNLOADABLE,
        ),
        (
            "/downloadable_purchases/{id}/downloads",
            purchases.find,
            downloads.OF_PURCHASE,
        ),
    ):
        service = CollectionService(
            owner=owner,
            version=lambda db, record: downloads.version(
                db, record.get("store_id", record["id"])
            ),
            page=pages(listing),
        )
        CollectionViews(items, path, service).register(app)
    link = Route(
        ADDRESS,
        METHODS,
        is_negotiated=False,
        is_api=False,
        media_types=("*/*",),
        said={"GET": Said(statuses=(200, 206, 302, 304, 404, 410, 412, 416))},
    )
    publish(app, link, {"GET": _download})
