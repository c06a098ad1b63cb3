"""Write the generated pages of the documentation: ``python docs/generate.py``.

A test holds them equal to what this writes.
"""

import dataclasses
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from app.cli import main
from app.settings import FACTORS, PREFIX, Settings

WIDTH = 88

COMMANDS = """\
# Commands

This page is written by `docs/generate.py` from the commands' own help. All of them find
the data folder in `./sirenhall-data`, or where `--data-dir` or `SIRENHALL_DATA_DIR`
says. With `--json` they print one JSON object; progress is on standard error.

| Command | |
|---|---|
"""
SETTINGS = """\
# Settings

This page is written by `docs/generate.py` from `app/settings.py`. Settings are
environment variables. The server does not start with a setting that is unknown or has a
wrong value, and says which one it is.

| Variable | Default | Meaning |
|---|---|---|
"""


def commands_page() -> str:
    """Return docs/commands.md."""
    found = list(_commands(main, "sirenhall"))
    rows = [
        f"| [`{name}`](#{name.replace(' ', '-')}) | {_summary(command)} |"
        for name, command in found
    ]
    sections = [
        f"\n## {name}\n\n```text\n{_help(name, command)}\n```\n"
        for name, command in found
    ]
    return COMMANDS + "\n".join(rows) + "\n" + "".join(sections)


def _commands(group: click.Group, prefix: str) -> Iterator[tuple[str, click.Command]]:
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from _commands(command, f"{prefix} {name}")
        else:
            yield f"{prefix} {name}", command


def _summary(command: click.Command) -> str:
    return command.get_short_help_str(limit=200)


def _help(name: str, command: click.Command) -> str:
    context = click.Context(
        command,
        info_name=name,
        terminal_width=WIDTH,
        max_content_width=WIDTH,
        help_option_names=["-h", "--help"],
    )
    return textwrap.dedent(command.get_help(context)).strip()


def settings_page() -> str:
    """Return docs/settings.md."""
    rows = []
    for field in dataclasses.fields(Settings):
        name, meaning = PREFIX + field.name.upper(), field.metadata["meaning"]
        rows.append(f"| `{name}` | {_default(field)} | {meaning} |\n")
    return SETTINGS + "".join(rows)


def _default(field: dataclasses.Field[Any]) -> str:
    value = field.default
    if isinstance(value, bool):
        value = str(value).lower()
    elif isinstance(value, int) and _is_size(field):
        units = [unit for unit in FACTORS if value and value % FACTORS[unit] == 0]
        value = f"{value // FACTORS[units[-1]]}{units[-1]}iB"
    elif isinstance(value, tuple):
        value = ",".join(value)
    return "" if value == "" else f"`{value}`"


def _is_size(field: dataclasses.Field[Any]) -> bool:
    try:
        return bool(field.metadata["read"]("1KiB") == FACTORS["K"])
    except ValueError:
        return False


PAGES = {"commands.md": commands_page, "settings.md": settings_page}

if __name__ == "__main__":
    for page, written in PAGES.items():
        Path(__file__).with_name(page).write_text(written())
