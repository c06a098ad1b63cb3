"""Digests of a body: Content-Digest and Repr-Digest (RFC 9530), Content-MD5 (RFC 1864).

A body is read as it was sent, with no content coding and in full, so that its content
and its representation are the same bytes.

Tested in `tests/http/headers/test_body_headers.py`.
"""

import base64
import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from werkzeug.datastructures import Headers

from app.errors import BadRequest, DigestMismatch
from app.http.headers.structured_fields import parse_dictionary

FIELDS = ("Content-Digest", "Repr-Digest")
ALGORITHMS = {"sha-256": "sha256", "sha-512": "sha512"}
"""The algorithms that are checked, by their names in the fields."""

OLD_ALGORITHMS = {**ALGORITHMS, "sha": "sha1", "md5": "md5"}
"""The algorithms of Digest (RFC 3230 and RFC 5843), in lower case."""


@dataclass(slots=True)
class Digest:
    """The digest that bytes are expected to have, and the one they have so far.

    `field` names the header field that it came in.
    """

    field: str
    algorithm: str
    expected: bytes
    state: Any

    def update(self, data: bytes | memoryview) -> None:
        """Add bytes."""
        self.state.update(data)

    def ensure_equal(self) -> None:
        """Raise `DigestMismatch` if the bytes have another digest."""
        if self.state.digest() != self.expected:
            found = base64.b64encode(self.state.digest()).decode()
            raise DigestMismatch(
                f"the {self.algorithm.upper()} digest of the body is {found}, which is "
                f"not the one in {self.field}; nothing was changed"
            )


def of_headers(headers: Headers, fields: Iterable[str] = FIELDS) -> list[Digest]:
    """Return the digests that header fields announce.

    Algorithms that are not known are ignored (RFC 9530, section 2). Raise
    `BadRequest` for a field that cannot be parsed.
    """
    digests: list[Digest] = []
    for field in fields:
        digests += _of_field(field, headers.get(field))
    content_md5 = headers.get("Content-MD5")
    if content_md5 is not None:
        digests.append(of_base64("Content-MD5", "md5", content_md5))
    for member in headers.get("Digest", "").split(","):
        # The field of before RFC 9530, in plain Base64.
        name, _, value = member.strip().partition("=")
        if name.lower() in OLD_ALGORITHMS:
            digests.append(of_base64("Digest", OLD_ALGORITHMS[name.lower()], value))
    return digests


def _of_field(field: str, value: str | None) -> Iterator[Digest]:
    if value is None:
        return
    try:
        members = parse_dictionary(value)
    except ValueError as error:
        raise BadRequest(
            f"{field} must be a dictionary such as sha-256=:…: ({error})"
        ) from None
    for name, algorithm in ALGORITHMS.items():
        if name in members:
            yield _digest(field, algorithm, members[name][0])


def of_base64(field: str, algorithm: str, value: str) -> Digest:
    """Return the digest of a field in plain Base64. Raise `BadRequest`."""
    try:
        expected = base64.b64decode(value.strip(), validate=True)
    except ValueError:
        expected = b""
    return _digest(field, algorithm, expected)


def _digest(field: str, algorithm: str, expected: object) -> Digest:
    state = hashlib.new(algorithm, usedforsecurity=False)
    if not isinstance(expected, bytes) or len(expected) != state.digest_size:
        raise BadRequest(
            f"{field} must hold a digest by {algorithm.upper()}, of "
            f"{state.digest_size} bytes, in Base64"
        )
    return Digest(field, algorithm, expected, state)
