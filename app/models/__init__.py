"""The tables, one aggregate a module. They know no HTTP and no schema.

Tested in `tests/services/operations/test_migration.py`.
"""

from app.models.attribute import ATTRIBUTES
from app.models.downloadable import DOWNLOADABLES, FILES, MAIN, VERSIONS
from app.models.idempotency import IDEMPOTENCY_KEYS
from app.models.item_category import ITEM_CATEGORIES
from app.models.metadata import METADATA
from app.models.oauth import AUTHORIZATION_CODES, OAUTH_CLIENTS
from app.models.offer import OFFERS, TRANSLATIONS
from app.models.purchase import DOWNLOADABLE_PURCHASES, DOWNLOADS, FILE_COUNTS
from app.models.statistics import (
    DOWNLOAD_DAYS,
    DOWNLOAD_MONTHS,
    REFUSAL_DAYS,
    STORE_DAYS,
)
from app.models.store import COLLECTION_STATES, STORES, Collection
from app.models.token import TOKENS
from app.models.upload import UPLOAD_SLOTS
from app.models.user import USER_ROLES, USERS
from app.models.webhook import WEBHOOK_DELIVERIES

__all__ = [
    "ATTRIBUTES",
    "AUTHORIZATION_CODES",
    "COLLECTION_STATES",
    "DOWNLOADABLES",
    "DOWNLOADABLE_PURCHASES",
    "DOWNLOADS",
    "DOWNLOAD_DAYS",
    "DOWNLOAD_MONTHS",
    "FILES",
    "FILE_COUNTS",
    "IDEMPOTENCY_KEYS",
    "ITEM_CATEGORIES",
    "MAIN",
    "METADATA",
    "OAUTH_CLIENTS",
    "OFFERS",
    "REFUSAL_DAYS",
    "STORES",
    "STORE_DAYS",
    "TOKENS",
    "TRANSLATIONS",
    "UPLOAD_SLOTS",
    "USERS",
    "USER_ROLES",
    "VERSIONS",
    "WEBHOOK_DELIVERIES",
    "Collection",
]
