"""SureCart's API: products are downloadables, downloads their files, medias blobs.

Where its reference is silent: what is deleted is answered with its id and
`deleted: true`; a limit over 100 counts as 100; expansions and filters of things that
are not here are understood and find nothing.

Tested in `tests/dialects/test_surecart.py`.
"""

from flask import Flask

from app.dialects.surecart import customers, downloads, medias, products
from app.dialects.surecart.guide import GUIDE
from app.dialects.surecart.protocol import DIALECT
from app.http import migration_guides
from app.http.hypermedia.registry import ResourceRegistry


def register_routes(app: Flask, _registry: ResourceRegistry) -> None:
    """Register the routes."""
    DIALECT.register_routes(app)
    migration_guides.register_guide(app, GUIDE)
    for module in (downloads, medias, products, customers):
        module.publish(app)
