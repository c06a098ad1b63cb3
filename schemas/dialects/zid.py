"""The schema of Zid's products: localized texts, groups, and unsupported properties."""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from marshmallow import ValidationError

from schemas.base.fields import Amount, Boolean, Choice, Integer, Property, Text, Upload
from schemas.base.localized_fields import language_property
from schemas.base.schema import ResourceSchema
from schemas.downloadable import DownloadableSchema
from schemas.offer import OfferSchema
from schemas.values.dates import moment_stored
from schemas.values.money import MONEY_UNIT

_ITEM, _OFFER = DownloadableSchema(), OfferSchema()
LONGEST_WORDS = _OFFER.longest("keywords") or 0
MANY = 50
"""Languages, or keywords, that a product may have at most."""

_LANGUAGE = language_property("A language.")


class Localized(Text):
    """A text in several languages, as an object; a bare text is in the own one.

    The stored form is a mapping by language, where ``""`` is the own one.
    """

    kind = "Localized"

    def read(self, value: Any) -> Any:
        """Check each text."""
        if not isinstance(value, dict):
            if not isinstance(value, str):
                raise self.complain(
                    "invalid", "must be a text, or an object of texts by language"
                )
            return {"": super().read(value)}
        if len(value) > MANY:
            raise self.complain("too_many", f"may have {MANY} languages at most")
        found: dict[str, str] = {}
        for sent, text in value.items():
            language = self._language(sent)
            if language in found:
                raise self.complain("repeated", f"has {language} twice")
            is_empty = text is None or text == ""
            found[language] = "" if is_empty else super().read(text)
        return found

    def _language(self, sent: str) -> str:
        try:
            return _LANGUAGE.read(sent).lower()
        except ValidationError:
            raise self.complain(
                "invalid",
                f"has {sent[:40]!r}, which is not a language such as ar, en or pt-BR",
            ) from None


class Words(Text):
    """A list of words."""

    kind = "List"
    is_list = True

    def read(self, value: Any) -> str:
        """Join the words, a line each."""
        if not isinstance(value, list) or len(value) > MANY:
            raise self.complain("invalid", f"must be a list of at most {MANY} words")
        words = [super(Words, self).read(word).strip() for word in value]
        text = "\n".join(word for word in words if word)
        if len(text) > LONGEST_WORDS:
            raise self.complain(
                "too_long", f"are too long (maximum is {LONGEST_WORDS} characters)"
            )
        return text


class Moment(Property):
    """A moment in ISO 8601; without an offset it is in UTC."""

    kind = "Date"

    def read(self, value: Any) -> int:
        """Return the seconds since 1970."""
        try:
            moment = datetime.fromisoformat(value.strip())
            return moment_stored(
                moment if moment.tzinfo else moment.replace(tzinfo=UTC)
            )
        except (AttributeError, ValueError, OverflowError):
            raise self.complain(
                "not_a_date", "must be a date such as 2026-12-31T23:59:59Z"
            ) from None


class Days(Amount):
    """A number of days, stored as hours."""

    def read(self, value: Any) -> int:
        """Return the hours, of which there are whole ones only."""
        days = Decimal(super().read(value)) / MONEY_UNIT
        hours = int((days * 24).to_integral_value())
        if days and not hours:
            raise self.complain("too_small", "must be an hour (0.0417) at least, or 0")
        if hours > 2**31 - 1:
            raise self.complain("too_large", "must be less than 89478485")
        return hours


class Group(Property):
    """Several properties in an object of their own."""

    kind = "Object"

    def __init__(
        self, description: str, schema: ResourceSchema, **options: Any
    ) -> None:
        super().__init__(description, **options)
        self.inner = schema

    def read(self, value: Any) -> Any:
        """Return the nested value unchanged; its reader names each part."""
        if not isinstance(value, dict):
            raise self.complain("invalid", "must be an object")
        return value


class Fixed(Property):
    """A property with a fixed value; it can be sent back, but not changed."""

    kind = "Fixed"

    def __init__(self, *values: Any) -> None:
        super().__init__("The same for all downloadable products.", nullable=True)
        self.values = values

    def read(self, value: Any) -> None:
        """Raise an error for another value."""
        if value not in self.values and value not in (None, [], {}):
            raise self.complain(
                "fixed", "can't be set: downloadable products have it always alike"
            )


class RestrictionsSchema(ResourceSchema):
    """Restrictions of a product: quantities, periods, and the sale."""

    min_quantity_per_cart = Integer("At least so many.", minimum=1, nullable=True)
    max_quantity_per_cart = Integer("At most so many.", minimum=1, nullable=True)
    availability_period_start = Moment("From then on.", nullable=True)
    availability_period_end = Moment("Until then.", nullable=True)
    sale_price_period_start = Moment("On sale from then on.", nullable=True)
    sale_price_period_end = Moment("On sale until then.", nullable=True)


class MetaSchema(ResourceSchema):
    """Limits of the downloads of a product."""

    download_limit = Integer("How often; 0 is unlimited.", nullable=True)
    expiration_period = Days("For how many days; 0 is unlimited.", nullable=True)


