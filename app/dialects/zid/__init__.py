"""Zid's API: downloadable products are downloadables, with their offers and languages.

Where its reference is silent: errors are those of Django REST framework, which its
lists are of, with true statuses; expiration_period is in days.

Tested in `tests/dialects/test_zid.py`.
"""

from flask import Flask

from app.dialects.zid import files, library, products
from app.dialects.zid.guide import GUIDE
from app.dialects.zid.protocol import DIALECT
from app.http import migration_guides
from app.http.hypermedia.registry import ResourceRegistry


def register_routes(app: Flask, _registry: ResourceRegistry) -> None:
    """Register the routes."""
    DIALECT.register_routes(app)
    migration_guides.register_guide(app, GUIDE)
    for module in (products, files, library):
        module.publish(app)
