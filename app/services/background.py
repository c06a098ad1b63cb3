"""What a running server does by itself: it tells webhooks, and tidies up."""

import logging
import threading
import time

from app.services import housekeeping
from app.services.deliverer import Deliverer
from app.services.installation import Installation

PAUSE = 1.0
"""Seconds between two looks at what is to be told."""

TIDY_EVERY = 3600.0
_LOG = logging.getLogger(__name__)


def start(installation: Installation) -> None:
    """Begin; it ends with the process, which does not wait for it."""
    installation.last_uses.is_written_by_another = True
    thread = threading.Thread(
        target=_run, args=(installation,), name="background", daemon=True
    )
    thread.start()


def _run(installation: Installation) -> None:
    deliverer = Deliverer(installation)
    tidied = time.monotonic()
    while True:
        time.sleep(PAUSE)
        try:
            deliverer.begin()
            installation.last_uses.write(installation.database)
            if time.monotonic() - tidied > TIDY_EVERY:
                tidied = time.monotonic()
                housekeeping.tidy(installation)
        except Exception:  # noqa: BLE001 - it outlives what one of them does
            _LOG.exception("background work failed; trying again")
            time.sleep(10 * PAUSE)
