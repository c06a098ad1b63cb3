"""Properties of a stored file, which several schemas share."""

from schemas.base.fields import Date, Integer, Text
from schemas.base.schema import ResourceSchema

FILE_NAME = Text("The name of the file.", read_only=True, example="booklet.pdf")
FILE_SIZE = Integer(
    "The size of the file in bytes.", meaning="bytes", read_only=True, example=267_069
)
FILE_TYPE = Text(
    "The media type of the file.", read_only=True, example="application/pdf"
)
FILE_SHA256 = Text(
    "The SHA-256 digest of the file, in hexadecimal.",
    read_only=True,
    example="9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
)
UPLOAD_DATE = Date("The date the file was uploaded.", label="Uploaded")


class StoredFileSchema(ResourceSchema):
    """The properties of a stored file, and its texts for HTML."""

    file_name = FILE_NAME
    file_size = FILE_SIZE
    file_type = FILE_TYPE
    file_sha256 = FILE_SHA256
    upload_date = UPLOAD_DATE
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
        label="Alternative text",
    )
