"""The schema of people who may use a store."""

from schemas.base.fields import Choice, Date, Email
from schemas.base.schema import ResourceSchema

OWNER, EDITOR, READER = "owner", "editor", "reader"

ROLES = {
    OWNER: "read and change everything, and decide who may use the store",
    EDITOR: "read and change everything else",
    READER: "only read",
}


class UserSchema(ResourceSchema):
    """Properties of a person who may use a store."""

    searchable = ()
    named_by = "email"
    columns = ("email", "role", "date_signed_in", "date_created")
    empty = "Invite somebody: the answer has an address to sign in with."

    email = Email(
        "The e-mail address by which the person signs in; it can't be changed.",
        required=True,
        fixed=True,
        max_length=254,
        example="ada@example.com",
    )
    role = Choice(
        "What the person may do in this store. "
        + "; ".join(f"{name}: {text}" for name, text in ROLES.items())
        + ".",
        choices=tuple(ROLES),
        required=True,
        example=EDITOR,
    )
    date_signed_in = Date("When the person signed in last; null: never.")
    date_created = Date("The date this resource was created.")
    date_modified = Date("The date this resource was last modified.")
