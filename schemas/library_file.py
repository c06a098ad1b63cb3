"""The schema of library files."""

from schemas.base.fields import Date, Upload
from schemas.stored_file import StoredFileSchema


class LibraryFileSchema(StoredFileSchema):
    """Properties of a library file; only what is said about it can be changed."""

    needs_file = True
    searchable = ()
    named_by = "file_name"
    columns = ("file_name", "file_size", "file_type", "title", "upload_date")
    empty = "Upload files here that several downloadables use."

    file = Upload(
        "The file, as a part of multipart/form-data. It is not changed: upload another."
    )
    date_modified = Date("The date this resource was last modified.")
