"""The current time, in one place so that tests can change it."""

import time


def now() -> int:
    """Return the moment in seconds, UTC."""
    return int(time.time())
