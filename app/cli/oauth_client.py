"""`sirenhall client`: programs that get tokens by OAuth2."""

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
from app.cli.token import date_text, store_of, table, with_dates
from app.errors import ConfigurationError
from app.services.rows.row_types import ListedClientRow
from app.services.scopes import OF_ALL_STORES, SCOPES, STORE


@click.group()
def client() -> None:
    """Create, list and revoke the clients of OAuth2."""


@client.command()
@click.option(
    "--store", "store_id", type=int, metavar="ID", help="The store it is for."
)
@click.option(
    "--scope",
    type=click.Choice(tuple(SCOPES)),
    default=STORE,
    show_default=True,
    help="The most that its tokens may allow.",
)
@click.option("--name", default="", metavar="TEXT", help="What merchants know it as.")
@click.option(
    "--redirect-uri",
    "redirect_uris",
    multiple=True,
    metavar="URI",
    help="Where the consent page may send its users; without --store, the merchant who "
    "lets it in decides for which store. May be given several times.",
)
@click.option(
    "--public", "is_public", is_flag=True, help="It can keep no secret; it uses PKCE."
)
@data_dir_option
@json_option
@explaining
def create(
    store_id: int | None,
    scope: str,
    name: str,
    redirect_uris: tuple[str, ...],
    is_public: bool,
    data_dir: Path | None,
    as_json: bool,
) -> None:
    """Create a client and print what it needs to get tokens.

    The secret and the tokens are shown this once: only their digests are stored.
    """
    from app.services.auth import clients

    for uri in redirect_uris:
        # Before the database is opened: a wrong URI creates nothing.
        clients.ensure_redirectable(uri)
    with writing_at(data_dir) as tx:
        # Without a store the consent page asks which one.
        if scope not in OF_ALL_STORES and not (redirect_uris and store_id is None):
            store_id = store_of(tx, store_id)
        made = clients.create_client(
            tx,
            scope=scope,
            store_id=store_id,
            name=name[:200],
            redirect_uris=redirect_uris,
            is_public=is_public,
        )
    result = {
        "client_id": made.client_id,
        "client_secret": made.client_secret,
        "refresh_token": made.refresh_token,
        "access_token": made.access_token,
        "scope": scope,
        "store_id": store_id,
    }
    shown = {k: v for k, v in result.items() if v is not None}
    width = max(map(len, shown))
    text = "\n".join(f"{key.ljust(width)}  {value}" for key, value in shown.items())
    print_result(result, text, as_json=as_json)


@client.command(name="list")
@data_dir_option
@json_option
@explaining
def list_clients(data_dir: Path | None, as_json: bool) -> None:
    """List the clients, without their secrets, which are not stored."""
    from app.services.auth import clients

    with reading_at(data_dir) as db:
        found = clients.list_clients(db)
    rows = [
        (
            c["client_id"],
            c["scope"],
            str(c["store_id"] or ("all" if not c["redirect_uris"] else "asks")),
            str(date_text(c["date_created"])),
            "revoked" if c["date_revoked"] else "valid",
            c["name"],
        )
        for c in found
    ]
    head = ("CLIENT ID", "SCOPE", "STORE", "MADE", "STATE", "NAME")
    print_result(
        {"clients": [_client_json(c) for c in found]},
        table([head, *rows]),
        as_json=as_json,
    )


@client.command()
@click.argument("client_id")
@data_dir_option
@json_option
@explaining
def revoke(client_id: str, data_dir: Path | None, as_json: bool) -> None:
    """Revoke a client, all its tokens, and what was made with them."""
    from app.services.auth import clients

    with installation_at(data_dir) as opened:
        with opened.database.writing() as tx:
            ended = clients.revoke_client(tx, client_id)
        if ended is None:
            raise ConfigurationError(
                f"there is no valid client {client_id}; `sirenhall client list` shows "
                "all"
            )
        opened.removal.remove(ended.partial_keys)
    print_result(
        {"client_id": client_id, "revoked": True},
        f"{client_id} and its tokens are revoked.",
        as_json=as_json,
    )


def _client_json(record: ListedClientRow) -> dict[str, Any]:
    shown = with_dates(record, "date_created", "date_revoked")
    return {**shown, "redirect_uris": record["redirect_uris"].split()}
