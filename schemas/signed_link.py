"""A link for a short time, as it is asked for."""

from schemas.base import ResourceSchema
from schemas.fields import Integer

DEFAULT_SECONDS = 900
MAX_SECONDS = 86_400


class SignedLinkSchema(ResourceSchema):
    """What can be said of a new link."""

    expires_in = Integer(
        "For how many seconds the link is good.",
        minimum=1,
        maximum=MAX_SECONDS,
        default=DEFAULT_SECONDS,
        example=DEFAULT_SECONDS,
    )
