"""The documentation of each link relation, generated from the declarations.

A curie leads here: people find a page, programs the same as HAL.
"""

import json
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from flask import Flask, Response, current_app
from lxml import etree

from app.errors import NotFound
from app.http.context import RequestContext
from app.http.hypermedia.declaration import STANDARD_METHODS, Declaration
from app.http.hypermedia.document_builder import ItemDocuments, RenderContext
from app.http.hypermedia.registry import ResourceRegistry
from app.http.paths import RELS
from app.http.responses import respond
from app.http.routes import Route, registered_routes
from app.http.routing import publish_route
from app.resources import REGISTRY
from app.resources.downloadables import FILE_METHODS
from app.resources.downloads import METHODS as DOWNLOAD_METHODS
from app.resources.downloads import PAGE_METHODS
from app.resources.item_categories import ITEM_CATEGORY
from app.resources.oauth import TOKEN_METHODS
from app.resources.purchases import RESET, SIGNED_METHODS
from app.resources.statistics import METHODS as STATISTICS_METHODS
from app.resources.upload_slots import SLOT_METHODS, UPLOAD_METHODS
from representations import REPRESENTATIONS, Link, Resource, Vocabulary
from schemas.base.fields import Amount, Date
from schemas.signed_link import DEFAULT_SECONDS, MAX_SECONDS
from schemas.values.money import money_stored

DECLARATIONS = tuple(kind.declaration for kind in REGISTRY.values())

# Relations that are not a resource's own.
OTHERS: dict[str, tuple[str, Mapping[str, str]]] = {
    "downloadable_item_categories": (
        (
            "The item categories of a store that downloadables can be in: those "
            "with the item_delivery_type downloaded."
        ),
        ITEM_CATEGORY.collection_methods,
    ),
    "file": (
        (
            "The bytes of a file, for the merchant: the newest of a downloadable, one "
            "of its files, or one of the library. Answers GET with byte ranges and "
            "conditions (RFC 9110); the ETag is the SHA-256 digest. What is kept "
            "elsewhere redirects there. PUT replaces a downloadable's."
        ),
        FILE_METHODS,
    ),
    "download_url": (
        (
            "The customer's link: the bytes of what was bought, without an account. "
            "Requests while bytes flow, and within an hour after, are one download, so "
            "an interrupted one can be resumed; HEAD counts nothing. Of several files "
            "it is the main one; a browser is led to fx:purchased_files. What cannot "
            "be downloaded any more is a 410 that says why, as a page for people."
        ),
        DOWNLOAD_METHODS,
    ),
    "purchased_files": (
        (
            "All files that a customer gets for a purchase, without an account, each "
            "with its own fx:download_url. Each may be downloaded as often as the "
            "purchase says. A browser gets a page with buttons."
        ),
        PAGE_METHODS,
    ),
    "purchased_file": (
        (
            "A file that a customer gets for a purchase: name, file_name, file_size "
            "(bytes), file_type, title, alt, number_of_downloads, and downloads_left, "
            "null where that is unlimited."
        ),
        {},
    ),
    "statistics": (
        (
            "Sums of downloads, of a store or of one downloadable: group=day, "
            "downloadable or outcome, from and to as days (2026-11-30) in the store's "
            "time zone; the last 30 days if nothing is said. purchases are those that "
            "were downloaded for the first time. Outcomes have the refusals, too, by "
            "the code that customers got."
        ),
        STATISTICS_METHODS,
    ),
    "sums": ("The sums of one day, downloadable or outcome.", {}),
    "reset_usage": (
        (
            "Counts the downloads of a purchase from zero again. POST to it, or to the "
            "purchase itself, without a body."
        ),
        {"POST": RESET.summary},
    ),
    "create_signed_url": (
        (
            "Creates a link to a download that is valid for expires_in seconds "
            f"({DEFAULT_SECONDS}, at most {MAX_SECONDS}). A shop that knows the "
            "passcode can sign one itself: signature is the HMAC-SHA256 of "
            "p=<id>&expires=<seconds since 1970> under the passcode, in hexadecimal."
        ),
        SIGNED_METHODS,
    ),
    "create_upload_url": (
        (
            "Creates an upload slot: a URL to which a file can be uploaded by a raw "
            "PUT, or by a resumable upload (tus 1.0.0), for a day and without a token. "
            "POST to that of a downloadable for its next version, or to that of a "
            "store for its library; the answer has upload_url."
        ),
        SLOT_METHODS,
    ),
    "upload_url": (
        (
            "An upload slot: leave the file there, and it is the newest version, or a "
            "file of the library; the answer says where."
        ),
        UPLOAD_METHODS,
    ),
    "token": (
        (
            "The token endpoint of OAuth2 (RFC 6749). Send grant_type=refresh_token, "
            "client_credentials or authorization_code as a form, and client_id and "
            "client_secret as HTTP Basic or in the form. `sirenhall client create` "
            "makes a client."
        ),
        TOKEN_METHODS,
    ),
    "tax_item_categories": (
        "The taxes of an item category; empty, since there are no taxes here.",
        {"GET": "View a list of tax item categories", **STANDARD_METHODS},
    ),
    "property_helpers": (
        "The values that properties may have: units, currencies, countries and more.",
        {"GET": "View the legal values of properties", **STANDARD_METHODS},
    ),
    "rels": ("The documentation of all link relations of this API.", STANDARD_METHODS),
    "errors": (
        (
            "What is wrong with a request, one entry for each property: message for "
            "people, code for programs, and logref, by which the operator finds it in "
            "the log."
        ),
        {},
    ),
    "problem": ("A type of problem: its status, and what to do about it.", {}),
    "problems": ("All types of problems of this API.", STANDARD_METHODS),
    "guide": (
        (
            "How a client of another system is moved here: its address, what it finds, "
            "and what differs."
        ),
        STANDARD_METHODS,
    ),
    "topic": ("A topic of the documentation.", {}),
    "topics": ("The topics of the documentation.", {}),
    "result": ("What became of one of several resources that a request was about.", {}),
    "results": ("What became of each resource that a request was about.", {}),
    "methods": ("What the HTTP methods of a resource do; in answers to OPTIONS.", {}),
    "properties": ("The properties of a resource, with types and constraints.", {}),
    "zoomables": (
        "The relations of a resource that can be embedded (zoom) and filtered through.",
        {},
    ),
    "examples": ("A resource as it looks in each format.", {}),
}

