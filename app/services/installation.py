"""A data folder made ready: secret key, migrated database, storage, first store."""

import fcntl
import hashlib
import hmac
import os
import secrets
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import bindparam, make_url, select
from sqlalchemy.exc import SQLAlchemyError

from app.database import FAILURES, Database, Statement, Transaction
from app.engines import POSTGRESQL, SQLITE
from app.errors import ConfigurationError, RequestError, cause_of
from app.migrations import HEAD, is_known
from app.models import STORES, TOKENS
from app.private_files import (
    FOLDER,
    GROUP_PASSAGE,
    make_folder,
    open_file,
    restrict,
)
from app.removal_lock import lock_beside
from app.reserve import Reserve, size_on
from app.services import access, item_categories, scopes, stores
from app.services.active_downloads import ActiveDownloads
from app.services.kept import Kept
from app.services.readiness import Readiness
from app.services.removal import Removal
from app.settings import BACKUP_MARK, DATABASE, REDIRECT, X_ACCEL, Settings
from app.storage import Storage, storage_at, sync_folder
from schemas.item_category import DOWNLOADED, ItemCategorySchema
from schemas.store import StoreSchema

KEY_BYTES = 32
SECRET_KEY = "secret_key"  # noqa: S105 - the name of a file
"""The file of the data folder that has it."""

NEW_KEY = (
    "Restore it from a backup: with another key the starter token and the stored "
    "answers to Idempotency-Keys are lost. To go on without them, make a new key: "
    f"openssl rand -hex {KEY_BYTES} > "
    "{path}"
)

START_SECONDS = 60.0
"""Seconds for which a start waits for another, which may be migrating."""

_FIRST_STORE = Statement(select(STORES.c.id).order_by(STORES.c.id).limit(1))
_STARTER = Statement(
    select(TOKENS.c.store_id, TOKENS.c.date_revoked).where(
        TOKENS.c.digest == bindparam("digest")
    )
)

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


@dataclass(frozen=True, slots=True)
class Installation:
    """Everything that outlives a request."""

    settings: Settings
    database: Database
    storage: Storage
    secret_key: bytes
    pages: Kept
    last_uses: access.LastUses
    active_downloads: ActiveDownloads
    removal: Removal
    readiness: Readiness
    reserve: Reserve

    def make_room(self) -> None:
        """Give up the reserve on a full disk, for what must go on."""
        self.reserve.give_up()
        self.database.make_room()

    def close(self) -> None:
        """Close all connections."""
        self.database.close()
        self.storage.close()

    @property
    def starter_token(self) -> str:
        """The token of the first store: made of the secret key, so never stored.

        That is how each start can print the same token although the database has
        only digests.
        """
        made = hmac.new(self.secret_key, b"starter token", hashlib.sha256)
        return access.PREFIX + made.hexdigest()


@dataclass(frozen=True, slots=True)
class Start:
    """What a newcomer needs: a store, its downloaded category, a token for it."""

    store_id: int | None
    category_id: int | None
    token: str | None


def prepare(settings: Settings) -> Installation:
    """Make the data folder ready; it does nothing that is done already.

    Raises `ConfigurationError` that says what is in the way.
    """
    folder = settings.data_dir.resolve()
    try:
        try:
            installation = _prepared(settings, folder)
        except FAILURES:
            if not _made_room(settings, folder):
                raise
            installation = _prepared(settings, folder)
    except OSError as error:
        raise ConfigurationError(
            f"cannot use the data folder {folder}: {error.strerror or error}"
        ) from error
    except (SQLAlchemyError, RequestError) as error:
        url = make_url(settings.database)
        raise ConfigurationError(
            f"cannot use the database {url!r}: {cause_of(error)}"
        ) from error
    _ensure_deliverable(settings)
    return installation


def _prepared(settings: Settings, folder: Path) -> Installation:
    # A command that lacks the server's settings must not lock its proxy out.
    mode = GROUP_PASSAGE if settings.delivery == X_ACCEL else FOLDER
    make_folder(folder, mode, most=GROUP_PASSAGE)
    with _only_one(folder):
        key = _secret_key(settings, folder / SECRET_KEY)
        installation = _opened(settings, key, settings.database)
        # A server may fork afterwards, and no connection may cross that.
        with closing(installation.database):
            migrate(installation.database)
            installation.database.removal_lock.make()
            _make_first_store(installation)
    return installation


