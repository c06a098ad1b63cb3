"""Sign in and out, switch the store, and choose a password."""

import re
from collections.abc import Mapping

from flask import Flask, Response, current_app

from app.errors import Forbidden, TooManyRequests
from app.http.browser import FORM_COOKIE, SESSION_COOKIE
from app.http.context import RequestContext
from app.http.hypermedia.declaration import STANDARD_METHODS
from app.http.hypermedia.registry import ResourceRegistry
from app.http.paths import SIGN_IN, SIGN_OUT
from app.http.rate_limit import PASSWORDS, Limiter, make_limiter
from app.http.responses import redirect_browser
from app.http.routes import OperationSpec, Route
from app.http.routing import publish_route
from app.http.views.forms import read_form
from app.resources.pages.private_page import private_page
from app.services.auth import authentication, passwords, sessions, users
from app.services.principal import Principal
from representations import Field
from schemas.values.normalization import fold

PASSWORD = f"{SIGN_IN}/password"
FAILURES = "10/15minutes"
"""Wrong passwords of one address, whoever tries them."""

EXTENSION = "sirenhall.sign_in"
WRONG = "The e-mail address or the password is not right."
# A path of this server, and nothing that a browser takes for another one.
_OWN = re.compile(r"/(?![/\\])[!-\[\]-~]*")
FIELDS = (
    Field("email", "E-mail", "email"),
    Field("password", "Password", "password"),
    Field("token", "Access Token", "password"),
    Field("code", "Code"),
    Field("store", "Store"),
    Field("next", "Next"),
)
PASSWORD_FIELDS = (Field("password", "New Password", "password", required=True),)
METHODS = {
    "GET": "View the page to sign in",
    "POST": "Sign in with an e-mail address and a password, or with a token",
    **STANDARD_METHODS,
}
OUT_METHODS = {"POST": "Sign out", "OPTIONS": STANDARD_METHODS["OPTIONS"]}
PASSWORD_METHODS = {
    "GET": "View the page to choose a password",
    "POST": "Choose a password",
    **STANDARD_METHODS,
}


def _sign_in_page(
    context: RequestContext,
    status: int = 200,
    complaint: str = "",
    typed: Mapping[str, str] | None = None,
) -> Response:
    asked = {**dict(context.query), **(typed or {})}
    code = asked.get("code", "")
    principal = context.visitor
    roles = []
    if principal is not None and principal.user_id is not None:
        roles = users.roles_of(context.db, principal.user_id)
    invited = sessions.find_code(context.db, code) if code else None
    context.release_connection()
    if code and invited is None and not complaint:
        complaint = "This link was used already, or has expired. Please sign in."
    return private_page(
        context,
        "sign_in.html",
        status,
        complaint=complaint,
        code=code if invited else "",
        email=asked.get("email", ""),
        next=_own(asked.get("next", "/")),
        is_signed_in=principal is not None,
        roles=roles,
        store_id=principal.store_id if principal else None,
        action=context.urls.base + SIGN_IN,
        password=context.urls.base + PASSWORD if roles else "",
    )


def _own(address: str) -> str:
    """Return an address of this server, or its home for anything else."""
    return address if _OWN.fullmatch(address) else "/"


def _show(context: RequestContext) -> Response:
    """Handle a GET."""
    return _sign_in_page(context)


def _ensure_own_form(context: RequestContext) -> None:
    """Raise `Forbidden` for a form that another site may have made."""
    if not context.browser.has_form_token:
        raise Forbidden(
            "this form was not made for you, or is too old: go back, reload the page "
            "and try again"
        )


