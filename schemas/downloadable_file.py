"""A file of a downloadable: the main one, or one that comes with it."""

from schemas.base import ResourceSchema
from schemas.fields import Boolean, Date, Integer, Reference, Text, Upload, Url, Uuid


class DownloadableFileSchema(ResourceSchema):
    """Properties of a file of a downloadable."""

    searchable = ()

    name = Text(
        "What customers see it called; empty: the name of the file. Required where "
        "the file is kept elsewhere (url).",
        max_length=200,
        default="",
        example="Booklet",
    )
    file = Upload(
        "The file, as a part of multipart/form-data. library_file_uri or url may be "
        "sent instead.",
    )
    library_file_uri = Reference(
        "The full API URI of the file of the store's library that it is; null for "
        "the main file, which has its versions, and for one that is kept elsewhere. "
        "library_file_id may be sent instead.",
        path="/library_files/{id}",
        column="library_file_id",
        nullable=True,
    )
    url = Url(
        "The address of a file that is kept elsewhere.", max_length=2000, nullable=True
    )
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
    is_main = Boolean(
        "Whether it is the file that the downloadable itself shows, and that a "
        "customer's link gives: the first one is.",
        read_only=True,
        example=False,
    )
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
    is_archived = Boolean(
        "Whether it is left out of listings, also of those for customers. Who has its "
        "link can still follow it.",
        default=False,
        example=False,
    )
    date_archived = Date("When it was archived; null while it is not.")
    uuid = Uuid(
        "By what clients of other systems know it: given when it is created, to keep "
        "the one it had elsewhere, or else made. Unique in the store.",
        example="cd13e33f-95e4-48fd-838f-28c8c65d4828",
    )
    date_created = Date("The date this resource was created.")
    date_modified = Date("The date this resource was last modified.")
