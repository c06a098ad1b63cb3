"""The schema of offers: prices, periods, and texts for a shop."""

from schemas.base import localized_fields
from schemas.base.fields import Amount, Boolean, Date, Integer, Text
from schemas.base.schema import ResourceSchema


class OfferSchema(ResourceSchema):
    """Properties of an offer. The shop keeps to them; downloads do not."""

    searchable = ()

    slug = Text(
        "The part of an address that names it; letters of any script. Unique in the "
        "store.",
        max_length=200,
        default="",
        example="a-unicorn",
    )
    sale_price = Amount(
        "What it costs while it is on sale; at most the price.",
        nullable=True,
        example=8,
    )
    sale_price_start = Date("When the sale begins; null: now.", read_only=False)
    sale_price_end = Date("When the sale ends; null: never.", read_only=False)
    available_from = Date("From when it can be bought; null: now.", read_only=False)
    available_until = Date(
        "Until when it can be bought; null: for ever.", read_only=False
    )
    min_quantity = Integer(
        "How many must be bought at least; null: one.",
        minimum=1,
        nullable=True,
        example=1,
    )
    max_quantity = Integer(
        "How many can be bought at most; null: any number.",
        minimum=1,
        nullable=True,
        example=5,
    )
    short_description = localized_fields.short_description()
    keywords = Text(
        "Words that it is to be found by, one a line.",
        max_length=2000,
        is_one_line=False,
        default="",
        example="unicorn\nprint",
    )
    seo_title = localized_fields.seo_title()
    seo_description = localized_fields.seo_description()
    barcode = Text("The barcode.", max_length=100, default="", example="")
    cost = Amount("What it costs the merchant.", nullable=True, example=2)
    is_taxable = Boolean("Whether there is tax on it.", default=True, example=True)
    display_order = Integer(
        "Where it stands among others; null: wherever.", nullable=True, example=1
    )
    date_modified = Date("The date this resource was last modified.")
