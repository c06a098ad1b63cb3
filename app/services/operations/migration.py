"""The schema of a database: upgrade it, or refuse one of another version."""

from app.database import Database
from app.engines import POSTGRESQL
from app.errors import ConfigurationError
from app.migrations import HEAD, is_known


def schema_version(database: Database) -> str | None:
    """Return the Alembic revision of a database, or None if it has no tables."""
    with database.engine.connect() as connection:
        connection.begin()
        if not database.engine.dialect.has_table(connection, "alembic_version"):
            return None
        query = "SELECT version_num FROM alembic_version"
        return str(connection.exec_driver_sql(query).scalar())


def ensure_migrated(database: Database) -> None:
    """Raise `ConfigurationError` if a database has the schema of another version."""
    current = schema_version(database)
    if current != HEAD:
        _ensure_not_newer(current)
        what = "has no tables yet" if current is None else "is of an older version"
        raise ConfigurationError(
            f"the database {what}: run `sirenhall migrate`, or start `sirenhall serve`"
        )


def migrate(database: Database) -> None:
    """Upgrade a database to the schema of this version, in one transaction.

    Raise `ConfigurationError` if it is of a newer version.
    """
    current = schema_version(database)
    if current == HEAD:
        return
    _ensure_not_newer(current)
    # Imported only when needed: it takes a third of the time of a start.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", "app:migrations")
    with database.migrating() as tx:
        config.attributes["connection"] = tx.connection
        if tx.dialect.name == POSTGRESQL:
            tx.connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
        command.upgrade(config, HEAD)


def _ensure_not_newer(current: str | None) -> None:
    if current is not None and not is_known(current):
        raise ConfigurationError(
            f"the database is of a newer version (its schema is {current}, the "
            f"newest known here is {HEAD}): install that version, or restore a "
            "backup from before"
        )
