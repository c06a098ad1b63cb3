"""Tokens and grants: who may use a store's API, and how to revoke that."""

from flask import Flask

from app.database import Snapshot, Transaction
from app.http.hypermedia.declaration import TO_STORE, Declaration
from app.http.hypermedia.registry import ResourceRegistry, ResourceType
from app.http.views.collection import CollectionViews, listing_page
from app.http.views.item import ItemViews
from app.http.views.operations import CollectionService, ItemService
from app.services.auth import tokens, users
from app.services.catalogue import stores
from app.services.principal import Principal
from app.services.rows.row_types import TokenRow
from schemas.token import TokenSchema

TOKEN = Declaration(
    name="token",
    plural="tokens",
    path="/tokens/{id}",
    title="This Token",
    description=(
        "A right to use the API of a store: a personal token, or a program's. DELETE "
        "revokes it at once, with everything that was made with it: upload slots, and "
        "the grants of programs that were allowed with it. Its text is shown nowhere."
    ),
    collection_description=(
        "The tokens and grants of a store that are not revoked. The operator makes "
        "them (`sirenhall token create`), or a program gets them by OAuth2."
    ),
    schema=TokenSchema(),
    columns=tokens.SOURCE.names,
    links=(TO_STORE,),
)
RESOURCE_TYPE = ResourceType(TOKEN, tokens.SOURCE)


def _remove(tx: Transaction, record: TokenRow) -> list[str]:
    return tokens.revoke_token(tx, record)


def _find(db: Snapshot, principal: Principal, token_id: int) -> TokenRow:
    """Return a token. Only principals that manage access may change tokens."""
    record = tokens.find_token(db, principal, token_id)
    if principal.can_write:
        users.ensure_manager(principal)
    return record


def register_routes(app: Flask, registry: ResourceRegistry) -> None:
    """Register the routes."""
    items = ItemViews(RESOURCE_TYPE, ItemService(find=_find, remove=_remove), registry)
    items.register_routes(app)
    CollectionViews(
        items,
        "/stores/{id}/tokens",
        CollectionService(
            owner=stores.find_store,
            version=lambda db, store: tokens.tokens_version(db, store["id"]),
            page=listing_page(tokens.IN_STORE),
        ),
    ).register_routes(app)
