"""The `sirenhall` command. Heavy modules are imported by the command that runs."""

from app.cli.command import main
from app.cli.deliver import deliver
from app.cli.maintenance import backup, restore, storage, sweep, verify
from app.cli.migrate import migrate
from app.cli.oauth_client import client
from app.cli.serve import serve
from app.cli.token import token
from app.cli.transfer.export_command import export
from app.cli.transfer.import_command import import_
from app.cli.user import user

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
    user,
    verify,
):
    main.add_command(command)

__all__ = ["main"]
