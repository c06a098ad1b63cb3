"""The starting point: everything else is reached from its links."""

from flask import Flask, Response

from app.http.call import Call
from app.http.catalogue import Catalogue
from app.http.declaration import STANDARD_METHODS
from app.http.endpoints import route
from representations import Link, Resource

METHODS = {"GET": "View the starting point of the API", **STANDARD_METHODS}


def _home(call: Call) -> Response:
    visitor = call.visitor
    base = call.place.base
    links = [Link("self", f"{base}/", "Your API starting point.")]
    if visitor is not None:
        links.append(Link("fx:stores", f"{base}/stores", "Stores"))
    if visitor is not None and visitor.store_id is not None:
        store = f"{base}/stores/{visitor.store_id}"
        links.append(Link("fx:store", store, "This Store"))
    links.append(Link("fx:rels", f"{base}/rels", "Link Relations"))
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
    return call.respond(document)


def register(app: Flask, _catalogue: Catalogue) -> None:
    """Publish the view."""
    route(app, "/", {"GET": _home}, METHODS)
