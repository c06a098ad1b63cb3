"""An opened installation: the data folder, the database and the storage.

`provisioning.py` creates and upgrades what is opened here.
"""

import hashlib
import hmac
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote

from sqlalchemy import bindparam, make_url, select
from sqlalchemy.exc import SQLAlchemyError

from app.database import FAILURES, Database, Statement
from app.engines import SQLITE
from app.errors import ConfigurationError, RequestError, cause_of
from app.models import TOKENS
from app.private_files import FOLDER, GROUP_PASSAGE, make_folder, restrict
from app.removal_lock import lock_beside
from app.reserve import Reserve, size_on
from app.services.auth import authentication, sessions
from app.services.blob_removal import BlobRemoval
from app.services.catalogue import item_categories
from app.services.operations.migration import ensure_migrated, migrate
from app.services.operations.readiness import Readiness
from app.services.operations.secret_key import SECRET_KEY, read_secret_key
from app.services.page_cache import PageCache
from app.services.sales.active_downloads import ActiveDownloads
from app.services.sales.statistics import Refusals
from app.settings import DATABASE, FILES, REDIRECT, X_ACCEL, Settings
from app.storage import Storage, storage_at

T = TypeVar("T")

_STARTER = Statement(
    select(TOKENS.c.store_id, TOKENS.c.date_revoked).where(
        TOKENS.c.digest == bindparam("digest")
    )
)


@dataclass(frozen=True, slots=True)
class Installation:
    """Everything that outlives a request."""

    settings: Settings
    database: Database
    storage: Storage
    secret_key: bytes
    page_cache: PageCache
    last_uses: authentication.LastUses
    active_downloads: ActiveDownloads
    refusals: Refusals
    removal: BlobRemoval
    readiness: Readiness
    reserve: Reserve

    def make_room(self) -> None:
        """Release the reserve on a full disk, for reads and deletes."""
        self.reserve.release()
        self.database.make_room()

    def close(self) -> None:
        """Close all connections."""
        self.database.close()
        self.storage.close()

    @property
    def starter_token(self) -> str:
        """The token of the first store, derived from the secret key.

        So each start can print the same token, although the database has digests only.
        """
        made = hmac.new(self.secret_key, b"starter token", hashlib.sha256)
        return authentication.PREFIX + made.hexdigest()


@dataclass(frozen=True, slots=True)
class StarterAccess:
    """Access for a new user: a store, a category for downloads, and a token.

    `code` signs in a browser once.
    """

    store_id: int | None
    category_id: int | None
    token: str | None
    code: str | None = None


def starter_access(installation: Installation) -> StarterAccess:
    """Return the access of the starter token, None if it was deleted or revoked."""
    digest = authentication.token_digest(installation.starter_token)
    with installation.database.reading() as db:
        found = db.row(_STARTER, digest=digest)
        if found is None:
            return StarterAccess(None, None, None)
        store_id, revoked = found
        category_id = item_categories.first_downloaded(db, store_id)
    token = None if revoked else installation.starter_token
    return StarterAccess(store_id, category_id, token)


def with_sign_in(installation: Installation, access: StarterAccess) -> StarterAccess:
    """Return an access with a code to sign in once, if its token is valid."""
    if access.token is None:
        return access
    with installation.database.writing() as tx:
        principal = authentication.authenticate(tx, access.token)
        code = sessions.create_code(tx, principal) if principal else None
    return replace(access, code=code)


def has_data(settings: Settings) -> bool:
    """Return whether the data folder has an installation, without opening it.

    Machines that share a database have the secret key in a setting. A folder that has
    a database and no key has lost it.
    """
    return (settings.data_dir / SECRET_KEY).exists() or (
        settings.has_database and bool(settings.secret_key or not settings.database_url)
    )


def ensure_has_data(settings: Settings) -> None:
    """Raise `ConfigurationError` if there is no installation."""
    if not has_data(settings):
        raise ConfigurationError(
            f"there is no Sirenhall data in {settings.data_dir.resolve()}; "
            "`sirenhall serve` makes it there, or name the right folder with "
            "--data-dir or SIRENHALL_DATA_DIR"
        )


def open_installation(settings: Settings) -> Installation:
    """Open an installation; create and upgrade nothing.

    Raise `ConfigurationError` if there is none, or if its database has the schema of
    another version.
    """
    with explaining_failures(settings):
        ensure_has_data(settings)
        ensure_not_lost(settings)
        return trying_with_room(settings, lambda: _opened_and_checked(settings))


