"""SureCart's objects that can be written: downloads, medias, direct uploads."""

from typing import Any

from schemas.base.fields import Boolean, Integer, Property, Text, Url, Uuid
from schemas.base.schema import ResourceSchema
from schemas.downloadable_file import DownloadableFileSchema
from schemas.signed_link import DEFAULT_SECONDS, MAX_SECONDS

_FILE = DownloadableFileSchema()


class Absent(Property):
    """Something that nothing here has."""

    kind = "Null"

    def __init__(self, description: str) -> None:
        super().__init__(description, nullable=True)

    def read(self, value: Any) -> Any:  # noqa: ARG002
        """Raise an error for any value."""
        raise self.complain("present", "must be null: there is no such thing here")


class Ignored(Property):
    """Something that clients send, and that is of no use here."""

    kind = "Any"

    def __init__(self, description: str) -> None:
        super().__init__(description, nullable=True)

    def read(self, value: Any) -> Any:  # noqa: ARG002
        """Ignore the value."""
        return None


class SureCartDownloadSchema(ResourceSchema):
    """Properties of a download, as the reference of SureCart has them."""

    alt = Text(
        "The HTML alt attribute for the download.",
        max_length=_FILE.longest("alt"),
        nullable=True,
    )
    archived = Boolean("Whether or not this download is archived.")
    media = Uuid("The associated media ID.", nullable=True)
    name = Text(
        "The name of this download which will be visible to customers. This is "
        "required if a url is used instead of attaching a Media record.",
        max_length=_FILE.longest("name"),
        nullable=True,
    )
    product = Uuid("The associated product ID.", required=True)
    title = Text(
        "The HTML title attribute for the download.",
        max_length=_FILE.longest("title"),
        nullable=True,
    )
    url = Url(
        "Instead of attaching a Media record a public URL can be set. If set, "
        "customers will be directed to this URL.",
        max_length=_FILE.longest("url"),
        nullable=True,
    )
    variant = Absent("The associated variant ID; there are no variants.")
    id = Text("The UUID of the download.", read_only=True)
    object = Text("The type of the object.", read_only=True)
    archived_at = Integer("When it was archived.", read_only=True)
    created_at = Integer("When it was created.", read_only=True)
    updated_at = Integer("When it was last updated.", read_only=True)


class SureCartMediaSchema(ResourceSchema):
    """Properties of a media that can be given when it is created."""

    direct_upload_signed_id = Text(
        "The signed_id of a direct upload.", required=True, max_length=200
    )
    alt = Text(
        "The HTML alt attribute for the media.",
        max_length=_FILE.longest("alt"),
        nullable=True,
    )
    title = Text(
        "The HTML title attribute for the media.",
        max_length=_FILE.longest("title"),
        nullable=True,
    )
    public_access = Boolean("Whether anybody may have it; always false here.")


class SureCartBlobSchema(ResourceSchema):
    """A file before its upload, as Active Storage describes it."""

    filename = Text("The name of the file.", required=True, max_length=255)
    byte_size = Integer(
        "The size of the file in bytes.", required=True, maximum=2**63 - 1
    )
    checksum = Text(
        "The MD5 digest of the file, in Base64.", required=True, max_length=24
    )
    content_type = Text("The media type of the file.", max_length=127, nullable=True)
    metadata = Ignored("What else is said of the file; it is not kept.")


class SureCartExposeSchema(ResourceSchema):
    """The validity of a requested URL."""

    expose_for = Integer(
        "For how many seconds the address is good.",
        minimum=1,
        maximum=MAX_SECONDS,
        default=DEFAULT_SECONDS,
    )
