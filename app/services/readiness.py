"""Finds out whether the database and the storage answer, within a few seconds.

A disk or a network that hangs would keep a thread for as long. So one thread looks,
and whoever asks waits for it a while; while it hangs, nobody else is made to wait.
"""

import threading
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotInTime

from sqlalchemy import literal, select
from sqlalchemy.exc import SQLAlchemyError

from app.database import Database, Statement
from app.errors import RequestError
from app.storage import Storage

PATIENCE = 4.0
"""Seconds in which both have to answer."""

FAILURES = (RequestError, SQLAlchemyError, OSError)
_ANYTHING = Statement(select(literal(1).label("one")))


class Readiness:
    """Checks a database and a storage, one check at a time."""

    def __init__(self, database: Database, storage: Storage) -> None:
        self._database = database
        self._storage = storage
        self._lock = threading.Lock()
        self._check: Future[str] | None = None
        self._is_late = False

    def problem(self) -> str:
        """Return what does not answer, and why; empty if all is well."""
        with self._lock:
            check = self._check
            if check is None:
                check = self._check = Future()
                self._is_late = False
                run = threading.Thread(target=self._run, args=(check,), daemon=True)
                run.start()
            patience = 0.0 if self._is_late else PATIENCE
        try:
            return check.result(timeout=patience)
        except NotInTime:
            self._is_late = True
            return "the database or the file storage has not answered in time"

    def _run(self, check: Future[str]) -> None:
        found = "the check failed"
        try:
            found = self._look()
        finally:
            with self._lock:
                self._check = None
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
