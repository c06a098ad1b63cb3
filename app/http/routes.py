"""What is published: each address with its methods, kept for the API's description."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from flask import Flask

from representations import REPRESENTATIONS, Representation

EXTENSION = "sirenhall.routes"


@dataclass(frozen=True, slots=True)
class Route:
    """An address, as Werkzeug writes it, and what its methods do, in words.

    `profile` names the kind of resource that is there, `is_collection` tells many from
    one. What is not negotiated answers with `media_types` of its own.
    """

    path: str
    words: Mapping[str, str]
    is_negotiated: bool = True
    profile: str = ""
    is_collection: bool = False
    offers: tuple[Representation, ...] = REPRESENTATIONS
    media_types: tuple[str, ...] = field(default=())
    is_public: bool = False


def note(app: Flask, route: Route) -> None:
    """Keep a route."""
    app.extensions.setdefault(EXTENSION, []).append(route)


def routes(app: Flask) -> list[Route]:
    """Give all routes in the order of their publication."""
    found: list[Route] = app.extensions.get(EXTENSION, [])
    return found
