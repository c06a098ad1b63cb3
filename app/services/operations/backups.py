"""Back up and restore an installation: all rows, and all files.

Each blob is copied under its key, and verified by its digest on the way. A copy that
was interrupted can be continued.

Tested in `tests/cli/test_maintenance.py`.
"""

from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, Table, delete, select

from app.database import Database, Statement, Transaction
from app.engines import SQLITE
from app.errors import ConfigurationError, InsufficientStorage
from app.models import (
    DOWNLOADABLES,
    IDEMPOTENCY_KEYS,
    METADATA,
    OAUTH_CLIENTS,
    STORES,
    TOKENS,
    UPLOAD_SLOTS,
    VERSIONS,
)
from app.private_files import make_folder, open_file, write_whole
from app.services import blob_references
from app.services.operations.installation import Installation
from app.services.operations.maintenance import (
    MISSING,
    Finding,
    Progress,
    compare_blob,
    unreadable,
)
from app.services.operations.migration import migrate
from app.services.operations.secret_key import SECRET_KEY
from app.settings import BACKUP_MARK, DATABASE, FILES
from app.storage import CHUNK, Storage, storage_at

PASSING = {UPLOAD_SLOTS, IDEMPOTENCY_KEYS}
"""What is for a few hours only, and of no use elsewhere."""

BATCH = 1000
WARNING = """This folder is a backup of Sirenhall, and a credential: whoever can read it
has the secret key and all files that are for sale. Keep it like a password, or encrypt
it with age (https://age-encryption.org):

  tar -C FOLDER -c . | age -r RECIPIENT > backup.tar.age
"""

_ANY_STORE = Statement(select(STORES.c.id).limit(1))
_NOTHING_YET = [
    (Statement(select(table.c.id).limit(most + 1)), most)
    # What a first start makes.
    for table, most in (
        (STORES, 1),
        (TOKENS, 1),
        (DOWNLOADABLES, 0),
        (VERSIONS, 0),
        (OAUTH_CLIENTS, 0),
    )
]


@dataclass(slots=True)
class CopyCount:
    """The number of files that were copied, and that were there already."""

    new: int = 0
    there: int = 0

    @property
    def all(self) -> int:
        """The number of files in all."""
        return self.new + self.there

    def __str__(self) -> str:
        """Return the report as text for people."""
        noun = "file" if self.all == 1 else "files"
        return f"{self.all:,} {noun} ({self.new:,} copied, {self.there:,} were there)"


def copy_blobs(
    files: Iterable[blob_references.File],
    source: Storage,
    target: Storage,
    progress: Progress,
    copied: CopyCount,
) -> Iterator[Finding]:
    """Copy the files that the target lacks; return what could not be copied."""
    there = {s.key: s.size for s in target.stored() if not s.is_partial}
    for file in files:
        if there.get(file.key) == file.size:
            progress(file.size)
            copied.there += 1
            continue
        finding = _copy_blob(file, source, target, progress)
        if finding is not None:
            yield finding
        else:
            copied.new += 1


def _copy_blob(
    file: blob_references.File, source: Storage, target: Storage, progress: Progress
) -> Finding | None:
    try:
        with source.open(file.key) as stream, target.writer(file.key) as writer:
            while chunk := stream.read(CHUNK):
                writer.write(chunk)
                progress(len(chunk))
            finding = compare_blob(file, writer.size, writer.sha256)
            if finding is None:
                writer.commit()
                # Its row comes with all others.
                target.settle(file.key)
            return finding
    except FileNotFoundError:
        return Finding(MISSING, file.key, f"{file} is not in the storage")
    except OSError as error:
        return unreadable(file, error)


def backup(
    installation: Installation, folder: Path, progress: Progress
) -> tuple[list[Finding], CopyCount]:
    """Copy everything into a folder that can be served; return findings and files.

    It may go on being used meanwhile: the rows are those of one moment, and all files
    that they name are there. A backup that is there is brought up to date.
    """
    folder = folder.resolve()
    _ensure_for_backups(folder, installation)
    # Until the end nobody removes a file that one of the rows names.
    with installation.database.removal_lock.held():
        make_folder(folder)
        try:
            return _backup(installation, folder, progress)
        except InsufficientStorage as error:
            raise ConfigurationError(
                f"no space left in {folder}; the backup is incomplete. Free some "
                "space and run it again"
            ) from error


def _backup(
    installation: Installation, folder: Path, progress: Progress
) -> tuple[list[Finding], CopyCount]:
    with open_file(folder / BACKUP_MARK, "w") as mark:
        mark.write(WARNING)
    source, copied = installation.database, CopyCount()
    storage = storage_at(f"file:{folder / FILES}")
    with closing(Database(f"sqlite:///{folder / DATABASE}")) as database:
        migrate(database)
        with source.reading() as db:
            # Most files are copied before the rows are read; only newer ones follow
            # while that transaction is open.
            before = blob_references.referenced_files(db)
        found = copy_blobs(before, installation.storage, storage, progress, copied)
        findings = list(found)
        # Committed last: a backup that breaks off leaves the one of before.
        with copying_rows(source, database) as tx:
            named = blob_references.referenced_files(tx)
            # Uploaded while the first files were copied.
            new = sorted(set(named) - set(before), key=lambda file: file.key)
            findings += copy_blobs(new, installation.storage, storage, progress, copied)
    kept = {file.key for file in named}
    for stored in storage.stored():
        # Left by an earlier backup into the same folder.
        if stored.key not in kept:
            storage.delete(stored.key)
    # A key from the environment is the operator's to keep; only the generated one is
    # copied.
    if not installation.settings.secret_key:
        key = installation.settings.data_dir / SECRET_KEY
        write_whole(folder / SECRET_KEY, key.read_text("ascii"))
    return [finding for finding in findings if finding.key in kept], copied


