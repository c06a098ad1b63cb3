"""Headers of a part that change its meaning: honoured or refused, never ignored."""

from werkzeug.datastructures import Headers

from app.errors import BadRequest, UnsupportedMediaType
from app.http.headers import digest_fields
from app.http.headers.body_headers import ensure_identity, ensure_plain_transfer


class PartChecks:
    """Checks of a part against its headers: its length and its digests.

    `headers` have their names in lower case. Raise `BadRequest` and
    `UnsupportedMediaType` for what cannot be honoured.
    """

    def __init__(self, name: str, headers: dict[str, str]) -> None:
        self._part = f"the part {name[:100]}"
        self._ensure_plain(headers)
        self._digests = digest_fields.of_headers(Headers(headers))
        # A number of any length is compared as a text.
        self._length = headers.get("content-length", "").strip().lstrip("0")
        self._has_length = "content-length" in headers
        self._received = 0

    def update(self, view: memoryview) -> None:
        """Add bytes of the part."""
        self._received += len(view)
        for digest in self._digests:
            digest.update(view)

    def ensure_met(self) -> None:
        """Raise `BadRequest` or `DigestMismatch` if other bytes were announced."""
        for digest in self._digests:
            digest.ensure_equal()
        if self._has_length and (self._length or "0") != str(self._received):
            raise BadRequest(
                f"{self._part} has {self._received} bytes, but its Content-Length is "
                f"{self._length[:40] or '0'}; nothing was changed"
            )

    def _ensure_plain(self, headers: dict[str, str]) -> None:
        encoding = headers.get("content-transfer-encoding", "")
        ensure_plain_transfer(encoding, self._part)
        for field in ("Content-Encoding", "Transfer-Encoding"):
            ensure_identity(headers.get(field.lower(), ""), self._part, field)
        if "content-range" in headers:
            raise BadRequest(f"{self._part} has a Content-Range; send all of the file")
        if headers.get("content-type", "").lower().startswith("multipart/"):
            raise UnsupportedMediaType(
                f"{self._part} is a multipart body itself (RFC 7578, section 4.3); "
                "send each file as a part of its own"
            )
