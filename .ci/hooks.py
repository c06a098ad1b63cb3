"""Tells Schemathesis how the body of a resumable upload is written: as it is."""

import schemathesis


@schemathesis.serializer("application/offset+octet-stream")
def raw(_context, value):
    """Give the bytes of a body."""
    return value if isinstance(value, bytes) else str(value).encode()