class SeoSchema(ResourceSchema):
    """Words for search engines."""

    title = Localized(
        "The title.", max_length=_OFFER.longest("seo_title"), nullable=True
    )
    description = Localized(
        "The description.",
        max_length=_OFFER.longest("seo_description"),
        is_one_line=False,
        nullable=True,
    )


class ZidProductSchema(ResourceSchema):
    """Properties of a product that can be sent; what only is answered is ignored."""

    product_class = Choice(
        "The class of the product.", choices=("downloadable",), required=True
    )
    name = Localized(
        "The name, by language.", max_length=_ITEM.longest("name"), required=True
    )
    price = Amount("The regular price.", required=True)
    sku = Text("Stock Keeping Unit.", max_length=_ITEM.longest("code"), nullable=True)
    barcode = Text("The barcode.", max_length=_OFFER.longest("barcode"), nullable=True)
    slug = Text(
        "A URL-friendly identifier.", max_length=_OFFER.longest("slug"), nullable=True
    )
    short_description = Localized(
        "A brief description.",
        max_length=_OFFER.longest("short_description"),
        is_one_line=False,
        nullable=True,
    )
    description = Localized(
        "The full description.",
        max_length=_ITEM.longest("description"),
        is_one_line=False,
        nullable=True,
    )
    sale_price = Amount("The discounted price.", nullable=True)
    cost = Amount("The cost of the product.", nullable=True)
    is_draft = Boolean("Whether it is saved as a draft.")
    is_published = Boolean("Whether customers see it.")
    keywords = Words("Words to find it by.", max_length=100, nullable=True)
    is_taxable = Boolean("Whether it is subject to tax.")
    seo = Group("Words for search engines.", SeoSchema(), nullable=True)
    purchase_restrictions = Group(
        "How many can be bought, and when.", RestrictionsSchema(), nullable=True
    )
    meta = Group("Limits of the downloads.", MetaSchema(), nullable=True)
    display_order = Integer("Where it stands among others.", nullable=True)

    parent_id = Fixed()
    attributes = Fixed()
    categories = Fixed()
    has_options = Fixed(False)  # noqa: FBT003 - the only value
    has_fields = Fixed(False)  # noqa: FBT003 - the only value
    images = Fixed()
    quantity = Fixed()
    is_infinite = Fixed(True)  # noqa: FBT003 - the only value
    weight = Fixed({"value": None, "unit": "kg"})
    requires_shipping = Fixed(False)  # noqa: FBT003 - the only value
    structure = Fixed("standalone")
    metafields = Fixed()
    related_products_settings = Fixed("AUTO_GENERATED")
    related_products_title = Fixed()
    badge = Fixed()
    variants = Fixed()
    custom_user_input_fields = Fixed()
    custom_option_fields = Fixed()
    options = Fixed()
    related_products = Fixed()
    group_products = Fixed()

    id = Text("The id of the product.", read_only=True)
    formatted_price = Text("The price as it is shown.", read_only=True)
    formatted_sale_price = Text("The discounted price as shown.", read_only=True)
    currency = Text("The currency of the store.", read_only=True)
    currency_symbol = Text("Its symbol.", read_only=True)
    html_url = Text("Where customers see it.", read_only=True)
    rating = Text("How it was rated; it is not.", read_only=True)
    store_id = Integer("The store.", read_only=True)
    next_product = Text("The next product.", read_only=True)
    previous_product = Text("The previous product.", read_only=True)
    stocks = Text("Where it is in stock.", read_only=True)
    sold_products_count = Integer("How many were sold.", read_only=True)
    waiting_customers_count = Integer("How many wait for it.", read_only=True)
    created_at = Text("When it was created.", read_only=True)
    updated_at = Text("When it was last updated.", read_only=True)

    def inner(self, group: str) -> ResourceSchema:
        """Return the properties of a group."""
        field = self.properties[group]
        if not isinstance(field, Group):
            raise TypeError(f"{group} is no group")
        return field.inner

    def meant(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return values without those that all products share."""
        fixed = {n for n, p in self.properties.items() if isinstance(p, Fixed)}
        return {name: value for name, value in values.items() if name not in fixed}


class ZidAttachSchema(ResourceSchema):
    """The request that attaches an uploaded file to a product."""

    key = Text("The key that the upload was given.", max_length=400, nullable=True)
    library_id = Text("The id of a file of the library.", max_length=36, nullable=True)
    display_name = Text("What customers see.", max_length=200, nullable=True)
    display_order = Integer("Where it stands among others.", nullable=True)


class ZidPresignSchema(ResourceSchema):
    """A file before its upload."""

    file_name = Text("The name of the file.", max_length=255, nullable=True)
    content_type = Text("The media type of the file.", max_length=127, nullable=True)


class ZidLibrarySchema(ResourceSchema):
    """A file for the library, and what customers see it called."""

    needs_file = True

    file = Upload("The file, as a part of multipart/form-data.")
    display_name = Text("What customers see.", max_length=300, nullable=True)
