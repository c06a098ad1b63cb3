"""Tells Schemathesis how the body of a resumable upload is written: as it is."""  # noqa: INP001 - no package

from typing import Any

import schemathesis


@schemathesis.serializer("application/offset+octet-stream")
def raw(_context: Any, value: Any) -> bytes:
    """Return the bytes of a body."""
    return value if isinstance(value, bytes) else str(value).encode()
