"""The time, in one place so that tests can move it."""

import time


def now() -> int:
    """Return the moment in seconds, UTC."""
    return int(time.time())