def _ensure_for_backups(folder: Path, installation: Installation) -> None:
    """Raise `ConfigurationError` for a folder that has anything but a backup."""
    is_backup = (folder / BACKUP_MARK).exists()
    if folder.is_dir() and any(folder.iterdir()) and not is_backup:
        raise ConfigurationError(
            f"{folder} is not empty and is not (or no longer) a backup; choose a new "
            "folder or an earlier backup"
        )
    if installation.settings.storage == f"file:{folder / FILES}":
        raise ConfigurationError(f"{folder} has the files that are to be copied")


def backup_size(folder: Path) -> int:
    """Return the bytes of all files of a backup. Raise `ConfigurationError`."""
    folder = folder.resolve()
    if not (folder / DATABASE).exists():
        raise ConfigurationError(f"there is no backup in {folder}")
    with closing(Database(f"sqlite:///{folder / DATABASE}")) as database:
        migrate(database)
        with database.reading() as db:
            # Its rows come last, all at once.
            if db.value(_ANY_STORE) is None:
                raise ConfigurationError(
                    f"{folder} is not a complete backup: it was interrupted; run "
                    f"`sirenhall backup {folder}` again"
                )
            return sum(file.size for file in blob_references.referenced_files(db))


def restore(
    folder: Path, installation: Installation, progress: Progress
) -> tuple[list[Finding], CopyCount]:
    """Bring a backup into an installation that has nothing yet.

    Raise `ConfigurationError`.
    """
    folder = folder.resolve()
    with installation.database.reading() as db:
        if any(len(db.rows(rows)) > most for rows, most in _NOTHING_YET):
            raise ConfigurationError(
                "a backup is only restored where nothing was made yet; name a new "
                "--data-dir, or another database"
            )
    database = Database(f"sqlite:///{folder / DATABASE}")
    storage = storage_at(f"file:{folder / FILES}")
    try:
        migrate(database)
        with database.reading() as db:
            files = blob_references.referenced_files(db)
        copied = CopyCount()
        # Until the rows are there, the files look like those of no version.
        with installation.database.removal_lock.held():
            findings = list(
                copy_blobs(files, storage, installation.storage, progress, copied)
            )
            with copying_rows(database, installation.database):
                pass
        key = folder / SECRET_KEY
        if key.exists() and not installation.settings.secret_key:
            path = installation.settings.data_dir / SECRET_KEY
            write_whole(path, key.read_text("ascii"))
    finally:
        database.close()
    return findings, copied


@contextmanager
def copying_rows(source: Database, target: Database) -> Iterator[Transaction]:
    """Replace the rows of a database by those of another, as of one moment.

    They are committed at the end of the block.
    """
    # Sorted by foreign keys: parents are inserted before their children.
    tables = [table for table in METADATA.sorted_tables if table not in PASSING]
    with source.engine.connect() as connection, target.writing() as tx:
        for table in reversed(METADATA.sorted_tables):
            tx.execute(delete(table))
        for table in tables:
            _copy_table(connection, tx, table)
        for table, newest in _newest_ids(connection).items():
            _set_newest_id(tx, table, newest)
        yield tx


def _copy_table(source: Connection, tx: Transaction, table: Table) -> None:
    found = source.execute(
        select(table).order_by(*table.primary_key),
        # Streams, because a table may have millions of rows.
        execution_options={"yield_per": BATCH},
    )
    for rows in found.mappings().partitions():
        tx.connection.execute(table.insert(), [dict(row) for row in rows])


def _newest_ids(connection: Connection) -> dict[str, int]:
    """Return the newest id of each table, though its row be gone: none comes twice."""
    if connection.dialect.name == SQLITE:
        rows = connection.exec_driver_sql("SELECT name, seq FROM sqlite_sequence")
        return {str(name): int(number) for name, number in rows}
    found = {}
    for table in _tables_with_ids():
        sequence = connection.exec_driver_sql(
            f"SELECT pg_get_serial_sequence('{table}', 'id')"
        ).scalar_one()
        number, is_used = connection.exec_driver_sql(
            f"SELECT last_value, is_called FROM {sequence}"  # noqa: S608 - its own word
        ).one()
        found[table] = int(number) if is_used else 0
    return found


def _set_newest_id(tx: Transaction, table: str, newest: int) -> None:
    if table not in _tables_with_ids() or not newest:
        return
    if tx.dialect.name == SQLITE:
        for sql in (
            f"DELETE FROM sqlite_sequence WHERE name = '{table}'",  # noqa: S608
            f"INSERT INTO sqlite_sequence VALUES ('{table}', {newest})",  # noqa: S608
        ):
            tx.connection.exec_driver_sql(sql)
    else:
        tx.connection.exec_driver_sql(
            f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), {newest})"
        )


def _tables_with_ids() -> list[str]:
    return [
        table.name
        for table in METADATA.sorted_tables
        if "id" in table.c and table not in PASSING
    ]
