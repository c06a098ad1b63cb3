"""The `sirenhall` command. Heavy modules are imported by the command that runs."""

from app.cli.client import client
from app.cli.command import main
from app.cli.serve import serve
from app.cli.token import token

main.add_command(client)
main.add_command(serve)
main.add_command(token)

__all__ = ["main"]
