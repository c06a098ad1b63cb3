"""What a resumable upload says in its headers (tus 1.0.0, https://tus.io/protocols)."""

import base64
import hashlib
import re
from dataclasses import dataclass
from typing import Any

from flask import Request

from app.errors import BadRequest, ChecksumMismatch, PreconditionFailed, TooLarge

VERSION = "1.0.0"
EXTENSIONS = "creation,creation-with-upload,termination,expiration,checksum"
OFFSET_OCTETS = "application/offset+octet-stream"
ALGORITHMS = ("sha256", "sha1")

_NUMBER = re.compile(r"[0-9]{1,18}", re.ASCII)


def ensure_version(request: Request) -> None:
    """Refuse another version of the protocol. Raises `PreconditionFailed`."""
    sent = request.headers.get("Tus-Resumable", VERSION).strip()
    if sent != VERSION:
        raise PreconditionFailed(
            f"Tus-Resumable {sent[:20]!r} is not spoken here; send {VERSION}",
            headers={"Tus-Version": VERSION},
        )


def number(request: Request, name: str) -> int:
    """Read a header that is a whole number. Raises `BadRequest`."""
    sent = request.headers.get(name, "").strip()
    if not _NUMBER.fullmatch(sent):
        raise BadRequest(f"{name} must be a whole number of bytes, not {sent[:40]!r}")
    return int(sent)


def length(request: Request, most: int) -> int:
    """Read the size of the whole file. Raises `BadRequest` and `TooLarge`."""
    if "Upload-Defer-Length" in request.headers:
        raise BadRequest("Upload-Length must be known from the start")
    found = number(request, "Upload-Length")
    if found > most:
        raise TooLarge(
            f"the file has {found} bytes; at most {most} are read "
            "(SIRENHALL_MAX_FILE_SIZE)"
        )
    return found


def metadata(request: Request) -> dict[str, str]:
    """Read name and type of the file, as clients call them. Raises `BadRequest`."""
    found = {}
    for pair in request.headers.get("Upload-Metadata", "").split(","):
        key, _, value = pair.strip().partition(" ")
        if not key:
            continue
        try:
            found[key.lower()] = base64.b64decode(value.strip(), validate=True).decode()
        except ValueError:
            raise BadRequest(
                f"Upload-Metadata: the value of {key[:40]} must be UTF-8 in Base64"
            ) from None
    return found


@dataclass(slots=True)
class Checksum:
    """What the bytes of one request must hash to."""

    name: str
    expected: bytes
    digest: Any

    def ensure_right(self) -> None:
        """Compare. Raises `ChecksumMismatch`."""
        if self.digest.digest() != self.expected:
            raise ChecksumMismatch(
                f"the {self.name} of what came in is not the one in the header; "
                "nothing of it was kept"
            )


def checksum(request: Request) -> Checksum | None:
    """Read Upload-Checksum. Raises `BadRequest`."""
    sent = request.headers.get("Upload-Checksum")
    if sent is None:
        return None
    name, _, value = sent.strip().partition(" ")
    if name.lower() not in ALGORITHMS:
        raise BadRequest(f"Upload-Checksum must be by one of {', '.join(ALGORITHMS)}")
    return _checksum(name.lower(), value)


def announced_md5(sent: str | None) -> Checksum | None:
    """Give what a file must hash to that was announced so. Raises `BadRequest`."""
    return None if sent is None else _checksum("md5", sent)


def file_digest(request: Request) -> Checksum | None:
    """Read the digest of a whole file (RFC 9530, and RFC 1864). Raises `BadRequest`."""
    for header in ("Repr-Digest", "Content-Digest"):
        for member in request.headers.get(header, "").split(","):
            name, _, value = member.strip().partition("=")
            if name.lower() == "sha-256":
                return _checksum("sha256", value.strip().strip(":"))
    sent = request.headers.get("Content-MD5")
    return None if sent is None else _checksum("md5", sent)


def _checksum(name: str, value: str) -> Checksum:
    try:
        expected = base64.b64decode(value.strip(), validate=True)
    except ValueError:
        expected = b""
    digest = hashlib.new(name, usedforsecurity=False)
    if len(expected) != digest.digest_size:
        raise BadRequest(f"the digest must be a {name} in Base64")
    return Checksum(name, expected, digest)
