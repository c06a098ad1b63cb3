"""The schema of webhook deliveries, and the events."""

from schemas.base.fields import Choice, Date, Integer, Text
from schemas.base.schema import ResourceSchema

EVENTS = {
    "downloadable.created": "A downloadable was created.",
    "downloadable.updated": "Properties of a downloadable were changed.",
    "downloadable.file_replaced": "Customers get another file now.",
    "downloadable.deleted": "A downloadable was deleted.",
    "downloadable_purchase.created": "A purchase was granted.",
    "downloadable_purchase.updated": "A purchase was changed.",
    "downloadable_purchase.downloaded": "A customer started a download.",
    "downloadable_purchase.limit_reached": "A customer used up the last download.",
    "downloadable_purchase.revoked": "A purchase was revoked.",
}
PENDING, DELIVERED, FAILED = "pending", "delivered", "failed"


class WebhookDeliverySchema(ResourceSchema):
    """Properties of a delivery; all are read only."""

    searchable = ()
    named_by = "event"
    columns = ("event", "state", "attempts", "response_status", "date_created")
    empty = (
        "Set a webhook in the settings of the store, and what happens is sent there."
    )

    event = Choice(
        "What happened.",
        choices=tuple(EVENTS),
        read_only=True,
        example="downloadable_purchase.downloaded",
    )
    state = Choice(
        "Whether it was told: delivered once webhook_url answered 2xx, failed where it "
        "never did; what is pending will be tried again.",
        choices=(PENDING, DELIVERED, FAILED),
        read_only=True,
        example=DELIVERED,
    )
    attempts = Integer(
        "How often it was tried since it happened, or was last replayed.",
        read_only=True,
        example=1,
    )
    next_attempt = Date("When it is tried next; null: never.")
    url = Text("The address it was last sent to.", read_only=True, example="")
    response_status = Integer(
        "The status that the address answered last.", read_only=True, example=200
    )
    error = Text("Why the last attempt failed.", read_only=True, example="")
    webhook_id = Text(
        "The webhook-id header: the same in every attempt, so that what arrives twice "
        "is known.",
        read_only=True,
        example="msg_2KWPBgLlAfxdpx2AI54pPJ85f4W",
    )
    payload = Text(
        "The body that is sent: JSON with type, timestamp and data.",
        read_only=True,
        example='{"type": "downloadable.created", "timestamp": "2026-11-22T09:33:28Z", '
        '"data": {"id": 41}}',
    )
    date_created = Date("When it happened.")
    date_modified = Date("The date of the last attempt.")
