"""WP EasyCart's REST API, tag Downloads."""

from app.dialects.easycart.downloads import register_routes

__all__ = ["register_routes"]
