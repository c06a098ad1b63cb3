"""Downloads: the customer's link, and the record of each download."""

import ipaddress
import re
from contextlib import suppress
from typing import Any

from flask import Flask, Response

from app.errors import (
    BadRequest,
    NotAcceptable,
    NotPrefetched,
    RequestError,
    UnknownLink,
)
from app.http import client_address
from app.http.context import RequestContext
from app.http.files import file_response, offload
from app.http.hypermedia.declaration import (
    STANDARD_METHODS,
    TO_STORE,
    Declaration,
    LinkTo,
    Relation,
)
from app.http.hypermedia.registry import ResourceRegistry, ResourceType
from app.http.pagination import with_query
from app.http.paths import DOWNLOAD as ADDRESS
from app.http.paths import DOWNLOAD_FILES as PAGE
from app.http.responses import build_response, respond
from app.http.routes import OperationSpec, Route
from app.http.routing import publish_route
from app.http.views.collection import CollectionViews, listing_page
from app.http.views.item import ItemViews
from app.http.views.operations import CollectionService, ItemService
from app.resources.pages import download_page
from app.resources.pages.download_page import Purchase
from app.services.catalogue import downloadables, stores, translations
from app.services.clock import now
from app.services.rows.row_types import (
    ListedFileRow,
    PurchaseDetailsRow,
    PurchasedFileRow,
)
from app.services.sales import downloads, purchases, signed_links
from representations import Link, Resource
from schemas.base.fields import UNREPRESENTABLE
from schemas.download import DownloadSchema
from schemas.values.identifiers import id_value
from schemas.values.urls import to_uri

MAX_USER_AGENT = 300
HANDED_OVER_RATE = 250_000
"""Bytes a second (2 Mbit/s) at which another server is thought to send a file."""

PREFETCHING = re.compile(r"\b(prefetch|prerender|preview)\b", re.IGNORECASE)
PREFETCH_HEADERS = ("Sec-Purpose", "Purpose", "X-Purpose", "X-Moz")
"""What says that nobody has followed the link yet (the Fetch standard, 3.10)."""

AROUND = re.compile(r"\A[^A-Za-z0-9_-]+|[^A-Za-z0-9_-]+\Z", re.ASCII)
"""What stands around a link in a text, and is taken along when it is copied."""


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
RESOURCE_TYPE = ResourceType(DOWNLOAD, downloads.SOURCE)
METHODS = {"GET": "Download what was bought", **STANDARD_METHODS}
PAGE_METHODS = {"GET": "View all files that were bought", **STANDARD_METHODS}
PAGE_TITLE = "Your files"
FILE, FORMAT = "file", "format"
"""The parameters of a link: for one of several files, and for how they are listed."""

LINK_PARAMETERS = frozenset({"p", "expires", "signature"})

MAIN_FILE = "0"
"""The parameter `FILE` for what one purchase alone has, which is no file of a store."""


def _download(context: RequestContext) -> Response:
    """Handle a download by a customer."""
    return file_response.retry_if_replaced(lambda: _deliver(context))


def _deliver(context: RequestContext) -> Response:
    _ensure_followed(context)
    moment = now()
    record = _find_purchased_file(context, moment)
    if record["is_main"] and _is_person(context) and FILE not in dict(context.query):
        several = downloads.files_of_purchase(context.db, record)
        if len(several) > 1 or (several and not several[0]["is_main"]):
            return _to_page(context)
    found = _granted(context, record, moment)
    # No connection is held while a customer reads.
    context.release_connection()
    if record["url"] is not None:
        return _redirect(context, record, record["url"], found)
    file = file_response.stored(record, context.installation.storage)
    return file_response.send_file(
        context.request,
        file,
        lambda: _begin_and_track(context, record, found),
        hand_over=offload.offload_response(
            context, lambda: _hand_over(context, record, found)
        ),
    )


def _granted(
    context: RequestContext, record: PurchasedFileRow, moment: int
) -> int | None:
    """Return the open download that this request resumes, None if it begins one.

    Raise `RequestError` for a refusal, which is counted unless it is a HEAD.
    """
    try:
        downloads.ensure_granted(record, moment)
        found = downloads.open_download(context.db, record, moment)
        if found is None:
            downloads.ensure_downloads_remain(record, moment)
    except RequestError as error:
        if context.request.method == "GET":
            context.installation.refusals.record(record, error.code, moment)
        raise
    return found


