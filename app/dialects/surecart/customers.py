"""SureCart's customers: temporary access to their purchases."""

from urllib.parse import urlencode

from flask import Flask, Response

from app.dialects.base import blob_key, ensure_writer, json_response
from app.dialects.surecart import medias
from app.dialects.surecart.protocol import DIALECT, list_query, principal
from app.errors import Invalid
from app.http.context import RequestContext
from app.http.paths import DOWNLOAD
from app.services.clock import now
from app.services.sales import downloads, signed_links
from schemas.dialects.surecart import SureCartExposeSchema

_SCHEMA = SureCartExposeSchema()


def _expose(context: RequestContext, customer_id: str, uuid: str) -> Response:
    """Handle a GET with a media that a customer bought, and an address for it.

    The address counts as the customer's own link does. Raise `RequestError` where
    nothing is left of the purchase.
    """
    who = principal(context)
    # It gives away what a customer bought, though it is a GET.
    ensure_writer(who)
    sent = {
        n: v for n, v in list_query(context).single.items() if n in _SCHEMA.writable
    }
    values, errors = _SCHEMA.read(sent, partial=False)
    if errors:
        raise Invalid.of(errors)
    record = medias.find_media(context.db, who.store_id, uuid)
    moment = now()
    bought = downloads.find_purchase_of_blob(
        context.db, who.store_id, customer_id, blob_key(uuid), moment
    )
    expires = moment + values["expose_for"]
    parameters = {
        **signed_links.link_parameters(
            bought["id"], bought["download_passcode"], expires
        ),
        "file": str(bought["file_id"]),
    }
    url = f"{context.urls.base}{DOWNLOAD}?{urlencode(parameters)}"
    return json_response(medias.media_json(record, url, expires))


def publish(app: Flask) -> None:
    """Register the routes."""
    DIALECT.publish(
        app,
        "/customers/<customer_id>/expose/<uuid>",
        {"GET": "Expose a media to a customer for a while"},
        {"GET": _expose},
    )
