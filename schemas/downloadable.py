"""The schema of downloadables."""

from collections.abc import Mapping
from typing import ClassVar

from schemas.base.fields import (
    Amount,
    Boolean,
    Date,
    Integer,
    Reference,
    Text,
    Upload,
    Url,
    Uuid,
)
from schemas.base.localized_fields import language_property
from schemas.base.schema import ResourceSchema

MAX_NAME, MAX_CODE = 100, 50


class DownloadableSchema(ResourceSchema):
    """Properties of a downloadable: Foxy's, then ours."""

    searchable = ("name", "code", "description", "file_name")
    instead_of_file: ClassVar[Mapping[str, tuple[str, ...]]] = {"url": ()}
    named_by = "name"
    columns = (
        *("name", "price", "file_size", "number_of_downloads", "is_published"),
        "item_category_uri",
    )
    groups: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "": ("name", "price", "item_category_uri", "code", "file", "is_published"),
        "Description": ("description", "language", "release_notes"),
        "Limits": ("max_downloads_per_customer", "max_downloads_time_period"),
        "File": (
            "file_name",
            "file_size",
            "file_type",
            "version",
            "upload_date",
            "url",
        ),
    }
    bulk: ClassVar[Mapping[str, Mapping[str, str]]] = {
        "Archive": {"is_archived": "true"},
        "Restore": {"is_archived": "false"},
        "Publish": {"is_published": "true"},
        "Hide": {"is_published": "false"},
    }
    empty = "Add the first file that you want to sell."

    item_category_uri = Reference(
        "The full API URI of the item category this product is part of. The item "
        "category must have an item delivery type of downloaded. item_category_id "
        "may be sent instead.",
        path="/item_categories/{id}",
        column="item_category_id",
        choices="item_categories?item_delivery_type=downloaded",
        required=True,
    )
    name = Text(
        "The name of this downloadable. This will be shown to the customer in the "
        "cart.",
        required=True,
        max_length=MAX_NAME,
        example="Unicorn",
    )
    code = Text(
        "The code for this downloadable, unique in the store. When adding this item "
        "to the cart, this is the code which will be used.",
        required=True,
        max_length=MAX_CODE,
        example="unicorn",
    )
    price = Amount(
        "The item total for this downloadable: what the customer will pay. It has no "
        "more decimals than the store's currency.",
        required=True,
        example=10,
    )
    file = Upload(
        "The file, as a part of multipart/form-data. Needed to create a downloadable "
        "that way, unless url is given; a JSON body creates it without a file.",
    )
    file_name = Text(
        "The name of the file uploaded to our server.",
        read_only=True,
        example="unicorn_web.png",
    )
    file_size = Integer(
        "The size of the file in bytes.",
        meaning="bytes",
        read_only=True,
        example=267_069,
    )
    upload_date = Date("The date this file was last uploaded.", label="Uploaded")
    file_type = Text("The media type of the file.", read_only=True, example="image/png")
    file_sha256 = Text(
        "The SHA-256 digest of the file, in hexadecimal.",
        read_only=True,
        example="9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    )
    version = Integer(
        "The number of the file's version: each upload is one.",
        read_only=True,
        example=1,
    )
    url = Url(
        "The address of a file that is kept elsewhere. While it is set, it is what "
        "customers get instead of an uploaded file; uploading a file clears it.",
        max_length=2000,
        nullable=True,
    )
    description = Text(
        "What the downloadable is, for customers.",
        max_length=10_000,
        is_one_line=False,
        default="",
        example="A unicorn, ready to print.",
    )
    language = language_property(
        "The language of name and description (BCP 47); null: that of the store, by "
        "its locale_code. fx:translations has them in others, and Accept-Language "
        "shows those.",
        nullable=True,
        example="en",
    )
    release_notes = Text(
        "What is new in the newest file, for customers.",
        max_length=10_000,
        is_one_line=False,
        default="",
        example="",
    )
    max_downloads_per_customer = Integer(
        "How often a customer may download it; 0 is unlimited, null leaves it to the "
        "category.",
        zero="unlimited",
        nullable=True,
    )
    max_downloads_time_period = Integer(
        "For how many hours after the purchase; 0 is unlimited, null leaves it to the "
        "category.",
        meaning="hours",
        zero="unlimited",
        nullable=True,
        label="Hours to download",
    )
    is_archived = Boolean(
        "Whether it is off the shelf: left out of listings, still delivered to those "
        "who bought it.",
        default=False,
        example=False,
    )
    date_archived = Date("When it was archived; null while it is not.")
    is_published = Boolean("Whether customers may see it.", default=True, example=True)
    uuid = Uuid(
        "By what clients of other systems know it: given when it is created, to keep "
        "the one it had elsewhere, or else made. Unique in the store.",
        example="608aeae7-52c1-4e7c-a902-603f33f589af",
    )
    number_of_downloads = Integer(
        "How often customers have downloaded it; your own fetches do not count.",
        read_only=True,
        example=0,
        label="Downloads",
    )
    date_created = Date("The date this resource was created.")
    date_modified = Date("The date this resource was last modified.")
