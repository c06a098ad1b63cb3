"""People who may use a store, for its owners.

Tested in `tests/resources/pages/test_sign_in.py`.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from flask import Flask

from app.database import Snapshot, Transaction
from app.http.hypermedia.declaration import TO_STORE, Declaration
from app.http.hypermedia.registry import ResourceRegistry, ResourceType
from app.http.paths import SIGN_IN
from app.http.views.collection import CollectionViews, listing_page
from app.http.views.item import ItemViews
from app.http.views.operations import CollectionService, Created, ItemService
from app.services.auth import sessions, users
from app.services.catalogue import stores
from app.services.principal import Principal
from app.services.rows.row_types import StoreRow, UserRow
from schemas.base.errors import FieldError
from schemas.user import UserSchema

USER = Declaration(
    name="user",
    plural="users",
    path="/users/{id}",
    title="{email}",
    description=(
        "A person who may use a store in a browser, and the role in which. DELETE ends "
        "that at once, with the person's sessions and the programs that were allowed "
        "by them. A store with people always has an owner."
    ),
    collection_description=(
        "The people who may use a store in a browser; only its owners see them. The "
        "answer to a POST has sign_in_url: send it to the person, who signs in with it "
        "once and chooses a password."
    ),
    schema=UserSchema(),
    columns=users.SOURCE.names,
    links=(TO_STORE,),
)
RESOURCE_TYPE = ResourceType(USER, users.SOURCE)


def _managed_store(db: Snapshot, principal: Principal, store_id: int) -> StoreRow:
    """Return a store that the principal manages. Raise `NotFound` or `Forbidden`."""
    store = stores.find_store(db, principal, store_id)
    users.ensure_manager(principal)
    return store


def _problems(
    _db: Snapshot, record: UserRow, values: Mapping[str, Any]
) -> Iterable[FieldError]:
    if values["email"] != record["email"]:
        text = "email can't be changed: add the person under the new address"
        yield FieldError("email", "fixed", text)


def _create(
    tx: Transaction, store: StoreRow, values: dict[str, Any], _file: Any
) -> Created:
    added = users.add_user(tx, store["id"], values["email"], values["role"])
    role_id, user_id = added
    code = sessions.invite(tx, user_id, store["id"])
    return Created(role_id, addresses={"sign_in_url": f"{SIGN_IN}?code={code}"})


def _change(
    tx: Transaction, record: UserRow, values: dict[str, Any], _file: Any
) -> None:
    users.change_role(tx, record, values)


def register_routes(app: Flask, registry: ResourceRegistry) -> None:
    """Register the routes."""
    items = ItemViews(
        RESOURCE_TYPE,
        ItemService(
            find=users.find_user,
            problems=_problems,
            change=_change,
            remove=users.remove_user,
            is_removable=users.is_removable,
        ),
        registry,
    )
    items.register_routes(app)
    CollectionViews(
        items,
        "/stores/{id}/users",
        CollectionService(
            owner=_managed_store,
            version=lambda db, store: users.users_version(db, store["id"]),
            page=listing_page(users.IN_STORE),
            create=_create,
        ),
    ).register_routes(app)