def _sign_in(context: RequestContext) -> Response:
    """Handle a POST: open a session, by whichever proof was sent."""
    form = read_form(context)
    _ensure_own_form(context)
    if form.get("store"):
        return _switch(context, form)
    session, complaint, status = _opened(context, form)
    if session is None:
        # The password is never sent back, not even to whoever typed it.
        typed = {n: v for n, v in form.items() if n in {"email", "next", "code"}}
        return _sign_in_page(context, status, complaint, typed)
    _set_session(context, session)
    href = context.urls.base + _start_of(context, _own(form.get("next", "/")), session)
    # An invitation is good once: without a password there would be no second time.
    if form.get("code") and _lacks_password(context, session):
        href = context.urls.base + PASSWORD
    return redirect_browser(context, href)


def _start_of(context: RequestContext, address: str, session: str) -> str:
    """Return the path after signing in: the store's dashboard instead of `/`."""
    if address != "/":
        return address
    principal = sessions.authenticate_session(context.db, session)
    context.release_connection()
    if principal is None or principal.store_id is None:
        return address
    return f"/stores/{principal.store_id}"


def _opened(
    context: RequestContext, form: Mapping[str, str]
) -> tuple[str | None, str, int]:
    """Return the text of a new session, or why there is none, and the status."""
    if form.get("code"):
        return _by_code(context, form["code"])
    if form.get("token", "").strip():
        return _by_token(context, form["token"].strip())
    return _by_password(context, form.get("email", ""), form.get("password", ""))


def _by_code(context: RequestContext, text: str) -> tuple[str | None, str, int]:
    code = sessions.find_code(context.db, text)
    context.release_connection()
    used = "This link was used already, or has expired. Please sign in."
    if code is None:
        return None, used, 422
    with context.installation.database.writing() as tx:
        session = sessions.use_code(tx, code)
    return session, used, 422


def _by_token(context: RequestContext, token: str) -> tuple[str | None, str, int]:
    wrong = "This token is not valid."
    try:
        principal = authentication.authenticate(context.db, token)
    except authentication.TokenExpired:
        principal = None
    context.release_connection()
    if principal is None:
        return None, wrong, 422
    # The token of a client of OAuth2 stands for its consent, not for a person.
    if not principal.is_personal:
        return None, "That token belongs to a program; use one of your own.", 422
    with context.installation.database.writing() as tx:
        # It may have been revoked between the lookup and this transaction.
        if not authentication.is_valid(tx, principal):
            return None, wrong, 422
        return sessions.open_token_session(tx, principal), "", 303


def _by_password(
    context: RequestContext, email: str, password: str
) -> tuple[str | None, str, int]:
    failures = _failures()
    # By address rather than by client: a guesser has many machines, a person one.
    key = f"email {fold(email.strip())[:300]}"
    try:
        failures.ensure_left(key)
    except TooManyRequests as error:
        minutes = max(1, round((error.retry_after or 0) / 60))
        text = f"Too many wrong passwords. Please try again in {minutes} minutes."
        return None, text, TooManyRequests.status
    account = users.find_account(context.db, email)
    context.release_connection()
    # Outside of any transaction: it takes a while, as it should.
    digest = account.password_digest if account else None
    if (
        not passwords.is_password(digest, password[: passwords.LONGEST])
        or account is None
    ):
        failures.count(key)
        return None, WRONG, 422
    with context.installation.database.writing() as tx:
        roles = users.roles_of(tx, account.id)
        if not roles:
            return None, WRONG, 422
        return sessions.open_user_session(tx, account.id, roles[0]), "", 303


def _failures() -> Limiter:
    """Return the limiter that counts wrong passwords in this process."""
    extensions = current_app.extensions
    if EXTENSION not in extensions:
        # In memory: each process counts by itself, so the limit is a few times as high.
        extensions[EXTENSION] = make_limiter(FAILURES, "memory://", PASSWORDS)
    limiter: Limiter = extensions[EXTENSION]
    return limiter


def _set_session(context: RequestContext, session: str) -> None:
    """Have the browser keep a session; the one of before ends."""
    _end_session(context)
    # A new session ties its forms to itself; an old form token must not fit it.
    context.browser.delete_cookie(FORM_COOKIE)
    context.browser.set_cookie(SESSION_COOKIE, session, sessions.LIFETIME)


