"""What the headers of a part announce holds, or the part is refused."""

import base64
import hashlib

import pytest

from app.errors import BadRequest, DigestMismatch, UnsupportedMediaType
from app.http.bodies.part_headers import PartChecks

CONTENT = b"0123456789"
SHA = base64.b64encode(hashlib.sha256(CONTENT).digest()).decode()


def check(headers, content=CONTENT):
    checks = PartChecks("file", headers)
    for piece in (content[:3], content[3:]):
        checks.update(memoryview(piece))
    checks.ensure_met()


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"content-length": "10"},
        {"content-length": " 0010 "},
        {"repr-digest": f"sha-256=:{SHA}:"},
        {"content-encoding": "identity"},
        {"content-transfer-encoding": "binary"},
        {"content-type": "text/plain"},
    ],
)
def test_what_is_true_is_accepted(headers):
    check(headers)


@pytest.mark.parametrize(
    ("headers", "content"), [({"content-length": "0"}, b""), ({}, b"")]
)
def test_an_empty_part_has_no_bytes(headers, content):
    check(headers, content)


@pytest.mark.parametrize(
    ("headers", "error", "says"),
    [
        ({"content-length": "9"}, BadRequest, "the part file has 10 bytes, but its"),
        ({"content-length": ""}, BadRequest, "Content-Length is 0"),
        ({"content-length": "9" * 100}, BadRequest, "9999"),
        ({"content-encoding": "gzip"}, UnsupportedMediaType, "the part file"),
        ({"transfer-encoding": "gzip"}, UnsupportedMediaType, "Transfer-Encoding"),
        (
            {"content-transfer-encoding": "base64"},
            UnsupportedMediaType,
            "the part file",
        ),
        ({"content-range": "bytes 0-9/20"}, BadRequest, "has a Content-Range"),
        ({"content-type": "Multipart/mixed"}, UnsupportedMediaType, "a multipart body"),
    ],
)
def test_what_is_false_or_unknown_is_refused(headers, error, says):
    with pytest.raises(error, match=says):
        check(headers)


def test_other_bytes_than_the_digest_says_are_refused():
    with pytest.raises(DigestMismatch):
        check({"repr-digest": f"sha-256=:{SHA}:"}, b"9876543210")
