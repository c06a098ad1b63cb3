"""SureCart's downloads: the files of a downloadable, the main file among them."""

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

from flask import Flask, Response

from app.database import Snapshot, Transaction
from app.dialects.base import blob_id, blob_key, json_response, known_principal
from app.dialects.filters import is_one_of
from app.dialects.surecart import medias, products
from app.dialects.surecart.protocol import (
    DIALECT,
    Listed,
    ListQuery,
    deleted,
    envelope,
    list_query,
    principal,
    read_body,
)
from app.errors import Invalid, NotFound
from app.http.context import RequestContext
from app.services.catalogue import downloadables, files, library
from app.services.principal import StorePrincipal
from app.services.rows.filters import NOTHING, All, Condition, Exists
from app.services.rows.row_types import FileRow, ListedFileColumns
from schemas.base.errors import FieldError
from schemas.dialects.surecart import SureCartDownloadSchema

NAME = "download"
_SCHEMA = SureCartDownloadSchema()


def _of_customers(
    _db: Snapshot, _who: StorePrincipal, ids: tuple[str, ...]
) -> Condition:
    """Select what customers have bought and may still download."""
    bought = All((is_one_of("customer_id", ids), is_one_of("is_active", [True])))
    return Exists("downloadable_purchase", "downloadable_id", "downloadable_id", bought)


LISTED = Listed(
    listing=files.IN_STORE,
    row_type=ListedFileColumns,
    sortable={
        "created_at": "date_created",
        "updated_at": "date_modified",
        "archived_at": "date_archived",
        "name": "name",
    },
    flags={"archived": lambda value: is_one_of("is_archived", [value])},
    several={
        "ids": lambda _db, _who, ids: is_one_of("uuid", [uuid.lower() for uuid in ids]),
        "product_ids": lambda _db, _who, ids: is_one_of(
            "downloadable_uuid", [uuid.lower() for uuid in ids]
        ),
        "customer_ids": _of_customers,
        "variant_ids": lambda _db, _who, _ids: NOTHING,
    },
)


def downloads_json(
    context: RequestContext,
    records: Sequence[ListedFileColumns],
    expand: frozenset[str],
) -> list[dict[str, Any]]:
    """Write files as downloads; what is to be expanded is looked up at once."""
    written = [_download_json(record) for record in records]
    for name, several in (
        ("media", medias.find_medias),
        ("product", products.find_products),
    ):
        ids = {one[name] for one in written} - {None}
        if name in expand and ids:
            objects = several(context.db, known_principal(context), sorted(ids))
            for one in written:
                one[name] = objects.get(one[name], one[name])
    return written


def _download_json(record: ListedFileColumns) -> dict[str, Any]:
    key = record["blob_key"] if record["url"] is None else None
    return {
        "id": record["uuid"],
        "object": NAME,
        "alt": record["alt"] or None,
        "archived": bool(record["is_archived"]),
        "archived_at": record["date_archived"],
        "name": record["name"] or None,
        "title": record["title"] or None,
        "url": record["url"],
        "media": blob_id(key) if key else None,
        "product": record["downloadable_uuid"],
        "variant": None,
        "created_at": record["date_created"],
        "updated_at": record["date_modified"],
    }


def find_download(db: Snapshot, who: StorePrincipal, uuid: str) -> FileRow:
    """Return the row behind a download. Raise `NotFound`."""
    file_id = files.find_id_by_uuid(db, who.store_id, uuid.lower())
    if file_id is None:
        raise NotFound("there is no download with this id")
    return files.find_file(db, who, file_id)


def _list(context: RequestContext) -> Response:
    """Handle a GET of many."""
    query = list_query(context)
    rows, pagination = LISTED.page(context, query)
    return json_response(
        envelope(downloads_json(context, rows, query.expand), pagination)
    )


def _get_download(context: RequestContext, uuid: str) -> Response:
    """Handle a GET of a download."""
    record = find_download(context.db, principal(context), uuid)
    return _response(context, record, list_query(context))


def _create(context: RequestContext) -> Response:
    """Handle a POST: a file is added to a product."""
    who = principal(context)
    values, query = read_body(context, _SCHEMA, NAME, "POST", _content_problems)
    with context.writing() as tx:
        product_id = downloadables.find_id_by_uuid(tx, who.store_id, values["product"])
        if product_id is None:
            raise _none("product", "the id of a product of this store")
        product = downloadables.find_downloadable(tx, who, product_id)
        file_id = files.create_file(
            tx, product, _file_values(tx, who, values, None), None
        )
        return _response(context, files.find_file(tx, who, file_id), query)


