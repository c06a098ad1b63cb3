"""Background tasks of a running server: send webhooks, and clean up.

Each task has a thread of its own, so that a slow one holds up no other.

Tested in `tests/cli/test_serve.py`.
"""

import logging
import threading
import time
from collections.abc import Callable

from app import heap
from app.database import FAILURES
from app.log_throttle import Throttle
from app.services.operations import maintenance
from app.services.operations.installation import Installation
from app.services.webhooks.sender import Sender

PAUSE = 1.0
"""Seconds between two looks at what is to be done."""

TIDY_EVERY, RESERVE_EVERY, TRIM_EVERY = 3600.0, 60.0, 60.0
PAUSE_AFTER_FAILURE, PAUSE_AFTER_REMOVAL = 10.0, 2.0
_LOG = logging.getLogger(__name__)
_THROTTLE = Throttle(__name__, seconds=60)


def start_tasks(installation: Installation) -> None:
    """Start the tasks; they end with the process, which does not wait for them."""
    sender = webhook_sender(installation)
    installation.last_uses.is_written_by_another = True
    _repeat("webhooks", PAUSE, sender.begin)
    _repeat(
        "last uses",
        PAUSE,
        lambda: installation.last_uses.write(installation.database),
    )
    _repeat(
        "refusals",
        PAUSE,
        lambda: installation.refusals.write(installation.database),
    )
    _repeat("removal", PAUSE, installation.removal.retry, PAUSE_AFTER_REMOVAL)
    _repeat("the reserve", RESERVE_EVERY, installation.reserve.create)
    _repeat("trimming the heap", TRIM_EVERY, heap.trim)
    # At once: this process may follow one that was killed.
    _repeat("tidying", TIDY_EVERY, lambda: maintenance.remove_expired(installation))


def webhook_sender(installation: Installation) -> Sender:
    """Return a sender of the webhooks of an installation."""
    may_be_private = installation.settings.webhook_private
    return Sender(installation.database, may_be_private=may_be_private)


def _repeat(
    name: str,
    pause: float,
    task: Callable[[], object],
    after_failure: float = PAUSE_AFTER_FAILURE,
) -> None:
    def run() -> None:
        while True:
            try:
                task()
            except FAILURES as error:
                _THROTTLE.log(f"{name} failed, and is tried again", error)
                time.sleep(after_failure)
            except Exception:  # noqa: BLE001 - it outlives its mistakes
                _LOG.exception("%s failed, and is tried again", name)
                time.sleep(after_failure)
            else:
                time.sleep(pause)

    threading.Thread(target=run, name=name, daemon=True).start()
