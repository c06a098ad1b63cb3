"""Header fields that change the meaning of a body: each is honoured or refused.

A field that is ignored here makes something else of what was sent: a part of a file
would be stored as the whole of it, or compressed bytes as text.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from app.errors import BadRequest, ExpectationFailed, UnsupportedMediaType
from app.http.environ import APPLIED
from app.http.headers.accept_encoding import IDENTITY
from app.http.headers.structured_fields import parse_item

CONTINUE = "100-continue"
CHUNKED = "chunked"
PLAIN_TRANSFERS = frozenset({"", "7bit", "8bit", "binary"})
"""Content-Transfer-Encodings that leave bytes as they are."""

BODILESS = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods whose body has no meaning, unless a form overrode the method."""

WHOLE = "send the whole file in one body, or in pieces by tus 1.0.0 to an upload URL"


def ensure_supported(environ: Mapping[str, Any]) -> None:
    """Raise an error for headers that cannot be honoured.

    Raise `BadRequest`, `UnsupportedMediaType` and `ExpectationFailed`.
    """
    expect = environ.get("HTTP_EXPECT")
    if expect is not None and expect.strip().lower() != CONTINUE:
        raise ExpectationFailed(
            f"Expect: {expect[:40]} cannot be met; the only expectation that is "
            f"supported is {CONTINUE}"
        )
    if environ["REQUEST_METHOD"] in BODILESS and not environ.get(APPLIED):
        return
    for key, check in _CHECKS.items():
        value = environ.get(key)
        if value is not None:
            check(value.strip(), environ)


def ensure_identity(
    coding: str, what: str = "a body", field: str = "Content-Encoding"
) -> None:
    """Raise `UnsupportedMediaType` for a content coding (RFC 9110, section 8.4)."""
    # Each member of the list is applied to the one before.
    codings = {member.strip().lower() for member in coding.split(",")}
    if codings - {"", IDENTITY}:
        raise UnsupportedMediaType(
            f"{what} with the {field} {coding[:40]} is not supported; send it "
            "uncompressed",
            headers={"Accept-Encoding": IDENTITY},
        )


def ensure_plain_transfer(encoding: str, what: str) -> None:
    """Raise `UnsupportedMediaType` for a Content-Transfer-Encoding such as base64."""
    plain = re.split(r"[\s;(]", encoding.strip().lower())[0]
    if plain not in PLAIN_TRANSFERS:
        raise UnsupportedMediaType(
            f"{what} with the Content-Transfer-Encoding {encoding[:40]} is not "
            "supported (RFC 7578, section 4.7); send its bytes as they are"
        )


def _content_encoding(value: str, environ: Mapping[str, Any]) -> None:
    if _has_body(environ):
        ensure_identity(value)


def _transfer_encoding(value: str, _environ: Mapping[str, Any]) -> None:
    # Servers take the chunks apart, and leave any other coding as it is.
    if value.lower() != CHUNKED:
        raise BadRequest(
            f"the Transfer-Encoding {value[:40]} is not supported; send {CHUNKED} alone"
        )


def _content_transfer_encoding(value: str, environ: Mapping[str, Any]) -> None:
    if _has_body(environ):
        ensure_plain_transfer(value, "a body")


def _content_range(value: str, environ: Mapping[str, Any]) -> None:
    # RFC 9110, section 14.5: a part that is stored as the whole corrupts a file.
    if environ["REQUEST_METHOD"] != "DELETE":
        raise BadRequest(
            f"a part of a file (Content-Range: {value[:40]}) is not supported; {WHOLE}"
        )


def _upload_concat(value: str, _environ: Mapping[str, Any]) -> None:
    raise BadRequest(
        f"Upload-Concat: {value[:40]} is not supported, as OPTIONS says; upload the "
        "file as one (in tus-js-client: parallelUploads: 1)"
    )


def _upload_complete(value: str, _environ: Mapping[str, Any]) -> None:
    _ensure_complete("Upload-Complete", value, complete=True)


def _upload_incomplete(value: str, _environ: Mapping[str, Any]) -> None:
    _ensure_complete("Upload-Incomplete", value, complete=False)


def _upload_offset(value: str, environ: Mapping[str, Any]) -> None:
    """Raise an error for an offset outside of tus, which alone has one, in a PATCH."""
    if environ["REQUEST_METHOD"] != "PATCH" and value != "0":
        raise BadRequest(f"Upload-Offset: {value[:40]} is for PATCH only; {WHOLE}")


def _upload_length(value: str, environ: Mapping[str, Any]) -> None:
    """Raise an error for a length of a file, outside of tus, that is not the body's."""
    if environ["REQUEST_METHOD"] == "PUT" and value != environ.get("CONTENT_LENGTH"):
        raise BadRequest(
            f"Upload-Length: {value[:40]} is not the Content-Length; {WHOLE}"
        )


def _upload_defer_length(value: str, environ: Mapping[str, Any]) -> None:
    if environ["REQUEST_METHOD"] == "PUT":
        raise BadRequest(f"Upload-Defer-Length: {value[:40]} is for POST only; {WHOLE}")


def _ensure_complete(name: str, value: str, *, complete: bool) -> None:
    """Raise an error for a part of an upload (draft-ietf-httpbis-resumable-upload)."""
    try:
        found, _ = parse_item(value)
    except ValueError:
        found = None
    if found is not complete:
        raise BadRequest(f"{name}: {value[:40]} is not supported; {WHOLE}")


def _has_body(environ: Mapping[str, Any]) -> bool:
    length = environ.get("CONTENT_LENGTH") or "0"
    return length.strip() != "0" or bool(environ.get("HTTP_TRANSFER_ENCODING"))


_CHECKS: dict[str, Callable[[str, Mapping[str, Any]], None]] = {
    "HTTP_TRANSFER_ENCODING": _transfer_encoding,
    "HTTP_CONTENT_ENCODING": _content_encoding,
    "HTTP_CONTENT_TRANSFER_ENCODING": _content_transfer_encoding,
    "HTTP_CONTENT_RANGE": _content_range,
    "HTTP_UPLOAD_CONCAT": _upload_concat,
    "HTTP_UPLOAD_COMPLETE": _upload_complete,
    "HTTP_UPLOAD_INCOMPLETE": _upload_incomplete,
    "HTTP_UPLOAD_OFFSET": _upload_offset,
    "HTTP_UPLOAD_LENGTH": _upload_length,
    "HTTP_UPLOAD_DEFER_LENGTH": _upload_defer_length,
}
