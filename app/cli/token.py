"""`sirenhall token`: create, list and revoke access tokens."""

import re
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from app.cli.command import (
    data_dir_option,
    explaining,
    installation_at,
    json_option,
    print_result,
    reading_at,
    writing_at,
)
from app.errors import ConfigurationError
from app.services.rows.row_types import ListedTokenRow
from app.services.scopes import OF_ALL_STORES, SCOPES, STORE

LIFETIME = re.compile(r"([0-9]{1,5})([mhdw])", re.ASCII)
UNITS = {"m": 60, "h": 3600, "d": 86_400, "w": 604_800}


class Lifetime(click.ParamType[int]):
    """A time such as 90d, in seconds."""

    name = "time"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> int:
        """Read a whole number and a unit."""
        found = LIFETIME.fullmatch(str(value).strip())
        if not found or not int(found[1]):
            self.fail(
                f"{value!r} must be a whole number and a unit, such as 90d: from 1 to "
                "99999 m (minutes), h (hours), d (days) or w (weeks)",
                param,
                ctx,
            )
        return int(found[1]) * UNITS[found[2]]


@click.group()
def token() -> None:
    """Create, list and revoke access tokens.

    It works while the server runs: a new token is good at once, and a revoked one is
    refused from the next request on.
    """


@token.command()
@click.option(
    "--store",
    "store_id",
    type=click.IntRange(1),
    metavar="ID",
    help="The store it is for; not needed as long as there is one store.",
)
@click.option(
    "--scope",
    type=click.Choice(tuple(SCOPES)),
    default=STORE,
    show_default=True,
    help="What it allows. "
    + "; ".join(f"{name}: {words}" for name, words in SCOPES.items())
    + ".",
)
@click.option("--note", default="", metavar="TEXT", help="What it is for; listed.")
@click.option(
    "--expires",
    "lifetime",
    type=Lifetime(),
    metavar="TIME",
    help="How long it is valid: 30m (minutes), 12h, 90d or 4w.  [default: until "
    "revoked]",
)
@data_dir_option
@json_option
@explaining
def create(
    store_id: int | None,
    scope: str,
    note: str,
    lifetime: int | None,
    data_dir: Path | None,
    as_json: bool,
) -> None:
    """Create a token and print it.

    It is shown this once: only its digest is stored.
    """
    from app.services.auth import authentication

    with writing_at(data_dir) as tx:
        if scope not in OF_ALL_STORES:
            store_id = store_of(tx, store_id)
        number, text = authentication.create_token(
            tx, scope=scope, store_id=store_id, note=note[:200], lifetime=lifetime
        )
        expires = authentication.token_expiry(tx, number)
    result = {
        "id": number,
        "token": text,
        "scope": scope,
        "store_id": store_id,
        "date_expires": date_text(expires),
    }
    print_result(result, text, as_json=as_json)


@token.command(name="list")
@data_dir_option
@json_option
@explaining
def list_tokens(data_dir: Path | None, as_json: bool) -> None:
    """List the tokens, without their texts, which are not stored."""
    from app.services.auth import authentication

    with reading_at(data_dir) as db:
        found = authentication.list_tokens(db)
    print_result(
        {"tokens": [_token_json(t) for t in found]}, _table(found), as_json=as_json
    )


@token.command()
@click.argument("token_id", type=click.IntRange(1), metavar="ID")
@data_dir_option
@json_option
@explaining
def revoke(token_id: int, data_dir: Path | None, as_json: bool) -> None:
    """Revoke the token with that ID; `token list` shows the IDs.

    What was made with it ends too: upload slots, and the grants of programs that were
    allowed with it.
    """
    from app.models import TOKENS
    from app.services.auth import revocation

    with installation_at(data_dir) as opened:
        with opened.database.writing() as tx:
            ended = revocation.revoke_tokens(tx, TOKENS.c.id == token_id)
        if not ended.number:
            raise ConfigurationError(
                f"token {token_id} does not exist or is not valid; "
                "`sirenhall token list` lists all"
            )
        opened.removal.remove(ended.partial_keys)
    print_result(
        {"id": token_id, "revoked": True},
        f"Token {token_id} is revoked.",
        as_json=as_json,
    )


def store_of(tx: Any, store_id: int | None) -> int:
    """Return the named store, or the only one if none is named."""
    from app.services.catalogue import stores

    found = stores.store_ids(tx)
    if store_id in found:
        return store_id
    known = ", ".join(str(number) for number in found) or "none"
    if store_id is not None:
        raise ConfigurationError(f"there is no store {store_id}; there are: {known}")
    # Guessing a store could give a token of the wrong one.
    if len(found) != 1:
        raise ConfigurationError(f"name a store with --store; there are: {known}")
    return found[0]


def _token_json(record: ListedTokenRow) -> dict[str, Any]:
    return with_dates(
        record, "date_created", "date_expires", "date_last_used", "date_revoked"
    )


def with_dates(record: Mapping[str, Any], *names: str) -> dict[str, Any]:
    """Return a row for the output as JSON, with its moments written as dates."""
    return {**record, **{name: date_text(record[name]) for name in names}}


def date_text(seconds: int | None) -> str | None:
    """Write a moment."""
    if seconds is None:
        return None
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _table(found: list[ListedTokenRow]) -> str:
    rows = [
        (
            str(record["id"]),
            record["scope"],
            str(record["store_id"] or "all"),
            str(date_text(record["date_created"])),
            date_text(record["date_expires"]) or "never",
            date_text(record["date_last_used"]) or "never",
            _state(record),
            record["note"],
        )
        for record in found
    ]
    head = (
        "ID",
        "SCOPE",
        "STORE",
        "MADE",
        "EXPIRES",
        "LAST USED (HOUR)",
        "STATE",
        "NOTE",
    )
    return table([head, *rows])


def _state(record: ListedTokenRow) -> str:
    if record["date_revoked"]:
        return "revoked"
    expires = record["date_expires"]
    return "expired" if expires is not None and expires <= time.time() else "valid"


def table(rows: Sequence[tuple[str, ...]]) -> str:
    """Lay out rows in columns."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return "\n".join(
        "  ".join(
            text.ljust(width) for text, width in zip(row, widths, strict=True)
        ).rstrip()
        for row in rows
    )
