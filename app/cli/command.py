"""Shared parts of all commands: the group, the data folder, and printing results.

Tested in `tests/cli/test_serve.py`.
"""

import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from app.errors import SirenhallError

if TYPE_CHECKING:
    from app.database import Snapshot, Transaction
    from app.services.operations.installation import Installation

FAILED = 1
"""Exit code of a command that could not do its work; wrong usage is 2."""

DESCRIPTION = """Sell and deliver digital downloads over a hypermedia API.

\b
  sirenhall serve --demo     start with a small catalogue, and be shown how to use it
  sirenhall token create     make an access token
  sirenhall user create      let a person sign in in a browser
  sirenhall client create    make a client of OAuth2, for Foxy's SDKs
  sirenhall import FOLDER    put a folder of files, or a CSV, up for sale
  sirenhall backup FOLDER    copy everything, also while it runs

Everything is kept in one data folder: ./sirenhall-data, or what --data-dir or
SIRENHALL_DATA_DIR names. The other settings are environment variables with the same
prefix; `docs/settings.md` lists them.

Exit codes: 0 done, 1 could not be done, 2 wrong usage.
"""


@click.group(help=DESCRIPTION, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="sirenhall", message="Sirenhall %(version)s")
def main() -> None:
    """Run the command line."""


def data_dir_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add --data-dir."""
    return click.option(
        "--data-dir",
        type=click.Path(file_okay=False, path_type=Path),
        metavar="FOLDER",
        help="Folder of the database, the files and the secret key.  [default: "
        "./sirenhall-data]",
    )(command)


def json_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add --json."""
    return click.option(
        "--json", "as_json", is_flag=True, help="Print one JSON object, for scripts."
    )(command)


def explaining(command: Callable[..., Any]) -> Callable[..., Any]:
    """Turn our errors into one line and an exit code."""

    @wraps(command)
    def run(*args: Any, **options: Any) -> Any:
        try:
            return command(*args, **options)
        except SirenhallError as error:
            click.echo(f"Error: {error}", err=True)
        except OSError as error:
            # A disk that is full, a folder that cannot be made.
            where = f"{error.filename}: " if error.filename else ""
            click.echo(f"Error: {where}{error.strerror or error}", err=True)
        sys.exit(FAILED)

    return run


@contextmanager
def progress(label: str, length: int) -> Iterator[Callable[[int], None]]:
    """Show how far long work came, beside what it prints; length is in bytes."""
    bar = click.progressbar(length=length, label=label, file=sys.stderr)
    with bar:
        yield bar.update


def in_bytes(size: int) -> str:
    """Write a size for people."""
    number = float(size)
    for unit in ("bytes", "KiB", "MiB"):
        if number < 1024:  # noqa: PLR2004
            return f"{number:.0f} {unit}" if unit == "bytes" else f"{number:.1f} {unit}"
        number /= 1024
    return f"{number:.1f} GiB"


def print_result(result: Mapping[str, Any], text: str, *, as_json: bool) -> None:
    """Print a result, for a script or for a person."""
    click.echo(json.dumps(result) if as_json else text)


@contextmanager
def installation_at(
    data_dir: Path | None, *, may_make: bool = False, only_reads: bool = False
) -> Iterator["Installation"]:
    """Open the installation in a data folder; make it only where that is meant.

    One that `only_reads` opens a folder that cannot be written to as well.
    """
    from app.services.operations.installation import (
        ensure_has_data,
        has_data,
        open_read_only,
    )
    from app.services.operations.provisioning import provision
    from app.settings import Settings

    settings = Settings.from_environment(data_dir=data_dir)
    if not may_make:
        ensure_has_data(settings)
    elif not has_data(settings):
        folder = settings.data_dir.resolve()
        click.echo(f"Making a new data folder: {folder}", err=True)
    if only_reads and not os.access(settings.data_dir, os.W_OK):
        with open_read_only(settings) as installation:
            yield installation
        return
    with closing(provision(settings)) as installation:
        yield installation


@contextmanager
def reading_at(data_dir: Path | None) -> Iterator["Snapshot"]:
    """Open the database of a data folder to be read."""
    with installation_at(data_dir) as opened, opened.database.reading() as db:
        yield db


@contextmanager
def writing_at(data_dir: Path | None) -> Iterator["Transaction"]:
    """Open the database of a data folder to be changed, as a whole or not at all."""
    with (
        installation_at(data_dir) as opened,
        opened.database.writing() as tx,
    ):
        yield tx
