"""Property helpers: the legal values of properties."""

from collections.abc import Callable, Mapping
from functools import partial

from flask import Flask, Response

from app.errors import NotFound
from app.http.context import RequestContext
from app.http.hypermedia.declaration import STANDARD_METHODS
from app.http.hypermedia.registry import ResourceRegistry
from app.http.paths import PROPERTY_HELPERS
from app.http.responses import respond
from app.http.routes import Route
from app.http.routing import publish_route
from app.services import reference_data
from representations import Link, Resource
from schemas.base.fields import Choice
from schemas.base.json_schema import title_of

METHODS = {"GET": "View the legal values of properties", **STANDARD_METHODS}

PLACES: Mapping[str, tuple[str, Callable[[], Mapping[str, str]]]] = {
    "currencies": ("Currencies (ISO 4217)", reference_data.currencies),
    "countries": ("Countries (ISO 3166-1)", reference_data.countries),
    "timezones": ("Time zones (IANA)", reference_data.timezones),
    "languages": ("Languages", reference_data.languages),
    "locale_codes": ("Locales", reference_data.locale_codes),
}


def helpers(
    registry: ResourceRegistry,
) -> dict[str, tuple[str, Callable[[], Mapping[str, str]]]]:
    """Return the helpers by name, each with its purpose and its values."""
    found: dict[str, tuple[str, Callable[[], Mapping[str, str]]]] = {}
    for kind in registry.values():
        for name, field in kind.declaration.schema.properties.items():
            if isinstance(field, Choice):
                # In English, the plural of most that is chosen from ends in s.
                plural = name[:-1] + "ies" if name.endswith("y") else f"{name}s"
                values = {
                    choice: title_of(choice) if choice else "None"
                    for choice in field.choices
                }
                found[plural] = field.description, partial(dict, values)
    return {**dict(sorted(found.items())), **PLACES}


def register_routes(app: Flask, registry: ResourceRegistry) -> None:
    """Register the routes."""
    known = helpers(registry)

    def index(context: RequestContext) -> Response:
        base = context.url.rstrip("/")
        document = Resource(
            classes=("property_helpers",),
            href=base,
            title="Property Helpers",
            properties={"message": "The values that properties may have."},
            links=[
                Link("self", base, "Property Helpers"),
                Link("start", f"{context.urls.base}/", "Your API starting point."),
                *(
                    Link(f"fx:{name}", f"{base}/{name}", title_of(name))
                    for name in known
                ),
            ],
        )
        return respond(context, document)

    def show(context: RequestContext, name: str) -> Response:
        if name not in known:
            raise NotFound
        message, values = known[name]
        document = Resource(
            classes=("property_helper",),
            href=context.url,
            title=title_of(name),
            properties={"message": message, "values": dict(values())},
            links=[
                Link("self", context.url, title_of(name)),
                Link(
                    "fx:property_helpers",
                    context.urls.base + PROPERTY_HELPERS,
                    "Property Helpers",
                ),
            ],
        )
        return respond(context, document)

    publish_route(app, Route(PROPERTY_HELPERS, METHODS, is_public=True), {"GET": index})
    publish_route(
        app, Route(f"{PROPERTY_HELPERS}/<name>", METHODS, is_public=True), {"GET": show}
    )