def _end_session(context: RequestContext) -> None:
    text = context.browser.session
    if not text:
        return
    context.release_connection()
    installation = context.installation
    with installation.database.writing() as tx:
        principal = sessions.authenticate_session(tx, text)
        keys = sessions.end_session(tx, principal.token_id) if principal else []
    installation.removal.remove(keys)


def _lacks_password(context: RequestContext, session: str) -> bool:
    with context.installation.database.reading() as db:
        principal = sessions.authenticate_session(db, session)
        user_id = principal.user_id if principal else None
        return user_id is not None and not users.has_password(db, user_id)


def _switch(context: RequestContext, form: Mapping[str, str]) -> Response:
    """Open a session in another store of the person who is signed in."""
    principal = context.principal
    if principal.user_id is None or not form["store"].isdecimal():
        raise Forbidden("only a person with an account may use several stores")
    with context.writing() as tx:
        try:
            role = sessions.role_in(tx, principal.user_id, int(form["store"][:18]))
        except LookupError:
            raise Forbidden("you may not use this store") from None
        session = sessions.open_user_session(tx, principal.user_id, role)
    _set_session(context, session)
    return redirect_browser(context, f"{context.urls.base}/stores/{role.store_id}")


def _sign_out(context: RequestContext) -> Response:
    """Handle a POST: end the session."""
    read_form(context)
    _ensure_own_form(context)
    _end_session(context)
    context.browser.delete_cookie(SESSION_COOKIE)
    href = context.urls.base + SIGN_IN
    return redirect_browser(context, href, "You are signed out.")


# -- the password -------------------------------------------------------------


def _person(context: RequestContext) -> Principal:
    """Return the principal of the person who is signed in. Raise `RequestError`."""
    principal = context.principal
    if principal.user_id is None or not context.is_signed_in:
        raise Forbidden("only a person who has signed in can choose a password")
    return principal


def _password_page(context: RequestContext) -> Response:
    """Handle a GET."""
    _person(context)
    return _choose_page(context)


def _choose_page(
    context: RequestContext, status: int = 200, complaint: str = ""
) -> Response:
    return private_page(
        context,
        "password.html",
        status,
        complaint=complaint,
        action=context.urls.base + PASSWORD,
        email=context.viewer.name,
        shortest=passwords.SHORTEST,
        longest=passwords.LONGEST,
    )


def _choose(context: RequestContext) -> Response:
    """Handle a POST: all other sessions of the person end."""
    person = _person(context)
    form = read_form(context)
    password = form.get("password", "")
    try:
        passwords.ensure_long_enough(password)
    except ValueError as error:
        return _choose_page(context, 422, str(error))
    context.release_connection()
    digest = passwords.hash_password(password)
    with context.writing() as tx:
        users.set_password(tx, person.user_id or 0, digest, keep=person.token_id)
    href = f"{context.urls.base}/stores/{person.store_id}"
    return redirect_browser(context, href, "Your password is saved.")


def register_routes(app: Flask, _registry: ResourceRegistry) -> None:
    """Register the routes."""
    statuses = (200, 303, 400, 403, 413, 415, 422, 429, 503)
    for path, methods, fields, views in (
        (SIGN_IN, METHODS, FIELDS, {"GET": _show, "POST": _sign_in}),
        (SIGN_OUT, OUT_METHODS, (), {"POST": _sign_out}),
        (
            PASSWORD,
            PASSWORD_METHODS,
            PASSWORD_FIELDS,
            {"GET": _password_page, "POST": _choose},
        ),
    ):
        route = Route(
            path,
            methods,
            is_negotiated=False,
            is_api=False,
            is_page=True,
            media_types=("text/html",),
            operations={
                "GET": OperationSpec(statuses=statuses),
                "POST": OperationSpec(statuses=statuses, fields=fields),
            },
        )
        publish_route(app, route, views)
