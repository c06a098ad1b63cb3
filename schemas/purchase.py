"""The schema of downloadable purchases."""

from collections.abc import Mapping
from typing import ClassVar

from schemas.base.fields import Boolean, Date, Integer, Reference, Secret, Text, Url
from schemas.base.schema import ResourceSchema


class PurchaseSchema(ResourceSchema):
    """Properties of a downloadable_purchase: Foxy's, which are read only, and ours."""

    searchable = ("order_id", "customer_id", "customer_email")
    named_by = "order_id"
    columns = (
        *("order_id", "customer_email", "downloadable_uri"),
        *("number_of_downloads/max_downloads", "is_active", "date_created"),
    )
    groups: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "": (
            *("downloadable_uri", "order_id", "customer_email", "quantity"),
            *("number_of_downloads", "is_active"),
        ),
        "Limits": ("max_downloads", "download_window_hours", "expires_at"),
        "Another file for this customer": ("version_uri", "url"),
    }
    bulk: ClassVar[Mapping[str, Mapping[str, str]]] = {
        "Revoke": {"is_active": "false"},
        "Restore": {"is_active": "true"},
    }
    empty = "Your shop grants them when somebody buys; you can grant one here as well."

    downloadable_uri = Reference(
        "The full API URI of the downloadable that was bought; it is not changed "
        "afterwards. downloadable_id may be sent instead.",
        fixed=True,
        path="/downloadables/{id}",
        column="downloadable_id",
        choices="downloadables?order=name",
        required=True,
    )
    order_id = Text(
        "The order it was bought with. A downloadable is granted once for an order: "
        "sent again, the purchase that is there is the answer.",
        max_length=100,
        nullable=True,
        example="2026-1042",
    )
    customer_id = Text(
        "The customer, as your shop knows them.",
        max_length=100,
        default="",
        example="c-77",
    )
    customer_email = Text(
        "The customer's e-mail address.",
        max_length=300,
        default="",
        example="ada@example.com",
    )
    quantity = Integer(
        "How many were bought; it multiplies the limit.",
        minimum=1,
        maximum=1_000_000,
        default=1,
        example=1,
    )
    is_active = Boolean(
        "Whether the customer may download; false revokes it.",
        default=True,
        example=True,
    )
    expires_at = Date(
        "When the customer may no longer download, whatever else is allowed; null: "
        "never.",
        read_only=False,
        example="2027-01-31T00:00:00+0000",
        label="Expires",
    )
    version_uri = Reference(
        "The full API URI of the version that the customer gets; null: the current "
        "one, whichever that is.",
        path="/versions/{id}",
        column="version_id",
        nullable=True,
    )
    url = Url(
        "The address of a file elsewhere that this customer gets instead of the "
        "downloadable's own; null: that.",
        max_length=2000,
        nullable=True,
    )
    max_downloads = Integer(
        "How often each may be downloaded; 0 is unlimited. Null takes what the "
        "downloadable or its category says now.",
        zero="unlimited",
        nullable=True,
        example=3,
    )
    download_window_hours = Integer(
        "For how many hours after the purchase; 0 is unlimited. Null takes what the "
        "downloadable or its category says now.",
        meaning="hours",
        zero="unlimited",
        nullable=True,
        example=24,
        label="Hours to download",
    )
    number_of_downloads = Integer(
        "How often it was downloaded. Requests within an hour of each other are one "
        "download.",
        read_only=True,
        example=1,
        label="Downloads",
    )
    first_download_time = Date("When it was first downloaded.", label="First download")
    download_passcode = Secret(
        "The secret of the customer's link; whoever knows it may download.",
        read_only=True,
        example="bW9ieS1kaWNr",
    )
    date_created = Date("The date this resource was created.")
    date_modified = Date("The date this resource was last modified.")
