"""The current time, in one place so that tests can change it.

Tested in `tests/resources/test_downloads.py`.
"""

import time


def now() -> int:
    """Return the moment in seconds, UTC."""
    return int(time.time())
