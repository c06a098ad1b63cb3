"""What is on each page for who looks at it: a menu, and a form to sign out.

Tested in `tests/resources/pages/test_sign_in.py`.
"""

from urllib.parse import urlencode

from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

from app.errors import SirenhallError
from app.http.context import VIEWER, RequestContext
from app.http.hypermedia.registry import ResourceRegistry
from app.http.paths import RAW, SIGN_IN, SIGN_OUT
from app.resources.pages.static_files import asset_addresses
from app.services.auth import users
from app.services.catalogue import stores
from app.services.principal import Principal
from representations import Link, Viewer


def register_routes(app: Flask, registry: ResourceRegistry) -> None:
    """Register the function that builds the viewer of a page."""
    links = [
        (link.menu, link.path)
        for link in registry["store"].declaration.links
        if link.menu
    ]

    def viewer_of(context: RequestContext) -> Viewer:
        base = context.urls.base
        assets = asset_addresses(base)
        if context.is_framed:
            # No script, cookie or form where another site may show it.
            return Viewer({"css": assets["css"]})
        try:
            principal = context.visitor
            store = _store_of(context, principal)
            name = _name_of(context, principal)
        except (SirenhallError, SQLAlchemyError):
            # An error is shown, perhaps that of the database: without a menu, then.
            return Viewer(assets, failure=context.failure)
        if principal is None:
            return Viewer(
                assets,
                sign_in=f"{base}{SIGN_IN}?{urlencode({'next': next_of(context)})}",
                notice=context.browser.take_notice(),
                failure=context.failure,
            )
        menu = [
            Link("fx:store", f"{base}/stores/{principal.store_id}", "Dashboard"),
            *(
                Link("item", base + path.format(id=principal.store_id), title)
                for title, path in links
            ),
        ]
        is_signed_in = context.is_signed_in
        return Viewer(
            assets,
            name=name,
            store_name=store.get("store_name", ""),
            currency=store.get("currency", ""),
            navigation=menu if principal.store_id is not None else (),
            sign_out=base + SIGN_OUT if is_signed_in else "",
            raw=base + RAW if is_signed_in else "",
            form_token=context.browser.expected_token if is_signed_in else "",
            notice=context.browser.take_notice(),
            failure=context.failure,
        )

    app.extensions[VIEWER] = viewer_of


def _store_of(context: RequestContext, principal: Principal | None) -> dict[str, str]:
    """Return the name and currency of the store of a page."""
    if principal is None or principal.store_id is None:
        return {}
    store = stores.find_store(context.db, principal, principal.store_id)
    return {"store_name": store["store_name"], "currency": store["currency"]}


def _name_of(context: RequestContext, principal: Principal | None) -> str:
    """Return the address of the person, if one has signed in."""
    if principal is None or principal.user_id is None:
        return ""
    return users.email_of(context.db, principal.user_id)


def next_of(context: RequestContext) -> str:
    """Return the path to come back to after signing in."""
    if context.request.method not in {"GET", "HEAD"}:
        return "/"
    query = context.request.environ.get("QUERY_STRING", "")
    return f"{context.request.path}?{query}" if query else context.request.path
