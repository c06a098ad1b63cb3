"""Which blobs the rows name: all others are nobody's."""

from sqlalchemy import bindparam, select

from app.database import Snapshot, Statement
from app.models import UPLOAD_SLOTS, VERSIONS

_V, _U = VERSIONS.c, UPLOAD_SLOTS.c
_OF_VERSION = Statement(select(_V.id).where(_V.blob_key == bindparam("key")))
_OF_VERSIONS = Statement(select(_V.blob_key))
_PARTIALS = Statement(select(_U.partial_key).where(_U.partial_key.is_not(None)))


def is_of_version(db: Snapshot, key: str) -> bool:
    """Tell whether a blob is the file of a version."""
    return db.value(_OF_VERSION, key=key) is not None


def named(db: Snapshot) -> set[str]:
    """Give the keys that versions name, or uploads that are under way."""
    return {str(row[0]) for s in (_OF_VERSIONS, _PARTIALS) for row in db.rows(s)}
