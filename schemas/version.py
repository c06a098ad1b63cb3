"""The schema of versions."""

from schemas.base.fields import Boolean, Date, Integer, Text
from schemas.base.schema import ResourceSchema
from schemas.stored_file import (
    FILE_NAME,
    FILE_SHA256,
    FILE_SIZE,
    FILE_TYPE,
    UPLOAD_DATE,
)


class VersionSchema(ResourceSchema):
    """Properties of a version; only what is said about it can be changed."""

    searchable = ()
    named_by = "file_name"
    columns = ("file_name", "number", "file_size", "upload_date", "is_current")

    number = Integer("The number of the version.", read_only=True, example=2)
    file_name = FILE_NAME
    file_size = FILE_SIZE
    file_type = FILE_TYPE
    file_sha256 = FILE_SHA256
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
    upload_date = UPLOAD_DATE
    date_modified = Date("The date this resource was last modified.")
