"""WP EasyCart's REST API, tag Downloads."""

from app.dialects.easycart.downloads import register

__all__ = ["register"]
