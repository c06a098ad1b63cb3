"""The schema of item categories."""

from collections.abc import Mapping
from typing import ClassVar

from schemas.base.fields import Amount, Boolean, Choice, Date, Integer, Text, Url
from schemas.base.schema import RequiredWhen, ResourceSchema

DOWNLOADED = "downloaded"
DELIVERY_TYPES = ("shipped", DOWNLOADED, "flat_rate", "pickup", "notshipped")
HANDLING_FEE_TYPES = (
    "none",
    "flat_per_order",
    "flat_per_item",
    "flat_percent",
    "flat_percent_with_minimum",
)
DISCOUNT_TYPES = (
    "",
    "quantity_amount",
    "quantity_percentage",
    "price_amount",
    "price_percentage",
)


class ItemCategorySchema(ResourceSchema):
    """Properties of an item category, as Foxy's, with the same defaults.

    The limits of a downloaded category have no default: who sells downloads decides
    on them, and 0 says "unlimited".
    """

    searchable = ("name", "code")
    named_by = "name"
    columns = (
        *("name", "code", "item_delivery_type", "max_downloads_per_customer"),
        "max_downloads_time_period",
    )
    groups: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "": (
            *("name", "code", "item_delivery_type", "max_downloads_per_customer"),
            "max_downloads_time_period",
        ),
    }

    conditions: ClassVar[tuple[RequiredWhen, ...]] = (
        RequiredWhen(
            "item_delivery_type",
            (DOWNLOADED,),
            ("max_downloads_per_customer", "max_downloads_time_period"),
        ),
        RequiredWhen(
            "item_delivery_type",
            ("shipped",),
            ("default_weight", "default_weight_unit", "default_length_unit"),
        ),
        RequiredWhen(
            "item_delivery_type",
            ("flat_rate",),
            ("shipping_flat_rate", "shipping_flat_rate_type"),
        ),
        RequiredWhen(
            "handling_fee_type",
            ("flat_percent_with_minimum",),
            ("handling_fee_minimum",),
        ),
        RequiredWhen(
            "handling_fee_type",
            ("flat_percent", "flat_percent_with_minimum"),
            ("handling_fee_percentage",),
        ),
        RequiredWhen("send_customer_email", (True,), ("customer_email_template_uri",)),
        RequiredWhen("send_admin_email", (True,), ("admin_email_template_uri",)),
    )

    code = Text(
        "The code of the category, unique in the store. DEFAULT is fixed.",
        required=True,
        max_length=50,
        example="EBOOKS",
    )
    name = Text(
        "The name of the category.",
        required=True,
        max_length=50,
        example="E-books",
    )
    item_delivery_type = Choice(
        "How the items in this category reach the customer.",
        choices=DELIVERY_TYPES,
        default="notshipped",
        example=DOWNLOADED,
    )
    max_downloads_per_customer = Integer(
        "How often a customer may download an item; 0 is unlimited.",
        zero="unlimited",
        nullable=True,
        example=3,
    )
    max_downloads_time_period = Integer(
        "For how many hours after the purchase; 0 is unlimited.",
        label="Hours to download",
        meaning="hours",
        zero="unlimited",
        nullable=True,
        example=24,
    )
    customs_value = Amount("The value declared to customs.", default=0, example=0)
    default_weight = Amount(
        "The weight of an item that names none.",
        meaning="number",
        nullable=True,
        default=300_000,
        example=30,
    )
    default_weight_unit = Choice(
        "The unit of weights.", choices=("LBS", "KGS"), default="LBS", example="LBS"
    )
    default_length_unit = Choice(
        "The unit of lengths.", choices=("IN", "CM"), default="IN", example="IN"
    )
    shipping_flat_rate = Amount(
        "The price of shipping.", nullable=True, default=50_000, example=5
    )
    shipping_flat_rate_type = Choice(
        "What the price of shipping is for.",
        choices=("per_order", "per_item"),
        default="per_order",
        example="per_order",
    )
    handling_fee_type = Choice(
        "How the handling fee is found.",
        choices=HANDLING_FEE_TYPES,
        default="none",
        example="none",
    )
    handling_fee = Amount("The handling fee.", default=0, example=0)
    handling_fee_minimum = Amount(
        "The least handling fee.", nullable=True, default=0, example=0
    )
    handling_fee_percentage = Amount(
        "The handling fee in percent of the price.",
        meaning="number",
        nullable=True,
        default=0,
        example=0,
    )
    discount_type = Choice(
        "What the discount depends on and is.",
        choices=DISCOUNT_TYPES,
        default="",
        example="",
    )
    discount_name = Text(
        "The name of the discount.", max_length=50, default="", example=""
    )
    discount_details = Text(
        "The tiers of the discount, such as 2-.50|10-3|50-5.",
        max_length=200,
        default="",
        example="",
    )
    send_customer_email = Boolean(
        "Whether the customer gets an e-mail.", default=False, example=False
    )
    send_admin_email = Boolean(
        "Whether the merchant gets an e-mail.", default=False, example=False
    )
    admin_email = Text(
        "Where the merchant's e-mail goes; several are separated by commas.",
        max_length=300,
        default="",
        example="",
    )
    admin_email_template_uri = Url(
        "The template of the merchant's e-mail.",
        max_length=300,
        default="",
        example="",
    )
    customer_email_template_uri = Url(
        "The template of the customer's e-mail.",
        max_length=300,
        default="",
        example="",
    )
    gift_recipient_email_template_uri = Url(
        "The template of the e-mail to the recipient of a gift.",
        max_length=300,
        nullable=True,
    )
    date_created = Date("The date this resource was created.")
    date_modified = Date("The date this resource was last modified.")
