"""``python -m app`` is the `sirenhall` command."""

from app.cli import main

main()
