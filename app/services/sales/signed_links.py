"""Temporary links, signed with the passcode of their purchase.

So a shop that knows the passcode can sign them itself, no server has to share a secret
with another, and what is signed does not give the passcode away:

    signature = HMAC-SHA256(passcode, "p=<id>&expires=<seconds>"), in hexadecimal
"""

import hmac
from collections.abc import Mapping

from app.database import Snapshot
from app.errors import LinkExpired, UnknownLink
from app.services.rows.row_types import PurchasedFileRow
from app.services.sales import downloads
from schemas.signed_link import MAX_SECONDS
from schemas.values.identifiers import id_value


def link_parameters(purchase_id: int, passcode: str, expires: int) -> dict[str, str]:
    """Return the parameters of a link that is good until a moment (seconds UTC)."""
    return {
        "p": str(purchase_id),
        "expires": str(expires),
        "signature": _signature(purchase_id, passcode, expires),
    }


def verify_signed_link(
    db: Snapshot, sent: Mapping[str, str], moment: int, file_id: int | None = None
) -> PurchasedFileRow:
    """Return the purchase of a signed link with its file; it is valid for all files.

    Raise `UnknownLink` for one that nobody has signed, or for too long a time, and
    `LinkExpired`.
    """
    number, expires = id_value(sent.get("p", "")), id_value(sent.get("expires", ""))
    record = None
    if number is not None:
        record = downloads.get_unscoped(db, number, file_id)
    if record is None or expires is None:
        raise UnknownLink(UNKNOWN)
    right = _signature(record["id"], record["download_passcode"], expires)
    given = sent.get("signature", "").encode()
    is_right = hmac.compare_digest(right.encode(), given)
    if not is_right or expires > moment + MAX_SECONDS:
        raise UnknownLink(UNKNOWN)
    if expires <= moment:
        raise LinkExpired("this link has expired")
    return record


UNKNOWN = (
    "this download link is not valid; check that you copied the whole link, or ask "
    "the shop to send it again"
)


def _signature(purchase_id: int, passcode: str, expires: int) -> str:
    text = f"p={purchase_id}&expires={expires}"
    return hmac.digest(passcode.encode(), text.encode(), "sha256").hex()