METHODS = {"GET": "View the documentation of link relations", **STANDARD_METHODS}
SAMPLE_IDS = {"id": 40, "store_id": 8, "item_category_id": 307}
SAMPLE_DATE = 1_429_202_008


def _descriptions() -> dict[str, str]:
    found = {}
    for declaration in DECLARATIONS:
        if _offered(declaration, is_collection=True):
            found[declaration.plural] = declaration.collection_description
        found[declaration.name] = declaration.description
    return {**found, **{name: text for name, (text, _) in OTHERS.items()}}


def _index(context: RequestContext) -> Response:
    base = context.urls.base
    described = [
        Resource(
            classes=("rel",),
            href=f"{base}{RELS}/{name}",
            rel="fx:rels",
            title=name,
            properties={"name": name, "description": text},
            links=[Link("self", f"{base}{RELS}/{name}", name)],
        )
        for name, text in _descriptions().items()
    ]
    document = Resource(
        classes=("rels", "collection"),
        href=context.url,
        title="Link Relations",
        links=[Link("self", context.url, "Link Relations"), _up(base)],
        embedded={"fx:rels": described},
    )
    return respond(context, document)


def _rel(context: RequestContext, rel: str) -> Response:
    description = _descriptions().get(rel)
    if description is None:
        raise NotFound
    base = context.urls.base
    document = Resource(
        classes=("rel",),
        href=context.url,
        rel="fx:rels",
        title=rel,
        properties={"name": rel, "description": description},
        links=[
            Link("self", context.url, rel),
            Link("collection", base + RELS, "Link Relations"),
            _up(base),
        ],
        embedded={name: rows for name, rows in _details(rel) if rows},
    )
    return respond(context, document)


def _up(base: str) -> Link:
    return Link("start", f"{base}/", "Your API starting point.")


