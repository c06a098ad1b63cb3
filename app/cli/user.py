"""`sirenhall user`: people who sign in to a store in a browser."""

import sys
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
from app.errors import ConfigurationError, RequestError
from app.services.rows.row_types import ListedUserRow
from schemas.user import OWNER, ROLES

PASSWORD_HELP = "Read the password from standard input."  # noqa: S105 - a text


@click.group()
def user() -> None:
    """Create, list and remove people who sign in to a store in a browser."""


@user.command()
@click.argument("email")
@click.option(
    "--store",
    "store_id",
    type=click.IntRange(1),
    metavar="ID",
    help="The store; not needed as long as there is one store.",
)
@click.option(
    "--role",
    type=click.Choice(tuple(ROLES)),
    default=OWNER,
    show_default=True,
    help="What the person may do. "
    + "; ".join(f"{name}: {text}" for name, text in ROLES.items())
    + ".",
)
@click.option("--password-stdin", is_flag=True, help=PASSWORD_HELP)
@data_dir_option
@json_option
@explaining
def create(
    email: str,
    store_id: int | None,
    role: str,
    password_stdin: bool,
    data_dir: Path | None,
    as_json: bool,
) -> None:
    """Let the person with that EMAIL sign in to a store.

    Without --password-stdin an address is printed with which the person signs in once
    and chooses a password. It is good for a week.
    """
    from app.http.paths import SIGN_IN
    from app.services.auth import sessions, users

    _ensure_email(email)
    digest = _read_digest() if password_stdin else None
    with writing_at(data_dir) as tx:
        store_id = store_of(tx, store_id)
        try:
            role_id, user_id = users.add_user(tx, store_id, email, role)
        except RequestError as error:
            raise ConfigurationError(str(error)) from None
        if digest:
            users.set_password(tx, user_id, digest)
        code = None if digest else sessions.invite(tx, user_id, store_id)
        base = tx.public_url or "http://127.0.0.1:8000"
    address = f"{base}{SIGN_IN}?code={code}" if code else None
    result = {
        "id": role_id,
        "email": email,
        "role": role,
        "store_id": store_id,
        "sign_in_url": address,
    }
    text = f"{email} may sign in."
    if address:
        text = f"Send {email} this address, which signs them in once:\n{address}"
    print_result(
        {k: v for k, v in result.items() if v is not None}, text, as_json=as_json
    )


@user.command(name="list")
@data_dir_option
@json_option
@explaining
def list_users(data_dir: Path | None, as_json: bool) -> None:
    """List all people, once for each store that they may use."""
    from app.services.auth import users

    with reading_at(data_dir) as db:
        found = users.list_users(db)
    rows = [
        (
            person["email"],
            f"{person['store_id']} {person['store_name']}",
            person["role"],
            date_text(person["date_signed_in"]) or "never",
        )
        for person in found
    ]
    head = ("EMAIL", "STORE", "ROLE", "SIGNED IN")
    print_result(
        {"users": [_user_json(p) for p in found]}, table([head, *rows]), as_json=as_json
    )


@user.command()
@click.argument("email")
@click.option(
    "--store",
    "store_id",
    type=click.IntRange(1),
    metavar="ID",
    help="Only from this store; else from all.",
)
@data_dir_option
@json_option
@explaining
def remove(
    email: str, store_id: int | None, data_dir: Path | None, as_json: bool
) -> None:
    """Remove the person with that EMAIL; all sessions end."""
    from app.services.auth import users
    from app.services.principal import principal_of
    from app.services.scopes import USER

    with installation_at(data_dir) as opened:
        with opened.database.writing() as tx:
            account = _account(tx, email)
            keys: list[str] = []
            for role in users.roles_of(tx, account.id):
                if store_id in {None, role.store_id}:
                    record = users.find_user(tx, principal_of(USER, None), role.id)
                    keys += users.remove_user(tx, record, is_forced=True)
        opened.removal.remove(keys)
    print_result(
        {"email": email, "removed": True}, f"{email} is removed.", as_json=as_json
    )


@user.command()
@click.argument("email")
@click.option("--password-stdin", is_flag=True, help=PASSWORD_HELP)
@data_dir_option
@json_option
@explaining
def password(
    email: str, password_stdin: bool, data_dir: Path | None, as_json: bool
) -> None:
    """Set the password of the person with that EMAIL; all sessions end."""
    from app.services.auth import users

    digest = _read_digest(asks=not password_stdin)
    with writing_at(data_dir) as tx:
        users.set_password(tx, _account(tx, email).id, digest)
    text = f"The password of {email} is set."
    print_result({"email": email, "password": True}, text, as_json=as_json)


def _account(tx: Any, email: str) -> Any:
    from app.services.auth import users

    account = users.find_account(tx, email)
    if account is None:
        raise ConfigurationError(
            f"there is nobody with the address {email}; `sirenhall user list` lists all"
        )
    return account


def _ensure_email(email: str) -> None:
    from schemas.user import UserSchema

    _, errors = UserSchema().read({"email": email}, partial=True)
    if errors:
        raise click.UsageError(errors[0].message)


def _read_digest(*, asks: bool = False) -> str:
    """Return the digest of a password that is read, or asked for in the terminal."""
    from app.services.auth import passwords

    if asks and sys.stdin.isatty():
        text = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    else:
        text = sys.stdin.readline().rstrip("\r\n")
    try:
        passwords.ensure_long_enough(text)
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    return passwords.hash_password(text)


def _user_json(person: ListedUserRow) -> dict[str, Any]:
    return with_dates(person, "date_created", "date_signed_in")
