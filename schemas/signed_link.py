"""The schema of requests for a signed link."""

from schemas.base.fields import Integer
from schemas.base.schema import ResourceSchema

DEFAULT_SECONDS = 900
MAX_SECONDS = 86_400


class SignedLinkSchema(ResourceSchema):
    """The properties of a new signed link."""

    expires_in = Integer(
        "For how many seconds the link is good.",
        minimum=1,
        maximum=MAX_SECONDS,
        default=DEFAULT_SECONDS,
        example=DEFAULT_SECONDS,
    )
