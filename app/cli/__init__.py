"""The `sirenhall` command. Heavy modules are imported by the command that runs."""

from app.cli.client import client
from app.cli.command import main
from app.cli.deliver import deliver
from app.cli.exporting import export
from app.cli.importing import import_
from app.cli.migrate import migrate
from app.cli.serve import serve
from app.cli.token import token
from app.cli.upkeep import backup, restore, storage, sweep, verify

for command in (
    backup,
    client,
    deliver,
    export,
    import_,
    migrate,
    restore,
    serve,
    storage,
    sweep,
    token,
    verify,
):
    main.add_command(command)

__all__ = ["main"]
