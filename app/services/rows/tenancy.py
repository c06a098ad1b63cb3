"""The lookups of a row by its id that check its tenant."""

from app.database import R, RowStatement, Snapshot
from app.errors import NotFound
from app.services.principal import Principal


def find_scoped(
    db: Snapshot, statement: RowStatement[R], principal: Principal, row_id: int
) -> R:
    """Return a row by its id, with its `store_id` among the columns.

    Raise `NotFound` if there is none, or if it is of a store that the principal may not
    access: nobody learns which.
    """
    record = db.typed_record(statement, id=row_id)
    # The same error in both cases: a 403 would reveal that the id exists.
    if record is None or not principal.sees(record["store_id"]):
        raise NotFound
    return record


def find_in_store(
    db: Snapshot, statement: RowStatement[R], store_id: int, row_id: int
) -> R | None:
    """Return a row of a store by its id, or None if the store has no such row."""
    record = db.typed_record(statement, id=row_id)
    return None if record is None or record["store_id"] != store_id else record
