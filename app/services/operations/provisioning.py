"""Create or upgrade an installation: for commands, never for the application."""

import fcntl
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import select

from app.database import Database, Statement, Transaction
from app.errors import ConfigurationError
from app.migrations import HEAD
from app.models import STORES
from app.private_files import open_file
from app.services import scopes
from app.services.auth import authentication
from app.services.catalogue import item_categories, stores
from app.services.operations.installation import (
    Installation,
    assemble,
    ensure_not_lost,
    explaining_failures,
    has_data,
    secure_folder,
    trying_with_room,
)
from app.services.operations.migration import migrate, schema_version
from app.services.operations.secret_key import create_secret_key, read_secret_key
from app.settings import Settings
from schemas.item_category import DOWNLOADED, ItemCategorySchema
from schemas.store import StoreSchema

START_SECONDS = 60.0
"""Seconds for which a start waits for another, which may be migrating."""

_FIRST_STORE = Statement(select(STORES.c.id).order_by(STORES.c.id).limit(1))

FIRST_STORE = {
    "store_name": "My Store",
    "store_domain": "my-store",
    "store_url": "https://my-store.example",
    "store_email": "owner@my-store.example",
    "postal_code": "00000",
    "region": "-",
    "country": "US",
}
DOWNLOADS_CATEGORY = {
    "code": "DOWNLOADS",
    "name": "Downloads",
    "item_delivery_type": DOWNLOADED,
    "max_downloads_per_customer": 3,
    "max_downloads_time_period": 24,
}


def provision(settings: Settings) -> Installation:
    """Open an installation; create or upgrade whatever of it is not there.

    Raise `ConfigurationError` that says what is in the way.
    """
    with explaining_failures(settings):
        ensure_not_lost(settings)
        return trying_with_room(settings, lambda: _provisioned(settings)[0])


def provision_if_empty(settings: Settings) -> bool:
    """Create an installation where there is none; return whether this process did.

    One with another schema version stays as it is. Raise `ConfigurationError`.
    """
    with explaining_failures(settings):
        ensure_not_lost(settings)
        if not trying_with_room(settings, lambda: _is_empty(settings)):
            return False
        installation, is_new = trying_with_room(
            settings, lambda: _provisioned(settings)
        )
        installation.close()
        return is_new


def _is_empty(settings: Settings) -> bool:
    """Return whether there is no schema, or a first start broke off before a store.

    Raise `ConfigurationError` if the key of an existing database is missing.
    """
    if not settings.has_database:
        return True
    database = Database(settings.database, connections=1)
    with closing(database):
        version = schema_version(database)
        if version is None:
            return True
        if not has_data(settings):
            raise ConfigurationError(
                "the database is in use already: set SIRENHALL_SECRET_KEY to the key "
                "of the servers that share it"
            )
        read_secret_key(settings)
        if version != HEAD:
            return False
        with database.reading() as db:
            return db.value(_FIRST_STORE) is None


def _provisioned(settings: Settings) -> tuple[Installation, bool]:
    """Return an installation, and whether its first store was created."""
    secure_folder(settings)
    with _only_one(settings.data_dir.resolve()):
        create_secret_key(settings)
        installation = assemble(settings, read_secret_key(settings), settings.database)
        # A server may fork afterwards, and no connection may cross that.
        with closing(installation.database):
            migrate(installation.database)
            installation.database.removal_lock.create()
            is_new = _create_first_store(installation)
    return installation, is_new


def _create_first_store(installation: Installation) -> bool:
    """Create a store if there is none; return whether it was created."""
    with installation.database.reading() as db:
        if db.value(_FIRST_STORE) is not None:
            return False
    with installation.database.writing() as tx:
        # On PostgreSQL another machine may have come first.
        if tx.value(_FIRST_STORE) is not None:
            return False
        store_id = stores.create_store(tx, _loaded(StoreSchema(), FIRST_STORE))
        values = _loaded(ItemCategorySchema(), DOWNLOADS_CATEGORY)
        item_categories.create_category(tx, store_id, values)
        _create_starter_token(tx, installation, store_id)
    return True


def _create_starter_token(
    tx: Transaction, installation: Installation, store_id: int
) -> None:
    authentication.create_token(
        tx,
        scope=scopes.STORE,
        store_id=store_id,
        note="starter token of the first store",
        token=installation.starter_token,
    )


def _loaded(schema: Any, values: dict[str, Any]) -> dict[str, Any]:
    loaded, errors = schema.read(values, partial=False)
    if errors:
        raise ValueError(errors)
    return dict(loaded)


@contextmanager
def _only_one(folder: Path) -> Iterator[None]:
    """Hold the start lock of a data folder. Raise `ConfigurationError`."""
    deadline = time.monotonic() + START_SECONDS
    with open_file(folder / "lock", "w") as lock:
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise ConfigurationError(
                        f"another process has been starting in {folder} for "
                        f"{START_SECONDS:.0f} seconds; look whether it hangs"
                    ) from None
                time.sleep(0.05)
        yield