def _opened(settings: Settings, key: bytes, database_url: str) -> Installation:
    database = Database(
        database_url,
        connections=settings.database_connections,
        waiting_writers=max(1, settings.threads // 2),
        public_url=settings.public_url,
    )
    storage = storage_at(settings.storage, is_shared=settings.delivery == X_ACCEL)
    return Installation(
        settings,
        database,
        storage,
        key,
        Kept(settings.page_cache_size // settings.workers),
        access.LastUses(),
        ActiveDownloads(database, settings.download_session_minutes),
        Removal(storage, database),
        Readiness(database, storage),
        _reserve(settings),
    )


def _reserve(settings: Settings) -> Reserve:
    """Return the reserve on the disk of the database, if it is on one of ours."""
    url = make_url(settings.database)
    is_file = url.get_backend_name() == SQLITE and url.database
    return Reserve(Path(str(url.database)).parent if is_file else settings.data_dir)


def _made_room(settings: Settings, folder: Path) -> bool:
    """Make room on a full disk; return whether it was full."""
    with suppress(*FAILURES):
        if shutil.disk_usage(folder).free > size_on(folder):
            return False
        _reserve(settings).give_up()
        # What stopped processes left is found without the database.
        storage_at(settings.storage).clear_unfinished()
        return True
    return False


@contextmanager
def read_only(settings: Settings) -> Iterator[Installation]:
    """Open a data folder that cannot be written to, perhaps while a server uses it.

    SQLite needs to write beside its database, so this is opened as a copy. Raises
    `ConfigurationError`.
    """
    folder = settings.data_dir.resolve()
    source = folder / DATABASE
    with ExitStack() as stack:
        try:
            key = _key_of(settings, folder / SECRET_KEY)
            if settings.database_url:
                installation = _opened(settings, key, settings.database_url)
            else:
                # Nobody removes a file that the copy names.
                stack.enter_context(lock_beside(source).held())
                copies = stack.enter_context(tempfile.TemporaryDirectory())
                _copy_sqlite(source, Path(copies, DATABASE))
                url = f"sqlite:///{Path(copies, DATABASE)}"
                installation = _opened(settings, key, url)
                migrate(installation.database)
        except FAILURES as error:
            raise ConfigurationError(
                f"cannot read the data folder {folder}: {cause_of(error)}"
            ) from error
        with closing(installation):
            yield installation


def _copy_sqlite(source: Path, target: Path) -> None:
    """Copy a database as it is at one moment."""
    try:
        address = f"file:{quote(str(source))}?mode=ro"
        with (
            closing(sqlite3.connect(address, uri=True)) as database,
            closing(sqlite3.connect(target)) as copy,
        ):
            database.backup(copy)
    except sqlite3.Error:
        # It can be read so only while a server has it open; else nobody changes it.
        for ending in ("", "-wal"):
            target.with_name(target.name + ending).unlink(missing_ok=True)
            if (part := source.with_name(source.name + ending)).exists():
                shutil.copyfile(part, target.with_name(target.name + ending))


def _ensure_deliverable(settings: Settings) -> None:
    """Refuse that files be sent by who cannot have them."""
    is_folder = settings.storage.startswith("file:")
    if settings.delivery == X_ACCEL and not is_folder:
        raise ConfigurationError(
            "SIRENHALL_DELIVERY=x-accel needs the files in a folder that nginx can "
            "read; with an S3 it is redirect, or app"
        )
    if settings.delivery == REDIRECT and is_folder:
        raise ConfigurationError(
            "SIRENHALL_DELIVERY=redirect needs the files in an S3 "
            "(SIRENHALL_STORAGE_URL); with a folder it is x-accel, or app"
        )


def start(installation: Installation) -> Start:
    """Find what the starter token opens; None where it was removed or revoked."""
    digest = access.digest(installation.starter_token)
    with installation.database.reading() as db:
        found = db.row(_STARTER, digest=digest)
        if found is None:
            return Start(None, None, None)
        store_id, revoked = found
        category_id = item_categories.first_downloaded(db, store_id)
    token = None if revoked else installation.starter_token
    return Start(store_id, category_id, token)


def _make_first_store(installation: Installation) -> None:
    with installation.database.reading() as db:
        if db.value(_FIRST_STORE) is not None:
            return
    with installation.database.writing() as tx:
        # On PostgreSQL another machine may have come first.
        if tx.value(_FIRST_STORE) is not None:
            return
        store_id = stores.create(tx, _read(StoreSchema(), FIRST_STORE))
        values = _read(ItemCategorySchema(), DOWNLOADS_CATEGORY)
        item_categories.create(tx, store_id, values)
        _give_starter_token(tx, installation, store_id)


def _give_starter_token(
    tx: Transaction, installation: Installation, store_id: int
) -> None:
    access.create_token(
        tx,
        scope=scopes.STORE,
        store_id=store_id,
        note="starter token of the first store",
        token=installation.starter_token,
    )


def _read(schema: Any, values: dict[str, Any]) -> dict[str, Any]:
    loaded, errors = schema.read(values, partial=False)
    if errors:
        raise ValueError(errors)
    return dict(loaded)


def _secret_key(settings: Settings, path: Path) -> bytes:
    if not settings.secret_key:
        if not path.exists():
            _ensure_new(settings, path)
            write_whole(path, secrets.token_hex(KEY_BYTES) + "\n")
        restrict(path)
    return _key_of(settings, path)


def _key_of(settings: Settings, path: Path) -> bytes:
    """Return the secret key: the setting, or that of a file."""
    if settings.secret_key:
        return hashlib.sha256(settings.secret_key.encode()).digest()
    try:
        key = bytes.fromhex(path.read_text("ascii").strip())
    except ValueError:
        key = b""
    # With a short key anybody could compute the starter token.
    if len(key) != KEY_BYTES:
        raise ConfigurationError(
            f"{path} is damaged: it must be {2 * KEY_BYTES} hexadecimal digits. "
            + NEW_KEY.format(path=path)
        )
    return key


def _ensure_new(settings: Settings, path: Path) -> None:
    """Refuse to make a key for data that was made with another one.

    Raises `ConfigurationError`.
    """
    database = settings.data_dir / DATABASE
    if (settings.data_dir / BACKUP_MARK).exists():
        folder = settings.data_dir.resolve()
        raise ConfigurationError(
            f"{folder} is not a complete backup: it was interrupted; run "
            f"`sirenhall backup {folder}` again"
        )
    if settings.database_url or not database.exists() or not database.stat().st_size:
        return
    raise ConfigurationError(
        f"{path} is missing, but {database.resolve()} is there. "
        + NEW_KEY.format(path=path)
    )


def write_whole(path: Path, text: str) -> None:
    """Write a private file that is whole or not there, also after a power cut."""
    temporary = path.with_suffix(".new")
    temporary.unlink(missing_ok=True)
    with open_file(temporary, "w", encoding="ascii") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    temporary.rename(path)
    sync_folder(path.parent)


def migrate(database: Database) -> None:
    """Bring a database to the schema of this version.

    Raises `ConfigurationError` for one of a newer version.
    """
    with database.engine.connect() as connection:
        connection.begin()
        exists = database.engine.dialect.has_table(connection, "alembic_version")
        if exists:
            current = connection.exec_driver_sql(
                "SELECT version_num FROM alembic_version"
            ).scalar()
            if current == HEAD:
                return
            if not is_known(str(current)):
                raise ConfigurationError(
                    f"the database is of a newer version (its schema is {current}, the "
                    f"newest known here is {HEAD}): install that version, or restore a "
                    "backup from before"
                )
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", "app:migrations")
    with database.migrating() as tx:
        config.attributes["connection"] = tx.connection
        if tx.dialect.name == POSTGRESQL:
            tx.connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
        command.upgrade(config, HEAD)


@contextmanager
def _only_one(folder: Path) -> Iterator[None]:
    """Let processes that start together take turns. Raises `ConfigurationError`."""
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
