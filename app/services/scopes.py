"""The scopes of tokens; in a module of its own, so that it loads fast.

Tested in `tests/torture/attacks/test_tenant_matrix.py`.
"""

STORE = "store_full_access"
EDITOR = "store_edit_access"
CLIENT = "client_full_access"
USER = "user_full_access"
READER = "store_read_access"
CLIENT_READER = "client_read_access"

SCOPES = {
    STORE: "read and change one store",
    EDITOR: "read and change one store, but not who may use it",
    READER: "read one store",
    CLIENT: "read and change every store of this server, and create stores",
    USER: "read and change every store of this server",
    CLIENT_READER: "read every store of this server",
}

OF_ALL_STORES = frozenset({CLIENT, USER, CLIENT_READER})
READ_ONLY = frozenset({READER, CLIENT_READER})

NARROWER = {
    CLIENT: (CLIENT, USER, CLIENT_READER),
    USER: (USER, CLIENT_READER),
    STORE: (STORE, EDITOR, READER),
    EDITOR: (EDITOR, READER),
    READER: (READER,),
    CLIENT_READER: (CLIENT_READER,),
}
"""What who has a scope may ask for."""

MANAGES_ACCESS = frozenset({STORE, CLIENT, USER})
"""The scopes that may see and change who may use a store."""

ROLES = {"owner": STORE, "editor": EDITOR, "reader": READER}
"""The scopes of the sessions of people, by their roles in a store."""

GRANTS = ("client_credentials", "refresh_token", "authorization_code")
"""How a client may get tokens (RFC 6749)."""

SECRET_METHODS = ("client_secret_basic", "client_secret_post")
CLIENT_METHODS = (*SECRET_METHODS, "none")
"""How a client may prove itself; `none` is for those that can keep no secret."""
