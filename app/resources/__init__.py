"""The resources, one module each: its declaration, and its own views.

They do not know each other; links between them are found in the registry.
"""

from flask import Flask

from app.http.hypermedia.registry import ResourceRegistry
from app.resources import (
    attributes,
    downloadables,
    downloads,
    files,
    item_categories,
    library_files,
    offers,
    open_uploads,
    purchases,
    stores,
    tokens,
    translations,
    users,
    versions,
    webhook_deliveries,
)

RESOURCES = (
    stores,
    item_categories,
    downloadables,
    attributes,
    versions,
    files,
    library_files,
    offers,
    translations,
    purchases,
    downloads,
    webhook_deliveries,
    tokens,
    open_uploads,
    users,
)
REGISTRY: ResourceRegistry = {
    module.RESOURCE_TYPE.declaration.name: module.RESOURCE_TYPE for module in RESOURCES
}
"""Every kind of resource by its name."""


def register_routes(app: Flask) -> None:
    """Register the routes of all resources, of pages and of documentation."""
    # These know the registry, so they are imported once it is there.
    from app.resources import home, oauth, property_helpers, statistics, upload_slots
    from app.resources.documentation import api_docs, problem_types, profiles, rels
    from app.resources.operations import health, metrics, security_txt
    from app.resources.pages import raw_view, sign_in, static_files, viewer

    for module in (
        home,
        *RESOURCES,
        statistics,
        upload_slots,
        oauth,
        property_helpers,
        *(rels, profiles, problem_types, api_docs),
        *(health, metrics, security_txt),
        *(static_files, viewer, sign_in, raw_view),
    ):
        module.register_routes(app, REGISTRY)
