"""Derive the name that customers see from the name that a client sends.

Tested in `tests/http/bodies/test_multipart_scanner.py`.
"""

import re

from schemas.base.fields import UNREPRESENTABLE
from schemas.values.normalization import nfc

MAX_FILE_NAME = 255
"""Characters of a name."""

REPLACEMENT = "\ufffd"
_CONTROLS = re.compile("[\t\r\n\x7f-\x9f]")


def file_name(sent: str) -> str:
    """Return the last part of a path, in NFC; empty where it names no file.

    Senders put paths of their own before it: `C:/fakepath/`, `raw:/storage/…`
    (RFC 7578, section 4.2). What a name cannot hold becomes U+FFFD.
    """
    text = _CONTROLS.sub(REPLACEMENT, UNREPRESENTABLE.sub(REPLACEMENT, sent))
    last = nfc(re.split(r"[/\\]", text)[-1].strip())
    return "" if last in {".", ".."} else last


def shortened_name(name: str) -> str | None:
    """Return a name of at most `MAX_FILE_NAME` characters, with its ending."""
    return name[-MAX_FILE_NAME:] or None
