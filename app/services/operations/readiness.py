"""Check whether the database and the storage respond, within a few seconds.

A disk or network that hangs would block a thread for as long. So one thread checks, and
callers wait for its result for a limited time; while it hangs, no other thread blocks.
"""

import threading
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotInTime

from sqlalchemy import literal, select

from app.database import FAILURES, Database, Statement
from app.storage import Storage

PATIENCE = 4.0
"""Seconds in which both have to answer."""

_ANYTHING = Statement(select(literal(1).label("one")))


class Readiness:
    """Checks a database and a storage, one check at a time."""

    def __init__(self, database: Database, storage: Storage) -> None:
        self._database = database
        self._storage = storage
        self._lock = threading.Lock()
        self._check: Future[str] | None = None
        self._late: Future[str] | None = None

    def problem(self) -> str:
        """Return which part does not answer and why, or an empty string."""
        with self._lock:
            check = self._check
            if check is None:
                check = Future()
                threading.Thread(target=self._run, args=(check,), daemon=True).start()
                self._check = check
            patience = 0.0 if check is self._late else PATIENCE
        try:
            return check.result(timeout=patience)
        except NotInTime:
            self._late = check
            return "the database or the file storage has not answered in time"

    def _run(self, check: Future[str]) -> None:
        found = "the check failed"
        try:
            found = self._look()
        finally:
            with self._lock:
                self._check = self._late = None
            check.set_result(found)

    def _look(self) -> str:
        try:
            with self._database.reading() as db:
                db.rows(_ANYTHING)
        except FAILURES as error:
            return f"the database does not answer: {error}"
        try:
            self._storage.check()
        except FAILURES as error:
            return f"the file storage does not answer: {error}"
        return ""
