"""The schema of downloads."""

from schemas.base.fields import Choice, Date, Integer, Reference, Text
from schemas.base.schema import ResourceSchema

OUTCOMES = ("started", "completed", "broken", "redirected")


class DownloadSchema(ResourceSchema):
    """Properties of a download; all are read only."""

    searchable = ()
    named_by = "file_name"
    columns = (
        *("file_name", "downloadable_uri", "downloadable_purchase_uri", "outcome"),
        *("bytes_sent/file_size", "date_created"),
    )
    empty = "Nobody has downloaded anything yet."

    downloadable_purchase_uri = Reference(
        "The full API URI of the purchase.",
        path="/downloadable_purchases/{id}",
        column="downloadable_purchase_id",
        read_only=True,
    )
    downloadable_uri = Reference(
        "The full API URI of the downloadable.",
        path="/downloadables/{id}",
        column="downloadable_id",
        read_only=True,
    )
    version = Integer(
        "The number of the version that was sent.", read_only=True, example=2
    )
    file_name = Text("The name of the file.", read_only=True, example="unicorn_web.png")
    file_size = Integer(
        "The size of the file in bytes.", read_only=True, example=267_069
    )
    bytes_sent = Integer(
        "How many bytes were sent in all requests of this download.",
        meaning="bytes",
        read_only=True,
        example=267_069,
    )
    outcome = Choice(
        "What became of it: completed once as many bytes were sent as the file has, "
        "broken where the customer went away before.",
        choices=OUTCOMES,
        read_only=True,
        example="completed",
    )
    address = Text(
        "The address it was fetched from, as SIRENHALL_DOWNLOAD_ADDRESSES has it.",
        read_only=True,
        example="192.0.2.0",
    )
    user_agent = Text(
        "The program it was fetched with, as it calls itself.",
        read_only=True,
        example="curl/8.5.0",
    )
    date_created = Date("The date of the first request.")
    date_modified = Date("The date of the last request.")