def _change(context: RequestContext, uuid: str) -> Response:
    """Handle a PATCH."""
    who = principal(context)
    values, query = read_body(context, _SCHEMA, NAME, "PATCH", _exclusive)
    with context.writing() as tx:
        record = find_download(tx, who, uuid)
        if (
            values.get("product", record["downloadable_uuid"])
            != (record["downloadable_uuid"])
        ):
            text = "product can't be changed; add another download instead"
            raise Invalid.of([FieldError("product", "fixed", text)])
        stored: Mapping[str, Any] = record
        changes = {
            name: value
            for name, value in _file_values(tx, who, values, record).items()
            if name not in stored or stored[name] != value
        }
        if changes:
            files.update_file(tx, record, changes, None)
        return _response(context, files.find_file(tx, who, record["id"]), query)


def _delete(context: RequestContext, uuid: str) -> Response:
    """Handle a DELETE."""
    who = principal(context)
    with context.writing() as tx:
        files.delete_file(tx, find_download(tx, who, uuid))
    return deleted(NAME, uuid.lower())


def _response(context: RequestContext, record: FileRow, query: ListQuery) -> Response:
    [one] = downloads_json(context, [record], query.expand)
    return json_response(one)


def _file_values(
    tx: Transaction,
    who: StorePrincipal,
    values: Mapping[str, Any],
    record: FileRow | None,
) -> dict[str, Any]:
    """Return the values of a file that those of a download mean. Raise `Invalid`."""
    meant = {n: values[n] or "" for n in ("alt", "name", "title") if n in values}
    if "archived" in values:
        meant["is_archived"] = values["archived"]
    media, before = values.get("media"), record or {"url": None, "blob_key": None}
    if media is not None:
        key = blob_key(media)
        if before["url"] is not None or before["blob_key"] != key:
            meant["library_file_id"] = _in_library(tx, who, key)
    elif "url" in values and values["url"] != before["url"]:
        meant["url"] = values["url"]
    has_none = media is None and not values.get("url", before["url"])
    # The main one may have a version behind its address.
    if has_none and (
        record is None or record["version_id"] is None or "media" in values
    ):
        raise Invalid.of([_BLANK])
    whole = {
        "name": "",
        "url": None,
        "library_file_id": None,
        **(record or {}),
        **meant,
    }
    errors = list(files.file_problems(tx, who.store_id, whole, record))
    if errors:
        raise Invalid.of(errors)
    return meant


_BLANK = FieldError("media", "required", "media can't be blank, unless url is set")


def _content_problems(
    values: Mapping[str, Any], wrong: AbstractSet[str]
) -> Iterator[FieldError]:
    """Yield errors for a new download without a file, or with two."""
    if wrong & {"media", "url"}:
        return
    media, url = values.get("media"), values.get("url")
    if media is None and url is None:
        yield _BLANK
    elif media is not None and url is not None:
        yield FieldError("url", "present", "url must be null where media is given")
    elif url is not None and not values.get("name") and "name" not in wrong:
        yield files.NAMELESS


def _exclusive(
    values: Mapping[str, Any], _wrong: AbstractSet[str]
) -> Iterator[FieldError]:
    """Yield an error for two files at once."""
    if values.get("media") is not None and values.get("url") is not None:
        yield FieldError("url", "present", "url must be null where media is given")


def _in_library(tx: Transaction, who: StorePrincipal, key: str) -> int:
    """Return the library's file that a media is; a version's is put there."""
    file_id = library.adopt_blob(tx, who.store_id, key)
    if file_id is None:
        raise _none("media", "the id of a media of this store")
    return file_id


def _none(name: str, what: str) -> Invalid:
    return Invalid.of([FieldError(name, "not_found", f"{name} must be {what}")])


def publish(app: Flask) -> None:
    """Register the routes."""
    summaries = {"GET": "List downloads", "POST": "Create a download"}
    DIALECT.publish(
        app, "/downloads", summaries, {"GET": _list, "POST": _create}, _SCHEMA
    )
    DIALECT.publish(
        app,
        "/downloads/<uuid>",
        {
            "GET": "Retrieve a download",
            "PATCH": "Update a download",
            "DELETE": "Delete a download",
        },
        {"GET": _get_download, "PATCH": _change, "DELETE": _delete},
        _SCHEMA,
    )
