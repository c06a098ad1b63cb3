"""The resources, one module each: its declaration, and its own views.

They do not know each other; links between them are found in the registry.
"""

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

REGISTRY: ResourceRegistry = {
    kind.declaration.name: kind
    for kind in (
        stores.RESOURCE_TYPE,
        item_categories.RESOURCE_TYPE,
        downloadables.RESOURCE_TYPE,
        attributes.RESOURCE_TYPE,
        versions.RESOURCE_TYPE,
        files.RESOURCE_TYPE,
        library_files.RESOURCE_TYPE,
        offers.RESOURCE_TYPE,
        translations.RESOURCE_TYPE,
        purchases.RESOURCE_TYPE,
        downloads.RESOURCE_TYPE,
        webhook_deliveries.RESOURCE_TYPE,
        tokens.RESOURCE_TYPE,
        open_uploads.RESOURCE_TYPE,
        users.RESOURCE_TYPE,
    )
}
"""Every kind of resource by its name."""