def _details(rel: str) -> Iterator[tuple[str, list[Resource]]]:
    for declaration in DECLARATIONS:
        if rel == declaration.plural:
            yield "fx:methods", _methods(_offered(declaration, is_collection=True))
            yield "fx:properties", _properties(declaration)
            yield "fx:zoomables", _zoomables(declaration)
        elif rel == declaration.name:
            yield "fx:methods", _methods(_offered(declaration, is_collection=False))
            yield "fx:properties", _properties(declaration)
            yield "fx:zoomables", _zoomables(declaration)
            yield "fx:examples", _examples(declaration)
    if rel in OTHERS:
        yield "fx:methods", _methods(OTHERS[rel][1])


def _offered(declaration: Declaration, *, is_collection: bool) -> dict[str, str]:
    """Return the actions on one resource, or on a collection.

    What is done to many at once is left to OPTIONS, as in the pages of Foxy.
    """
    one = declaration.path.replace("{id}", "<id:item_id>")
    found: dict[str, str] = {}
    for route in registered_routes(current_app):
        is_meant = route.is_collection if is_collection else route.path == one
        if route.profile == declaration.name and is_meant:
            found |= route.summaries
    usual = declaration.collection_methods if is_collection else found
    return {method: text for method, text in usual.items() if method in found}


def _methods(methods: Mapping[str, str]) -> list[Resource]:
    return [
        Resource(
            classes=("method",),
            rel="fx:methods",
            properties={"method": method, "description": text},
        )
        for method, text in methods.items()
    ]


def _properties(declaration: Declaration) -> list[Resource]:
    schema = declaration.schema
    return [
        Resource(
            classes=("property",),
            rel="fx:properties",
            properties={
                "property": name,
                "description": field.description,
                "type": field.kind,
                "constraints": " ".join(
                    [*field.constraints(), *schema.conditions_of(name)]
                ),
            },
        )
        for name, field in schema.properties.items()
    ]


def _zoomables(declaration: Declaration) -> list[Resource]:
    """List what can be zoomed and filtered through from a resource."""
    return [
        Resource(
            classes=("zoomable",),
            rel="fx:zoomables",
            properties={
                "zoom": link.rel.partition(":")[2],
                "relation": link.rel,
                "embeds": "a list" if link.relation.is_many else "one resource",
                "description": REGISTRY[link.relation.kind].declaration.heading,
            },
        )
        for link in declaration.links
        if link.relation is not None
    ]


def _examples(declaration: Declaration) -> list[Resource]:
    base = "https://sirenhall.example"
    place = RenderContext(base, Vocabulary(f"{base}{RELS}/"))
    document = ItemDocuments(declaration).resource(_sample(declaration), place)
    return [
        Resource(
            classes=("example",),
            rel="fx:examples",
            properties={
                "format": representation.title,
                "type": representation.media_types[0],
                "example": _pretty(representation.render(document, place.vocabulary)),
            },
        )
        for representation in REPRESENTATIONS
        if not representation.is_for_people
    ]


def _sample(declaration: Declaration) -> dict[str, Any]:
    fields = {f.column: f for f in declaration.schema.shown.values()}
    record: dict[str, Any] = {"timezone": "America/Los_Angeles"}
    for column in declaration.columns:
        field = fields.get(column)
        if column in SAMPLE_IDS:
            record[column] = SAMPLE_IDS[column]
        elif isinstance(field, Date):
            record[column] = SAMPLE_DATE
        elif isinstance(field, Amount) and field.example is not None:
            record[column] = money_stored(Decimal(field.example))
        elif field is not None:
            record[column] = field.example
        else:
            record.setdefault(column, "")
    return record


def _pretty(document: bytes) -> str:
    if document.startswith(b"<"):
        root = etree.fromstring(document)
        etree.indent(root)
        return etree.tostring(root, encoding="unicode")
    return json.dumps(json.loads(document), indent=2, ensure_ascii=False)


def register_routes(app: Flask, _registry: ResourceRegistry) -> None:
    """Register the routes."""
    publish_route(
        app, Route(RELS, METHODS, is_api=False, is_framed=True), {"GET": _index}
    )
    publish_route(
        app,
        Route(f"{RELS}/<rel>", METHODS, is_api=False, is_framed=True),
        {"GET": _rel},
    )
