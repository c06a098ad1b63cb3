"""The resources, one module each: what it is, and what is its own in its views.

They do not know each other; what leads from one to another finds it in the catalogue.
"""

from app.http.hypermedia.registry import Catalogue
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
    versions,
    webhook_deliveries,
)

CATALOGUE: Catalogue = {
    kind.declaration.name: kind
    for kind in (
        stores.KIND,
        item_categories.KIND,
        downloadables.KIND,
        attributes.KIND,
        versions.KIND,
        files.KIND,
        library_files.KIND,
        offers.KIND,
        translations.KIND,
        purchases.KIND,
        downloads.KIND,
        webhook_deliveries.KIND,
        tokens.KIND,
        open_uploads.KIND,
    )
}
"""Every kind of resource by its name."""
