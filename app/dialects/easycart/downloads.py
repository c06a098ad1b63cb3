"""WP EasyCart's REST API, tag Downloads: a download is a purchase of ours.

Where its reference is silent: dates are in the store's time zone, as WordPress writes
them; an order that is no number shows as 0; errors have WordPress' shape, with true
statuses, of which the reference knows only 400.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import Flask, Response

from app.database import Snapshot, Transaction
from app.dialects import base
from app.dialects.base import READS, Dialect, json_response
from app.dialects.easycart.guide import GUIDE
from app.dialects.filters import matches
from app.errors import BadRequest, Forbidden, Invalid, NotFound, Problem
from app.http import migration_guides, pagination
from app.http.bodies.form_data import media_type
from app.http.context import RequestContext
from app.http.files.raw_upload import safe_file_name
from app.http.hypermedia.registry import ResourceRegistry
from app.http.views.collection import listing_page
from app.services.catalogue import downloadables, stores, versions
from app.services.principal import StorePrincipal
from app.services.rows.listing import Order, Selection, records_of
from app.services.rows.row_types import PurchaseWithFileColumns, PurchaseWithFileRow
from app.services.sales import purchases
from app.storage import CHUNK, NewFile
from schemas.base.errors import FieldError
from schemas.dialects.easycart import EasyCartDownloadSchema
from schemas.purchase import PurchaseSchema
from schemas.values.identifiers import id_value

PREFIX = "/easycart"
COLUMNS = {
    "download_id": "id",
    "date_created": "date_created",
    "product_id": "downloadable_id",
    "order_id": "order_id",
    "download_count": "number_of_downloads",
    "download_file_name": "file_name",
}
"""What a list can be sorted by, and our column for it."""

PARAMETERS = ("page", "perpage", "sortby", "sortdir", "search")
DIRECTIONS = {"ASC": False, "DESC": True}
_PAGES = listing_page(purchases.IN_STORE_WITH_FILE)
_SCHEMA = EasyCartDownloadSchema()


def _error(status: int, problems: Sequence[Problem]) -> dict[str, Any]:
    """Return the body of an error as WordPress writes it."""
    about = {p.property: p.message for p in problems if p.property}
    data: dict[str, Any] = {"status": status}
    if about:
        data["params"] = about
    return {
        "code": f"rest_{problems[0].code}",
        "message": "; ".join(problem.message for problem in problems),
        "data": data,
    }


DIALECT = Dialect(
    PREFIX,
    _error,
    {
        "type": "object",
        "required": ["code", "message", "data"],
        "properties": {
            "code": {"type": "string"},
            "message": {"type": "string"},
            "data": {
                "type": "object",
                "required": ["status"],
                "properties": {
                    "status": {"type": "integer"},
                    "params": {"type": "object"},
                },
            },
        },
    },
)


def _principal(context: RequestContext) -> StorePrincipal:
    """Return the principal: of Bearer, or of Basic, which may only read."""
    tokens = base.bearer_token(context)
    by_password = base.basic_credentials(context)
    # Browsers send Basic credentials by themselves, also with a form of another site.
    if by_password and context.request.method not in READS:
        raise Forbidden("Basic authentication only reads; send a Bearer token")
    return base.authorized_principal(context, [*tokens, *by_password])


def _test(context: RequestContext) -> Response:
    """Handle a GET by which clients test their credentials."""
    tokens = [*base.bearer_token(context), *base.basic_credentials(context)]
    base.principal(context, tokens)
    return json_response({"authenticated": True})


def _list(context: RequestContext) -> Response:
    """Handle a GET of many: an array, and no more."""
    principal = _principal(context)
    problems: list[Problem] = []
    # Both names are known to our own pagination, which reads them with its limits.
    paging = [(name, v) for name, v in context.query if name in {"page", "perpage"}]
    window = pagination.window(tuple(paging), problems)
    asked = dict(context.query)
    for name in asked:
        if name not in PARAMETERS:
            text = f"{name[:40]} is not known; known are {', '.join(PARAMETERS)}"
            problems.append(Problem(text, "unknown", name[:40]))
    order = _order(asked, problems)
    words = base.search_words(asked.get("search", ""), "search", problems)
    if problems:
        raise BadRequest(problems=problems)
    selection = Selection(matches("search_text", words), order)
    # Dates are written in the time zone of the store.
    store = stores.find_store(context.db, principal, principal.store_id)
    page = _PAGES(context, store, selection, window)
    rows = records_of(purchases.WITH_FILE, PurchaseWithFileColumns, page.rows)
    context.release_connection()
    return json_response([_download_json(context, row) for row in rows])


def _order(asked: Mapping[str, str], problems: list[Problem]) -> tuple[Order, ...]:
    """Read sortby and sortdir; note what is wrong with them."""
    column = COLUMNS.get(asked.get("sortby", "download_id"))
    direction = asked.get("sortdir", "ASC").upper()
    if column is None:
        text = f"sortby must be one of {', '.join(COLUMNS)}"
        problems.append(Problem(text, "unknown", "sortby"))
    if direction not in DIRECTIONS:
        problems.append(Problem("sortdir must be ASC or DESC", "unknown", "sortdir"))
    if column is None or direction not in DIRECTIONS:
        return ()
    return (Order(column, is_descending=DIRECTIONS[direction]),)


def _get_download(context: RequestContext, download_id: str) -> Response:
    """Handle a GET of a download."""
    return json_response(
        _download_json(
            context, _find_purchase(context.db, _principal(context), download_id)
        )
    )


def _create(context: RequestContext) -> Response:
    """Handle a POST: a purchase is granted; the order's own, if it has it already."""
    principal = _principal(context)
    values = _values(context, "POST")
    # Checked before the object is copied: a wrong product_id costs no copy.
    _bought(context.db, principal, values)
    # The object is copied before the transaction: copying may take minutes, and there
    # is one writer.
    with _registered(context, principal, values, None) as file, context.writing() as tx:
        bought = _bought(tx, principal, values)
        made, is_new = purchases.create_purchase(tx, principal.store_id, bought)
        if is_new:
            record = _update_purchase(context, tx, made, values, file)
        else:
            record = purchases.find_with_file(tx, principal, made)
    # The order had the purchase already, so nothing refers to the copy.
    if file is not None and not is_new:
        context.installation.removal.remove([file.blob.key])
    return json_response(_download_json(context, record))


