"""The schema of files of a downloadable."""

from collections.abc import Mapping
from typing import ClassVar

from schemas.base.fields import Boolean, Date, Reference, Text, Upload, Url, Uuid
from schemas.stored_file import StoredFileSchema


class DownloadableFileSchema(StoredFileSchema):
    """Properties of a file of a downloadable."""

    searchable = ()
    named_by = "name"
    columns = ("name", "file_name", "file_size", "url", "is_archived")
    instead_of_file: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "url": ("url", "name"),
        "library_file_uri": ("library_file_uri",),
    }

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
    is_main = Boolean(
        "Whether it is the file that the downloadable itself shows, and that a "
        "customer's link gives: the first one is.",
        read_only=True,
        example=False,
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