def _ensure_followed(context: RequestContext) -> None:
    """Raise an error for a prefetch, which would use up a download.

    It gets no bytes either: a client could send the header to download without limit.
    Browsers
    that are answered 503 ask again once the link is followed.
    """
    headers = context.request.headers
    hints = " ".join(headers.get(name, "") for name in PREFETCH_HEADERS)
    if context.request.method == "GET" and PREFETCHING.search(hints):
        raise NotPrefetched(
            "files are not sent to prefetch requests; follow the link to download it",
            headers={"Cache-Control": "no-store", "Retry-After": "0"},
        )


def _find_purchased_file(
    context: RequestContext, moment: int, *, is_main: bool = False
) -> PurchasedFileRow:
    # Mail programs add a full stop or a bracket to links that end a sentence.
    sent = {name: AROUND.sub("", value) for name, value in context.query}
    # Otherwise the order would decide which of two passcodes is used.
    if len(sent) < len(context.query):
        raise BadRequest("a parameter of the link was sent more than once")
    file_id = None if is_main else _file_id(sent.get(FILE))
    if "signature" in sent or "expires" in sent:
        return signed_links.verify_signed_link(context.db, sent, moment, file_id)
    passcode = sent.get("p", "")
    record = None
    # PostgreSQL refuses NUL in a parameter, which would be a 500.
    if passcode and not UNREPRESENTABLE.search(passcode):
        record = downloads.find_by_passcode(context.db, passcode, file_id)
    if record is None:
        raise UnknownLink(signed_links.UNKNOWN)
    return record


def _file_id(sent: str | None) -> int | None:
    """Return the id of the file that a link names; None for the main file."""
    if sent is None or sent == MAIN_FILE:
        return None
    file_id = id_value(sent)
    if file_id is None:
        raise UnknownLink(signed_links.UNKNOWN)
    return file_id


def _is_person(context: RequestContext) -> bool:
    """Return whether the client prefers an HTML page, as browsers do."""
    if "html" not in context.request.headers.get("Accept", ""):
        return False
    with suppress(NotAcceptable):
        return context.choice.representation.is_for_people
    return False


def _to_page(context: RequestContext) -> Response:
    """Send a person to where all files are."""
    # Whatever else came with the link is not sent back.
    query = tuple((n, v) for n, v in context.query if n in LINK_PARAMETERS)
    address = with_query(context.urls.base + PAGE, query)
    headers = {"Location": address, "Cache-Control": "private, no-store"}
    return Response(status=303, headers={**headers, "Vary": "Accept"})


def _files(context: RequestContext) -> Response:
    """Handle a GET of all files that a customer's link gives."""
    moment = now()
    main = _find_purchased_file(context, moment, is_main=True)
    files = downloads.files_of_purchase(context.db, main)
    downloads.ensure_granted(files[0] if files else main, moment)
    texts = _in_language(context, main)
    under_way = downloads.open_files(context.db, main["id"], moment)
    context.release_connection()
    query = tuple((n, value) for n, value in context.query if n not in {FORMAT, FILE})
    links = [
        with_query(
            context.urls.base + ADDRESS,
            (*query, (FILE, str(f["file_id"] or MAIN_FILE))),
        )
        for f in files
    ]
    if context.choice.representation.is_for_people:
        base = context.urls.base
        page = download_page.render_download_page(
            Purchase(main, texts), files, links, under_way, moment, base=base
        )
        return build_response(
            context, page, headers={"Cache-Control": "private, no-store"}
        )
    document = Resource(
        classes=("purchased_files",),
        title=texts["name"],
        properties={"name": texts["name"], "total_items": len(files)},
        links=[Link("self", with_query(context.url, query), PAGE_TITLE)],
        embedded={
            "fx:purchased_files": [
                _purchased(file, link) for file, link in zip(files, links, strict=True)
            ]
        },
    )
    return respond(context, document, headers={"Cache-Control": "private, no-store"})


def _in_language(context: RequestContext, main: PurchasedFileRow) -> PurchaseDetailsRow:
    """Return the texts of a purchase in the language of its customer."""
    record = downloads.download_details(context.db, main)
    names, values = tuple(record), tuple(record.values())
    [row] = context.localized(translations.LOCALIZATION, names, [values])
    shown: Any = dict(zip(record, row, strict=True))
    texts: PurchaseDetailsRow = shown
    return texts


