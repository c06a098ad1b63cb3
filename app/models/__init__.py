"""The tables, one aggregate a module. They know no HTTP and no schema."""

from app.models.attribute import ATTRIBUTES
from app.models.downloadable import DOWNLOADABLES, VERSIONS
from app.models.item_category import ITEM_CATEGORIES
from app.models.metadata import METADATA
from app.models.store import COLLECTION_STATES, STORES
from app.models.token import TOKENS

__all__ = [
    "ATTRIBUTES",
    "COLLECTION_STATES",
    "DOWNLOADABLES",
    "ITEM_CATEGORIES",
    "METADATA",
    "STORES",
    "TOKENS",
    "VERSIONS",
]
