"""The schema of requests for an upload slot."""

from schemas.base.fields import Text
from schemas.base.schema import ResourceSchema


class UploadSlotSchema(ResourceSchema):
    """The properties of a new upload slot."""

    type = Text(
        "The media type of the file, if the upload will not say it.",
        max_length=127,
        nullable=True,
        example="audio/mpeg",
    )
    file_name = Text(
        "The name of the file, if the upload will not say it; otherwise that of the "
        "file of before, or the downloadable's code.",
        max_length=255,
        nullable=True,
        example="siren.mp3",
    )
