"""The home resource: all other resources are reached from its links."""

from collections.abc import Iterator

from flask import Flask, Response

from app.http.context import RequestContext
from app.http.hypermedia.declaration import STANDARD_METHODS
from app.http.hypermedia.registry import ResourceRegistry
from app.http.media_types import FORM, JSON
from app.http.paths import DOCS, OPENAPI, PROPERTY_HELPERS, RELS, TOKEN
from app.http.responses import respond
from app.http.routes import Route
from app.http.routing import publish_route
from app.resources.oauth import TOKEN_FIELDS
from app.services.principal import Principal
from representations import Action, Link, Resource

METHODS = {"GET": "View the starting point of the API", **STANDARD_METHODS}


def _home(context: RequestContext) -> Response:
    visitor = context.visitor
    base = context.urls.base
    links = [
        Link("self", f"{base}/", "Your API starting point."),
        *_links(base, visitor),
        *_oauth(context, base),
        Link("fx:property_helpers", base + PROPERTY_HELPERS, "Property Helpers"),
        Link("fx:rels", base + RELS, "Link Relations"),
        Link("service-desc", base + OPENAPI, "OpenAPI Description"),
        Link("service-doc", base + DOCS, "Documentation"),
    ]
    message = "Welcome to Sirenhall, the hypermedia API for digital downloads."
    if visitor is None:
        message += (
            " Send Authorization: Bearer <token> to see your store; "
            "`sirenhall token create` makes a token."
        )
    document = Resource(
        classes=("home",),
        href=links[0].href,
        title="Sirenhall",
        properties={"message": message},
        links=links,
    )
    if (
        context.choice.representation.has_actions
        and not context.choice.representation.is_for_people
    ):
        document.actions = [_get_token(base)]
    return respond(context, document)


def _links(base: str, visitor: Principal | None) -> Iterator[Link]:
    """Yield the links that the token may use."""
    if visitor is None:
        return
    yield Link("fx:stores", f"{base}/stores", "Stores")
    if visitor.store_id is None:
        yield _search(f"{base}/stores", "Search Stores")
        return
    store = f"{base}/stores/{visitor.store_id}"
    yield Link("fx:store", store, "This Store")
    yield _search(f"{store}/downloadables", "Search Downloadables")
    yield _search(f"{store}/item_categories", "Search Item Categories")


def _oauth(context: RequestContext, base: str) -> Iterator[Link]:
    """Yield the link to where clients get a token; people sign in instead."""
    if not context.choice.representation.is_for_people:
        yield Link("fx:token", base + TOKEN, "The OAuth endpoint", type=JSON)


def _search(href: str, title: str) -> Link:
    template = f"{href}{{?search,order,fields,zoom,limit,offset}}"
    return Link("search", template, title, templated=True)


def _get_token(base: str) -> Action:
    return Action(
        "get-token",
        "Get an Access Token",
        "POST",
        base + TOKEN,
        FORM,
        TOKEN_FIELDS,
        ("token",),
    )


def register_routes(app: Flask, _registry: ResourceRegistry) -> None:
    """Register the route."""
    publish_route(app, Route("/", METHODS, is_public=True), {"GET": _home})