def _purchased(file: ListedFileRow, link: str) -> Resource:
    """Describe a file that a customer may download, and how often still."""
    is_elsewhere = file["url"] is not None
    return Resource(
        classes=("purchased_file",),
        href=link,
        rel="fx:purchased_file",
        properties={
            "name": download_page.name_of(file),
            "file_name": None if is_elsewhere else file["file_name"],
            "file_size": None if is_elsewhere else file["file_size"],
            "file_type": None if is_elsewhere else file["file_type"],
            "title": file["title"],
            "alt": file["alt"],
            "number_of_downloads": file["number_of_downloads"],
            "downloads_left": downloads.remaining_downloads(file),
        },
        links=[Link("self", link), Link("fx:download_url", link, "Download")],
    )


def _redirect(
    context: RequestContext, record: PurchasedFileRow, url: str, found: int | None
) -> Response:
    if context.request.method != "HEAD":
        _hand_over(context, record, found)
    headers = {"Location": to_uri(url), "Cache-Control": "private, no-store"}
    return Response(status=302, headers=headers)


def _begin_and_track(
    context: RequestContext, record: PurchasedFileRow, found: int | None
) -> file_response.Ended:
    download_id = _begin(context, record, found, "started")
    database, store_id = context.installation.database, record["store_id"]
    active = context.installation.active_downloads
    minutes = context.settings.download_session_minutes
    # Until `ended`, a background thread keeps the session open; see
    # active_downloads.py.
    active.add(download_id)

    def ended(sent: int) -> None:
        active.remove(download_id)
        downloads.end_download(database, store_id, download_id, sent, minutes)

    return ended


def _hand_over(
    context: RequestContext, record: PurchasedFileRow, found: int | None
) -> None:
    """Open a download whose bytes another server sends, unless one is open."""
    sending = (
        (record["file_size"] or 0) // HANDED_OVER_RATE if record["url"] is None else 0
    )
    # It is not extended later: how much was sent is not known, nor when it is enough.
    _begin(context, record, found, "redirected", sending)


def _begin(
    context: RequestContext,
    record: PurchasedFileRow,
    found: int | None,
    outcome: str,
    sending: int = 0,
) -> int:
    """Open a download, unless one was found that this request resumes."""
    if found is not None:
        return found
    settings = context.settings
    agent = context.request.headers.get("User-Agent", "")[:MAX_USER_AGENT]
    customer = downloads.Customer(
        _address(context.request.remote_addr or "", settings.download_addresses),
        UNREPRESENTABLE.sub("\ufffd", agent),
    )
    return downloads.begin_download(
        context.installation.database,
        record,
        customer,
        minutes=settings.download_session_minutes,
        sending=sending,
        outcome=outcome,
    )


def _address(sent: str, kept: str) -> str:
    """Return as much of an IP address as the operator wants to store."""
    if kept == "none":
        return ""
    address = client_address.parse_address(sent)
    if address is None:
        return ""
    if kept == "full":
        return str(address)
    # The last octet of IPv4 and 80 bits of IPv6 are dropped, as web analytics do.
    bits = 24 if address.version == 4 else 48  # noqa: PLR2004
    return str(ipaddress.ip_network(f"{address}/{bits}", strict=False).network_address)


def register_routes(app: Flask, registry: ResourceRegistry) -> None:
    """Register the routes."""
    items = ItemViews(
        RESOURCE_TYPE, ItemService(find=downloads.find_download), registry
    )
    items.register_routes(app)
    for path, owner, listing in (
        ("/stores/{id}/downloads", stores.find_store, downloads.IN_STORE),
        (
            "/downloadables/{id}/downloads",
            downloadables.find_downloadable,
            downloads.OF_DOWNLOADABLE,
        ),
        (
            "/downloadable_purchases/{id}/downloads",
            purchases.find_purchase,
            downloads.OF_PURCHASE,
        ),
    ):
        service = CollectionService[Any](
            owner=owner,
            version=lambda db, record: downloads.downloads_version(
                db, record.get("store_id", record["id"])
            ),
            page=listing_page(listing),
        )
        CollectionViews(items, path, service).register_routes(app)
    link = Route(
        ADDRESS,
        METHODS,
        is_negotiated=False,
        is_api=False,
        media_types=("*/*",),
        operations={
            "GET": OperationSpec(statuses=(200, 206, 302, 303, 304, 404, 410, 412, 416))
        },
    )
    publish_route(app, link, {"GET": _download})
    page = Route(
        PAGE,
        PAGE_METHODS,
        is_api=False,
        operations={"GET": OperationSpec(statuses=(200, 304, 404, 410))},
    )
    publish_route(app, page, {"GET": _files})
