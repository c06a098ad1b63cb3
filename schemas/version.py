"""The schema of versions."""

from schemas.base.fields import Boolean, Date, Integer, Text
from schemas.base.schema import ResourceSchema


class VersionSchema(ResourceSchema):
    """Properties of a version; only what is said about it can be changed."""

    searchable = ()

    number = Integer("The number of the version.", read_only=True, example=2)
    file_name = Text("The name of the file.", read_only=True, example="unicorn_web.png")
    file_size = Integer(
        "The size of the file in bytes.", read_only=True, example=267_069
    )
    file_type = Text("The media type of the file.", read_only=True, example="image/png")
    file_sha256 = Text(
        "The SHA-256 digest of the file, in hexadecimal.",
        read_only=True,
        example="9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    )
    release_notes = Text(
        "What is new in this version, for customers.",
        max_length=10_000,
        is_one_line=False,
        default="",
        example="",
    )
    is_current = Boolean(
        "Whether customers get this one, unless their purchase names another.",
        read_only=True,
        example=True,
    )
    upload_date = Date("The date the file was uploaded.")
    date_modified = Date("The date this resource was last modified.")