def ensure_not_lost(settings: Settings) -> None:
    """Raise `ConfigurationError` if there are a key and files, but no database.

    A volume may not be mounted: a new store in its place would hide that.
    """
    folder = settings.data_dir.resolve()
    if settings.database_url or (folder / DATABASE).exists():
        return
    files = folder / FILES
    if (folder / SECRET_KEY).exists() and any(p.is_file() for p in files.rglob("*")):
        raise ConfigurationError(
            f"{folder / DATABASE} is missing, but {files} has files of it. Restore it "
            "from a backup, or start in another folder."
        )


def secure_folder(settings: Settings) -> None:
    """Set the modes of the data folder and of the key in it; create the folder."""
    # A command that lacks the server's settings must not lock its proxy out.
    mode = GROUP_PASSAGE if settings.delivery == X_ACCEL else FOLDER
    folder = settings.data_dir.resolve()
    make_folder(folder, mode, most=GROUP_PASSAGE)
    restrict(folder / SECRET_KEY)


def _opened_and_checked(settings: Settings) -> Installation:
    if not settings.has_database:
        raise ConfigurationError(
            f"{settings.data_dir.resolve() / DATABASE} is missing: run "
            "`sirenhall migrate`, or start `sirenhall serve`"
        )
    secure_folder(settings)
    installation = assemble(settings, read_secret_key(settings), settings.database)
    # A server may fork afterwards, and no connection may cross that.
    with closing(installation.database):
        ensure_migrated(installation.database)
    return installation


def assemble(settings: Settings, key: bytes, database_url: str) -> Installation:
    """Return the parts of an installation, without a look at what they are over."""
    _ensure_deliverable(settings)
    database = Database(
        database_url,
        connections=settings.database_connections,
        # The other half stays free for reads while writers wait.
        waiting_writers=max(1, settings.threads // 2),
        public_url=settings.public_url,
    )
    storage = storage_at(settings.storage, is_shared=settings.delivery == X_ACCEL)
    return Installation(
        settings,
        database,
        storage,
        key,
        # Each worker has a cache of its own, and the setting is about all of them.
        PageCache(settings.page_cache_size // settings.workers),
        authentication.LastUses(),
        ActiveDownloads(database, settings.download_session_minutes),
        Refusals(),
        BlobRemoval(storage, database),
        Readiness(database, storage),
        _reserve(settings),
    )


def _ensure_deliverable(settings: Settings) -> None:
    """Raise `ConfigurationError` if the server in front cannot have the files."""
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


def _reserve(settings: Settings) -> Reserve:
    """Return the reserve on the disk of the database, if it is on one of ours."""
    url = make_url(settings.database)
    is_file = url.get_backend_name() == SQLITE and url.database
    return Reserve(Path(str(url.database)).parent if is_file else settings.data_dir)


@contextmanager
def explaining_failures(settings: Settings) -> Iterator[None]:
    """Raise `ConfigurationError` in place of an error of the disk or the database."""
    try:
        yield
    except OSError as error:
        raise ConfigurationError(
            f"cannot use the data folder {settings.data_dir.resolve()}: "
            f"{error.strerror or error}"
        ) from error
    except (SQLAlchemyError, RequestError) as error:
        url = make_url(settings.database)
        raise ConfigurationError(
            f"cannot use the database {url!r}: {cause_of(error)}"
        ) from error


def trying_with_room(settings: Settings, opening: Callable[[], T]) -> T:
    """Call a function; if it fails because the disk is full, make room and retry."""
    try:
        return opening()
    except FAILURES:
        if not _made_room(settings):
            raise
        return opening()


def _made_room(settings: Settings) -> bool:
    """Free space on a full disk; return whether it was full."""
    with suppress(*FAILURES):
        folder = settings.data_dir.resolve()
        if shutil.disk_usage(folder).free > size_on(folder):
            return False
        _reserve(settings).release()
        # What stopped processes left is found without the database.
        storage_at(settings.storage).clear_unfinished()
        return True
    return False


@contextmanager
def open_read_only(settings: Settings) -> Iterator[Installation]:
    """Open a data folder that cannot be written to, perhaps while a server uses it.

    SQLite needs to write beside its database, so this opens a copy. Raise
    `ConfigurationError`.
    """
    folder = settings.data_dir.resolve()
    source = folder / DATABASE
    with ExitStack() as stack:
        try:
            key = read_secret_key(settings)
            if settings.database_url:
                installation = assemble(settings, key, settings.database_url)
            else:
                # Nobody removes a file that the copy names.
                stack.enter_context(lock_beside(source).held())
                copies = stack.enter_context(tempfile.TemporaryDirectory())
                _copy_sqlite(source, Path(copies, DATABASE))
                url = f"sqlite:///{Path(copies, DATABASE)}"
                installation = assemble(settings, key, url)
                # A copy may be upgraded, even where this version is newer than the
                # folder.
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
