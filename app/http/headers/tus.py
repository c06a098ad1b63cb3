"""Headers of resumable uploads (tus 1.0.0, https://tus.io/protocols)."""

import base64
import re

from flask import Request

from app.errors import (
    BadRequest,
    ChecksumMismatch,
    DigestMismatch,
    PreconditionFailed,
    TooLarge,
)
from app.http.headers import digest_fields
from app.http.headers.digest_fields import Digest

VERSION = "1.0.0"
EXTENSIONS = "creation,creation-with-upload,termination,expiration,checksum"
OFFSET_OCTETS = "application/offset+octet-stream"
ALGORITHMS = ("sha256", "sha1")

_NUMBER = re.compile(r"[0-9]{1,100}", re.ASCII)


def ensure_version(request: Request) -> None:
    """Raise `PreconditionFailed` for another version of the protocol."""
    sent = request.headers.get("Tus-Resumable", VERSION).strip()
    if sent != VERSION:
        raise PreconditionFailed(
            f"Tus-Resumable {sent[:20]!r} is not supported; send {VERSION}",
            headers={"Tus-Version": VERSION},
        )


def upload_number(request: Request, name: str) -> int:
    """Read a header that is a whole number. Raise `BadRequest`."""
    sent = request.headers.get(name, "").strip()
    if not _NUMBER.fullmatch(sent):
        raise BadRequest(f"{name} must be a whole number of bytes, not {sent[:40]!r}")
    return int(sent)


def upload_length(request: Request, most: int) -> int:
    """Read the size of the whole file. Raise `BadRequest` or `TooLarge`."""
    if "Upload-Defer-Length" in request.headers:
        raise BadRequest("Upload-Length must be known from the start")
    found = upload_number(request, "Upload-Length")
    if found > most:
        raise TooLarge(
            f"the file has {found} bytes; at most {most} are read "
            "(SIRENHALL_MAX_FILE_SIZE)"
        )
    return found


def upload_metadata(request: Request) -> dict[str, str]:
    """Read name and type of the file, as clients call them. Raise `BadRequest`."""
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


def upload_checksum(request: Request) -> Digest | None:
    """Return the digest that Upload-Checksum announces. Raise `BadRequest`."""
    sent = request.headers.get("Upload-Checksum")
    if sent is None:
        return None
    name, _, value = sent.strip().partition(" ")
    if name.lower() not in ALGORITHMS:
        raise BadRequest(f"Upload-Checksum must be by one of {', '.join(ALGORITHMS)}")
    return digest_fields.of_base64("Upload-Checksum", name.lower(), value)


def ensure_checksum(digest: Digest) -> None:
    """Raise `ChecksumMismatch` if a piece has another checksum than announced."""
    try:
        digest.ensure_equal()
    except DigestMismatch as error:
        raise ChecksumMismatch(str(error)) from None
