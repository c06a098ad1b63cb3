"""WP EasyCart's REST API, tag Downloads.

Tested in `tests/dialects/test_easycart.py`.
"""

from app.dialects.easycart.downloads import register_routes

__all__ = ["register_routes"]
