"""The published routes and their methods, kept for the API's description.

Tested in `tests/wire/test_openapi.py`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from flask import Flask

from representations import REPRESENTATIONS, Field, Representation

EXTENSION = "sirenhall.routes"


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationSpec:
    """The request and response of a method that no resource type determines.

    `statuses` are those beyond what any request may meet; `fields` are of a form, or
    `takes` are the types of a raw body; `answer` is the JSON Schema of a 200. It may
    be negotiated where the rest of the address is not, and is empty where it says so.
    """

    statuses: tuple[int, ...]
    fields: tuple[Field, ...] = ()
    answer: Mapping[str, Any] = field(default_factory=dict)
    takes: tuple[str, ...] = ()
    is_negotiated: bool = False
    is_empty: bool = False


@dataclass(frozen=True, slots=True)
class Route:
    """An address, as Werkzeug writes it, and what its methods do, in words.

    `profile` names the kind of resource that is there, `is_collection` tells many from
    one, and `offers` are the formats of GET. What is not negotiated (a file's bytes)
    ignores Accept, but for its errors, and answers with `media_types` of its own.
    Who needs no token asks for what `is_public`. What is no `is_api` is asked for by
    browsers and tools, which send no token and no header of ours.
    """

    path: str
    summaries: Mapping[str, str]
    is_negotiated: bool = True
    profile: str = ""
    is_collection: bool = False
    offers: tuple[Representation, ...] = REPRESENTATIONS
    media_types: tuple[str, ...] = ()
    is_public: bool = False
    is_api: bool = True
    is_page: bool = False
    """Whether only browsers ask for it: it is HTML, whatever Accept says."""
    is_framed: bool = False
    """Whether anybody may show its pages inside another page, without who looks on."""
    takes_arrays: frozenset[str] = frozenset()
    """The methods that take several resources at once."""
    gives_results: frozenset[str] = frozenset()
    """The methods that may answer with a result for each of several."""
    actions: frozenset[str] = frozenset()
    """The methods that take no body and answer with the resource."""
    options_headers: Mapping[str, str] = field(default_factory=dict)
    operations: Mapping[str, OperationSpec] = field(default_factory=dict)
    own_errors: Mapping[str, Any] = field(default_factory=dict)
    """The JSON Schema of errors, where they are not what they are elsewhere."""

    def negotiates(self, method: str) -> bool:
        """Return whether a method answers in the format that is asked for."""
        spec = self.operations.get(method)
        if self.is_negotiated or method == "OPTIONS":
            return True
        return spec is not None and spec.is_negotiated

    @property
    def needs_token(self) -> bool:
        """Whether the route requires authentication."""
        return self.is_api and not self.is_public


def register_route(app: Flask, route: Route) -> None:
    """Register a route."""
    app.extensions.setdefault(EXTENSION, []).append(route)


def registered_routes(app: Flask) -> list[Route]:
    """Return all routes in the order of their publication."""
    found: list[Route] = app.extensions.get(EXTENSION, [])
    return found
