"""The one lookup of a row by its id that checks whose it is."""

from typing import Any

from app.database import Snapshot, Statement
from app.errors import NotFound
from app.services.auth.authentication import Principal


def find_scoped(
    db: Snapshot, statement: Statement, principal: Principal, row_id: int
) -> dict[str, Any]:
    """Return a row by its id, with its `store_id` among the columns.

    Raise `NotFound` if there is none, or if it is of a store that the principal may not
    access: nobody learns which.
    """
    record = db.record(statement, id=row_id)
    if record is None or not principal.sees(record["store_id"]):
        raise NotFound
    return record
