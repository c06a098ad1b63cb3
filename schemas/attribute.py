"""The schema of attributes."""

from schemas.base.fields import Choice, Date, Text
from schemas.base.schema import ResourceSchema

VISIBILITIES = ("public", "private", "restricted")


class AttributeSchema(ResourceSchema):
    """Properties of an attribute, as Foxy's."""

    named_by = "name"
    columns = ("name", "value", "visibility")

    name = Text(
        "The name of the attribute, unique among those of its resource.",
        required=True,
        max_length=500,
        example="color",
    )
    value = Text(
        "The value of the attribute.",
        required=True,
        max_length=1000,
        is_one_line=False,
        example="red",
    )
    visibility = Choice(
        "Who is meant to see it: everybody (public), only who keeps the store "
        "(private), or whoever the store front decides on (restricted).",
        choices=VISIBILITIES,
        default="private",
        example="private",
    )
    date_created = Date("The date this resource was created.")
    date_modified = Date("The date this resource was last modified.")
