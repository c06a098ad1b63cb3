"""The schema of translations."""

from schemas.base import localized_fields
from schemas.base.fields import Date, Text
from schemas.base.schema import ResourceSchema


class TranslationSchema(ResourceSchema):
    """Properties of a translation; what is empty is said in the own language."""

    searchable = ()
    named_by = "language"
    columns = ("language", "name", "description")

    language = localized_fields.language_property(
        "The language, as BCP 47 names it; one translation for each, and none for the "
        "downloadable's own language.",
        required=True,
        example="ar",
    )
    name = Text("The name.", max_length=100, default="", example="Einhorn")
    description = Text(
        "What the downloadable is.",
        max_length=10_000,
        is_one_line=False,
        default="",
        example="Ein Einhorn, fertig zum Drucken.",
    )
    short_description = localized_fields.short_description()
    seo_title = localized_fields.seo_title()
    seo_description = localized_fields.seo_description()
    date_created = Date("The date this resource was created.")
    date_modified = Date("The date this resource was last modified.")
