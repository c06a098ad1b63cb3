"""The schema of stores."""

from collections.abc import Mapping
from typing import ClassVar

from schemas.base.fields import Boolean, Date, Email, Pattern, Secret, Text, Url
from schemas.base.schema import RequiredWhen, ResourceSchema


class StoreSchema(ResourceSchema):
    """Properties of a store, as Foxy's, where a download server has a use for them."""

    searchable = ("store_name", "store_domain")
    named_by = "store_name"
    columns = ("store_name", "store_domain", "country", "currency", "is_active")
    groups: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "": ("store_name", "store_url", "store_email", "currency", "timezone"),
        "Place and language": (
            *("postal_code", "region", "country", "locale_code", "language"),
            *("store_domain", "logo_url"),
        ),
        "Webhook": (
            *("use_webhook", "webhook_url", "webhook_key", "webhook_failing_since"),
            *("webhook_disabled_since", "webhook_error"),
        ),
        "State": ("is_maintenance_mode", "is_active"),
    }

    conditions: ClassVar[tuple[RequiredWhen, ...]] = (
        RequiredWhen("use_webhook", (True,), ("webhook_url",)),
    )

    store_name = Text(
        "The name of the store, as customers see it.",
        required=True,
        max_length=50,
        example="Harbour Sounds",
    )
    store_domain = Pattern(
        "The store's own subdomain or domain. No two stores share one.",
        required=True,
        max_length=100,
        pattern=r"[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?"
        r"(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*",
        form="a subdomain or domain of letters, digits, hyphens and dots, such as "
        "harbour-sounds or shop.example",
        example="harbour-sounds",
    )
    store_url = Url(
        "The address of the website that sells the downloads.",
        required=True,
        max_length=300,
        example="https://harbour-sounds.example",
    )
    store_email = Email(
        "The address that customers and this server write to.",
        required=True,
        max_length=300,
        example="hello@harbour-sounds.example",
    )
    postal_code = Text(
        "The postal code of the store.",
        required=True,
        max_length=50,
        example="20457",
    )
    region = Text(
        "The region or state of the store: two characters, or its name.",
        required=True,
        max_length=100,
        example="HH",
    )
    country = Pattern(
        "The country of the store.",
        required=True,
        pattern="[A-Z]{2}",
        form="an ISO 3166-1 country code of two capital letters, such as DE",
        example="DE",
    )
    locale_code = Pattern(
        "The locale in which amounts and dates are written for customers.",
        pattern="[a-z]{2,3}_[A-Z]{2}",
        form="a locale code such as en_US",
        default="en_US",
        example="en_US",
    )
    language = Text(
        "The language of the store's pages.",
        max_length=50,
        default="english",
        example="english",
    )
    timezone = Text(
        "The IANA time zone in which dates are shown, such as Europe/Berlin.",
        max_length=64,
        default="UTC",
        example="Europe/Berlin",
    )
    currency = Pattern(
        "The currency of all prices. Its decimals bound those of a price.",
        pattern="[A-Z]{3}",
        form="an ISO 4217 currency code of three capital letters, such as EUR",
        default="USD",
        example="EUR",
    )
    logo_url = Url(
        "The address of the store's logo.",
        max_length=200,
        default="",
        example="",
    )
    use_webhook = Boolean(
        "Whether webhook_url is to be told of changes.", default=False, example=False
    )
    webhook_url = Url(
        "The address that is told of changes.", max_length=300, default="", example=""
    )
    webhook_key = Secret(
        "The secret that signs what is sent to webhook_url; left empty, it stays as it "
        "is, or one is made. After a change, the old one signs too for 24 hours. "
        "Tokens that can only read do not see it.",
        max_length=200,
        default="",
        example="",
    )
    webhook_failing_since = Date(
        "Since when webhook_url has taken nothing; null: it works, as far as is known."
    )
    webhook_disabled_since = Date(
        "When webhook_url was disabled, since it failed for three days or answered "
        "410. Set use_webhook again to go on."
    )
    webhook_error = Text("Why webhook_url is failing.", read_only=True, example="")
    is_maintenance_mode = Boolean(
        "Whether the store is closed to customers for a while.",
        default=False,
        example=False,
    )
    is_active = Boolean(
        "Whether the store is in business.", read_only=True, example=True
    )
    date_created = Date("The date this resource was created.")
    date_modified = Date("The date this resource was last modified.")
