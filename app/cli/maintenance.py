"""`sirenhall sweep`, `verify`, `backup`, `restore` and `storage migrate`."""

import shlex
import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from app.cli.command import (
    FAILED,
    data_dir_option,
    explaining,
    in_bytes,
    installation_at,
    json_option,
    print_result,
    progress,
)
from app.errors import ConfigurationError

if TYPE_CHECKING:
    from app.services.operations.maintenance import Finding

CREDENTIAL = (
    "It has the secret key and every file: keep it like a password, or encrypt it "
    "(sirenhall backup --help)."
)
age_option = click.option(
    "--min-age",
    type=click.IntRange(0),
    expose_value=False,
    hidden=True,
    help="Ignored: what is on its way is known without a clock.",
)


@click.command()
@age_option
@click.option(
    "--dry-run", is_flag=True, help="Show what would be deleted, and delete nothing."
)
@data_dir_option
@json_option
@explaining
def sweep(dry_run: bool, data_dir: Path | None, as_json: bool) -> None:
    """Delete expired upload slots and files that nothing refers to.

    You can run it at any time, also while the server runs; for example every night.
    """
    from app.services.operations import maintenance

    with installation_at(data_dir) as opened:
        swept = maintenance.sweep(opened, is_dry=dry_run)
    result = {
        "expired_uploads": swept.expired_uploads,
        "unfinished": swept.unfinished,
        "orphans": [orphan.key for orphan in swept.orphans],
        "bytes": swept.freed,
        "put_off": swept.is_put_off,
        "dry_run": dry_run,
    }
    lines = [
        (
            f"{'Would remove' if dry_run else 'Removed'} "
            f"{_count(swept.expired_uploads, 'expired upload slot')}, "
            f"{_count(swept.unfinished, 'unfinished file')} and "
            f"{_count(len(swept.orphans), 'unreferenced file')} "
            f"({in_bytes(swept.freed)})."
        ),
        *(f"  {orphan.key}  {in_bytes(orphan.size)}" for orphan in swept.orphans),
    ]
    if swept.is_put_off:
        lines.append(
            "A backup or restore is running, so no files were removed. Run "
            "`sirenhall sweep` again when it has finished."
        )
    print_result(result, "\n".join(lines), as_json=as_json)


@click.command()
@age_option
@data_dir_option
@json_option
@explaining
def verify(data_dir: Path | None, as_json: bool) -> None:
    """Read every file again and compare it with its SHA-256.

    Files that are missing, damaged or unreferenced are named; then the exit code
    is 1.
    """
    from app.services import blob_references
    from app.services.operations import maintenance

    with installation_at(data_dir, only_reads=True) as opened:
        with opened.database.reading() as db:
            files = blob_references.referenced_files(db)
        with progress("Verifying", sum(file.size for file in files)) as done:
            findings = list(maintenance.verify(opened, files, progress=done))
    _report(findings, f"{_count(len(files), 'file')} verified", len(files), as_json)


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@data_dir_option
@json_option
@explaining
def backup(folder: Path, data_dir: Path | None, as_json: bool) -> None:
    """Copy everything into FOLDER, also while the server runs.

    FOLDER is then a data folder of its own, with SQLite and all files, whatever the
    database and the storage are: `sirenhall serve --data-dir FOLDER` serves it, and
    `sirenhall restore FOLDER` brings it elsewhere. Copied again, it is brought up to
    date. Each file is compared with its SHA-256 while it is copied.

    FOLDER is a credential: it has the secret key. To keep it encrypted with age:
    tar -C FOLDER -c . | age -r RECIPIENT > backup.tar.age
    """
    from app.services import blob_references
    from app.services.operations import backups

    with installation_at(data_dir, only_reads=True) as opened:
        # Inside the data folder the next backup would copy the last one along.
        if folder.resolve().is_relative_to(opened.settings.data_dir.resolve()):
            raise ConfigurationError(
                "the backup must be in another folder, better on another disk"
            )
        with opened.database.reading() as db:
            size = sum(file.size for file in blob_references.referenced_files(db))
        with progress("Copying", size) as done:
            findings, copied = backups.backup(opened, folder, done)
    text = f"{copied} and all data in {folder}"
    _report(findings, text, copied.all, as_json, note=CREDENTIAL)


@click.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@data_dir_option
@json_option
@explaining
def restore(folder: Path, data_dir: Path | None, as_json: bool) -> None:
    """Restore the backup in FOLDER into a new installation.

    It goes to the database and storage of the settings, so you can also move from
    SQLite to PostgreSQL, or to S3, this way. Stop the server first.
    """
    from app.services.operations import backups

    with installation_at(data_dir, may_make=True) as opened:
        size = backups.backup_size(folder)
        with progress("Copying", size) as done:
            findings, copied = backups.restore(folder, opened, done)
    _report(findings, f"{copied} and all data restored", copied.all, as_json)


@click.group()
def storage() -> None:
    """Manage the storage of files."""


@storage.command()
@click.argument("url")
@data_dir_option
@json_option
@explaining
def migrate(url: str, data_dir: Path | None, as_json: bool) -> None:
    """Copy all files to another storage.

    URL is such as s3://bucket/prefix?endpoint=https://… or file:/folder. It may run
    while the server does, and resumes after an interruption; each file is compared
    with its SHA-256. Run it again to copy what came in meanwhile, then set
    SIRENHALL_STORAGE_URL to URL and start the server again. Nothing is removed from
    where the files were.
    """
    from app.services import blob_references
    from app.services.operations import backups
    from app.storage import storage_at

    with installation_at(data_dir) as opened, closing(storage_at(url)) as target:
        if url == opened.settings.storage:
            raise ConfigurationError(f"the files are at {url} already")
        copied = backups.CopyCount()
        with opened.database.reading() as db:
            files = blob_references.referenced_files(db)
        with progress("Copying", sum(file.size for file in files)) as done:
            findings = list(
                backups.copy_blobs(files, opened.storage, target, done, copied)
            )
    text = (
        f"{copied} at {url}. Now set "
        f"SIRENHALL_STORAGE_URL={shlex.quote(url)} and start the server again"
    )
    _report(findings, text, len(files), as_json)


def _report(
    findings: Sequence["Finding"],
    text: str,
    count: int,
    as_json: bool,
    note: str = "",
) -> None:
    """Print what was found; anything is a failure."""
    result: dict[str, Any] = {
        "files": count,
        "findings": [
            {"kind": found.kind, "blob": found.key, "message": found.words}
            for found in findings
        ],
    }
    lines = [str(found) for found in findings]
    lines.append(f"{text}; {_count(len(findings), 'problem')}.")
    lines += [note] if note else []
    print_result(result, "\n".join(lines), as_json=as_json)
    if findings:
        sys.exit(FAILED)


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