def _change(context: RequestContext, download_id: str) -> Response:
    """Handle a PATCH."""
    principal = _principal(context)
    values = _values(context, "PATCH")
    before = _download_json(context, _find_purchase(context.db, principal, download_id))
    with (
        _registered(context, principal, values, before) as file,
        context.writing() as tx,
    ):
        record = _find_purchase(tx, principal, download_id)
        if (
            values.get("product_id", record["downloadable_id"])
            != (record["downloadable_id"])
        ):
            text = "product_id can't be changed; add another download instead"
            raise Invalid.of([FieldError("product_id", "fixed", text)])
        if "order_id" in values:
            order = {"order_id": _order_id(values)}
            purchases.update_purchase(
                tx, purchases.find_purchase(tx, principal, record["id"]), order
            )
        record = _update_purchase(context, tx, record["id"], values, file)
    return json_response(_download_json(context, record))


@contextmanager
def _registered(
    context: RequestContext,
    principal: StorePrincipal,
    values: Mapping[str, Any],
    before: Mapping[str, Any] | None,
) -> Iterator[NewFile | None]:
    """Register an object of the bucket, if another one than before is named.

    Raise `Invalid`.
    """
    key, storage = values.get("amazon_key"), context.installation.storage
    if not key or key in _keys(context, principal, values, before):
        yield None
        return
    context.release_connection()
    try:
        # Only what lies in the store's own inbox; a key of another store is not found.
        source = storage.left_by(principal.store_id, key)
    except FileNotFoundError:
        text = (
            "amazon_key must be that of the download's file, or of an object that "
            f"was put below inbox/{principal.store_id}/ of the bucket"
        )
        raise Invalid.of([FieldError("amazon_key", "not_found", text)]) from None
    name = safe_file_name(values.get("download_file_name") or key) or "file"
    with closing(source), storage.writer() as writer:
        # Checked while it is copied, so that no more than the limit is stored.
        while chunk := source.read(CHUNK):
            if writer.size + len(chunk) > context.settings.max_file_size:
                most = context.settings.max_file_size
                text = f"amazon_key has over {most} bytes (SIRENHALL_MAX_FILE_SIZE)"
                raise Invalid.of([FieldError("amazon_key", "too_large", text)])
            writer.write(chunk)
        with context.installation.removal.remove_unless_named(writer.key):
            yield NewFile(name, media_type("", name), writer.commit())


def _keys(
    context: RequestContext,
    principal: StorePrincipal,
    values: Mapping[str, Any],
    before: Mapping[str, Any] | None,
) -> set[str | None]:
    """Return the objects that a download is, or is going to be, anyway."""
    if before is not None:
        return {before["amazon_key"]}
    order, store_id = _order_id(values), principal.store_id
    if order and purchases.find_by_order(
        context.db, store_id, order, values["product_id"]
    ):
        # What an order has already stays as it is.
        return {values.get("amazon_key")}
    record = downloadables.find_downloadable(
        context.db, principal, values["product_id"]
    )
    key = record["blob_key"]
    return {None if key is None else context.installation.storage.object_name(key)}


def _delete(context: RequestContext, download_id: str) -> Response:
    """Handle a DELETE with what was deleted."""
    principal = _principal(context)
    with context.writing() as tx:
        record = _find_purchase(tx, principal, download_id)
        purchases.delete_purchase(
            tx, purchases.find_purchase(tx, principal, record["id"])
        )
    return json_response(_download_json(context, record))


def _find_purchase(
    db: Snapshot, principal: StorePrincipal, download_id: str
) -> PurchaseWithFileRow:
    purchase_id = id_value(download_id)
    if purchase_id is None:
        raise NotFound
    return purchases.find_with_file(db, principal, purchase_id)


