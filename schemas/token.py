"""The schema of tokens and grants, which never has the token itself."""

from schemas.base.fields import Choice, Date, Text
from schemas.base.schema import ResourceSchema

PERSONAL, ACCESS, GRANT = "personal", "access", "grant"
SESSION = "session"

KINDS = {
    PERSONAL: "made by the operator for a person or script",
    ACCESS: "a program's, for two hours",
    GRANT: "a program's right to renew its access",
    SESSION: "somebody who is signed in in a browser; note is who",
}


class TokenSchema(ResourceSchema):
    """Properties of a token; all are read only."""

    searchable = ()
    named_by = "note"
    columns = ("note", "kind", "scope", "client_name", "date_last_used", "date_expires")

    kind = Choice(
        "What it is. "
        + "; ".join(f"{name}: {text}" for name, text in KINDS.items())
        + ".",
        choices=tuple(KINDS),
        read_only=True,
        example=PERSONAL,
    )
    scope = Text("What it allows.", read_only=True, example="store_full_access")
    note = Text("What it was made for.", read_only=True, example="Storefront")
    client_id = Text(
        "The OAuth client that has it; empty for a personal token.",
        read_only=True,
        example="",
    )
    client_name = Text("The name of that client.", read_only=True, example="")
    date_created = Date("When it was made.")
    date_expires = Date("When it expires; null: it is valid until it is revoked.")
    date_last_used = Date("The hour in which it was last used; null: never.")
