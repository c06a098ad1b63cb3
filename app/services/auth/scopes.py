"""The scopes of tokens; in a module of its own, so that it loads fast."""

STORE = "store_full_access"
CLIENT = "client_full_access"
USER = "user_full_access"
READER = "store_read_access"
CLIENT_READER = "client_read_access"

SCOPES = {
    STORE: "read and change one store",
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
    STORE: (STORE, READER),
    READER: (READER,),
    CLIENT_READER: (CLIENT_READER,),
}
"""What who has a scope may ask for."""

GRANTS = ("client_credentials", "refresh_token", "authorization_code")
"""How a client may get tokens (RFC 6749)."""

SECRET_METHODS = ("client_secret_basic", "client_secret_post")
CLIENT_METHODS = (*SECRET_METHODS, "none")
"""How a client may prove itself; `none` is for those that can keep no secret."""