def _values(context: RequestContext, method: str) -> dict[str, Any]:
    """Read a body. Raise `Invalid`."""
    values, errors = _SCHEMA.read(
        base.read_members(context, _SCHEMA, method), partial=True
    )
    if errors:
        raise Invalid.of(errors)
    return values


def _bought(
    tx: Snapshot, principal: StorePrincipal, values: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the values of a new purchase. Raise `Invalid`."""
    product = values.get("product_id")
    try:
        record = downloadables.find_downloadable(tx, principal, product or 0)
    except NotFound:
        text = "product_id must be the id of a downloadable of this store"
        raise Invalid.of([FieldError("product_id", "not_found", text)]) from None
    # The schema fills in the defaults; both values are valid, so there are no errors.
    bought, _ = PurchaseSchema().read(
        {"downloadable_id": record["id"], "order_id": _order_id(values)}, partial=False
    )
    return bought


def _order_id(values: Mapping[str, Any]) -> str | None:
    """Return our order for its number; 0 is none."""
    return str(values["order_id"]) if values.get("order_id") else None


def _update_purchase(
    context: RequestContext,
    tx: Transaction,
    number: int,
    values: Mapping[str, Any],
    registered: NewFile | None,
) -> PurchaseWithFileRow:
    """Set the count and the file; return the changed purchase. Raise `Invalid`."""
    principal = context.principal
    record = purchases.find_with_file(tx, principal, number)
    count, name = values.get("download_count"), values.get("download_file_name")
    # EasyCart's clients send the whole object back, so an equal count is no change.
    if count is not None and count != record["number_of_downloads"]:
        purchases.set_usage(tx, record, count)
    if registered is not None:
        product = downloadables.find_downloadable(
            tx, principal, record["downloadable_id"]
        )
        pinned = {
            "version_id": versions.add_version(tx, product, registered),
            "url": None,
        }
        purchases.update_purchase(
            tx, purchases.find_purchase(tx, principal, number), pinned
        )
    elif name and name != (record["file_url"] or record["file_name"]):
        file = _file_values(tx, record, name)
        purchases.update_purchase(
            tx, purchases.find_purchase(tx, principal, number), file
        )
    changed = purchases.find_with_file(tx, principal, number)
    # Compared after the change: both follow from the file that the name chose.
    shown = _download_json(context, changed)
    wrong = [
        FieldError(name, "read_only", f"{name} is {shown[name]!r}: it follows the file")
        for name in ("is_amazon", "amazon_key")
        if registered is None and values.get(name) and values[name] != shown[name]
    ]
    if wrong:
        raise Invalid.of(wrong)
    return changed


def _file_values(
    tx: Transaction, record: Mapping[str, Any], name: str
) -> dict[str, Any]:
    """Return the file of a purchase as property values: a URL or a version."""
    wrong = "download_file_name must be the name of a file of the product, or an URL"
    if name.lower().startswith(("http://", "https://")):
        values, errors = PurchaseSchema().read({"url": name}, partial=True)
        if not errors:
            return {**values, "version_id": None}
        wrong = errors[0].message.replace("url", "download_file_name", 1)
    version = versions.find_id_by_file_name(tx, record["downloadable_id"], name)
    if version is None:
        raise Invalid.of([FieldError("download_file_name", "not_found", wrong)])
    return {"version_id": version, "url": None}


def _download_json(
    context: RequestContext, record: PurchaseWithFileColumns
) -> dict[str, Any]:
    """Write a purchase as a DownloadItem."""
    key = None
    if record["file_url"] is None and record["blob_key"] is not None:
        key = context.installation.storage.object_name(record["blob_key"])
    order = record["order_id"] or ""
    # WordPress writes local time without an offset.
    moment = datetime.fromtimestamp(
        record["date_created"], ZoneInfo(record["timezone"])
    )
    return {
        "download_id": str(record["id"]),
        "date_created": moment.strftime("%Y-%m-%d %H:%M:%S"),
        "product_id": record["downloadable_id"],
        "order_id": int(order) if order.isascii() and order.isdecimal() else 0,
        "download_count": record["number_of_downloads"],
        "download_file_name": record["file_url"] or record["file_name"] or "",
        "is_amazon": key is not None,
        "amazon_key": key or "",
    }


def register_routes(app: Flask, _registry: ResourceRegistry) -> None:
    """Register the routes."""
    DIALECT.register_routes(app)
    migration_guides.register_guide(app, GUIDE)
    summaries = {"GET": "List downloads", "POST": "Add a download"}
    views = {"GET": _list, "POST": _create}
    DIALECT.publish(app, "/downloads", summaries, views, _SCHEMA)
    DIALECT.publish(
        app,
        "/downloads/<download_id>",
        {
            "GET": "Get a download",
            "PATCH": "Update a download",
            "DELETE": "Delete a download",
        },
        {"GET": _get_download, "PATCH": _change, "DELETE": _delete},
        _SCHEMA,
    )
    test = {"POST": "Tell whether the credentials are right"}
    DIALECT.publish(app, "/authenticate/test", test, {"POST": _test})
