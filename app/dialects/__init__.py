"""The catalogue under other systems' APIs: thin adapters, one package each.

A client of such a system changes its base URL and its credentials. Adapters have no
rows or rules of their own: what is created through one is visible in all.

Tested in `tests/dialects/test_matrix.py`.
"""

from flask import Flask

from app.http.hypermedia.registry import ResourceRegistry


def register_routes(app: Flask, registry: ResourceRegistry) -> None:
    """Register the routes of all dialects."""
    from app.dialects import easycart, surecart, zid

    for dialect in (easycart, surecart, zid):
        dialect.register_routes(app, registry)
