"""The schema of open upload slots, which never has their URL."""

from schemas.base.fields import Date, Integer, Text
from schemas.base.schema import ResourceSchema


class UploadSchema(ResourceSchema):
    """Properties of an upload slot; all are read only."""

    searchable = ()
    named_by = "file_name"
    columns = ("file_name", "bytes_received/file_size", "date_created", "date_expires")

    downloadable_id = Integer(
        "The downloadable that gets the file; null: it goes into the library.",
        read_only=True,
        example=1,
    )
    file_name = Text("The name that the file will have.", read_only=True, example="")
    file_type = Text("The media type it will have.", read_only=True, example="")
    file_size = Integer(
        "The size of a resumable upload in bytes; null: none was begun.",
        meaning="bytes",
        read_only=True,
        example=1048576,
    )
    bytes_received = Integer(
        "How much of it has arrived.", meaning="bytes", read_only=True, example=0
    )
    date_created = Date("When it was opened.")
    date_expires = Date("When it closes.")
