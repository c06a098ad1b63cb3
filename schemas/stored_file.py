"""Properties of a stored file, which several schemas share."""

from schemas.base.fields import Date, Integer, Text
from schemas.base.schema import ResourceSchema


class StoredFileSchema(ResourceSchema):
    """The properties that follow from a file, and what HTML says of it."""

    file_name = Text("The name of the file.", read_only=True, example="booklet.pdf")
    file_size = Integer(
        "The size of the file in bytes.", read_only=True, example=267_069
    )
    file_type = Text(
        "The media type of the file.", read_only=True, example="application/pdf"
    )
    file_sha256 = Text(
        "The SHA-256 digest of the file, in hexadecimal.",
        read_only=True,
        example="9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    )
    upload_date = Date("The date the file was uploaded.")
    title = Text(
        "A title for the file: what HTML has as title.",
        max_length=300,
        default="",
        example="Booklet",
    )
    alt = Text(
        "What the file is, for those who cannot see it: what HTML has as alt.",
        max_length=300,
        default="",
        example="The booklet of the album, 12 pages",
    )
