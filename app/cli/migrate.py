"""`sirenhall migrate`: create or upgrade the database for other WSGI servers.

Tested in `tests/services/operations/test_migration.py`.
"""

from pathlib import Path

import click

from app.cli.command import (
    data_dir_option,
    explaining,
    installation_at,
    json_option,
    print_result,
)


@click.command()
@data_dir_option
@json_option
@explaining
def migrate(data_dir: Path | None, as_json: bool) -> None:
    """Create the data folder and its database, or upgrade them to this version.

    `sirenhall serve` does this by itself. Run it before you start another WSGI server,
    such as `gunicorn wsgi:app`.
    """
    from app.migrations import HEAD

    with installation_at(data_dir, may_make=True):
        print_result(
            {"schema": HEAD}, f"The database is ready (schema {HEAD}).", as_json=as_json
        )
