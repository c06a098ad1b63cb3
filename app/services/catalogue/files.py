"""The files of a downloadable: the main file, and any others.

Tested in `tests/resources/test_files.py`.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import bindparam, case, delete, select

from app.database import RowStatement, Snapshot, Statement, Transaction
from app.errors import Conflict, Invalid
from app.models import DOWNLOADABLES, FILES, STORES, VERSIONS
from app.services.catalogue import downloadables, library, main_files
from app.services.clock import now
from app.services.principal import Principal
from app.services.rows import listing
from app.services.rows.row_types import DownloadableRow, FileRow
from app.services.rows.tenancy import find_scoped
from app.storage import NewFile
from schemas.base.errors import FieldError

_F, _D, _V = FILES.c, DOWNLOADABLES.c, VERSIONS.c
NAMELESS = FieldError(
    "name", "required", "name can't be blank when url is set: customers see it"
)
_WHERE = ("library_file_id", "url")
WITH_BLOB = FILES.join(DOWNLOADABLES, _D.id == _F.downloadable_id).outerjoin(
    VERSIONS, _V.id == _F.version_id
)
_COLUMNS = (
    *listing.shown_columns(FILES, hidden=("position",)),
    case((main_files.IS_MAIN, True), else_=False).label("is_main"),
    # The main file has versions of its own; any other one is a file of the library.
    case((main_files.IS_MAIN, None), else_=_F.version_id).label("library_file_id"),
    _V.file_name,
    _V.file_size,
    _V.file_type,
    _V.file_sha256,
    _V.upload_date,
)
SOURCE = listing.register_source(
    name="downloadable_file",
    table=FILES,
    columns=_COLUMNS,
    joined=WITH_BLOB,
    searched=None,
)
IDENTIFIED = listing.register_source(
    name="identified_file",
    table=FILES,
    columns=(*_COLUMNS, _D.uuid.label("downloadable_uuid"), _V.blob_key),
    joined=WITH_BLOB,
    searched=None,
)
"""With what clients of other systems know a file by."""

_BY_ID = RowStatement(
    FileRow,
    # What only one is asked for comes last: the columns of a page come first.
    SOURCE.rows()
    .add_columns(
        STORES.c.date_modified.label("store_modified"),
        _F.revision,
        _V.blob_key,
        _D.uuid.label("downloadable_uuid"),
    )
    .where(_F.id == bindparam("id")),
)
_BY_UUID = Statement(
    select(_F.id).where(
        _F.store_id == bindparam("store_id"), _F.uuid == bindparam("uuid")
    )
)
ON_SHELF = ("is_archived", False)
OF_DOWNLOADABLE = listing.Listing(SOURCE, owner="downloadable_id")
IN_STORE = listing.Listing(IDENTIFIED, owner="store_id")


def find_file(db: Snapshot, principal: Principal, file_id: int) -> FileRow:
    """Return a file of a store that the token may access. Raise `NotFound`."""
    return find_scoped(db, _BY_ID, principal, file_id)


def find_id_by_uuid(db: Snapshot, store_id: int, uuid: str) -> int | None:
    """Return the id of a store's file that has a uuid."""
    found = db.value(_BY_UUID, store_id=store_id, uuid=uuid)
    return None if found is None else int(found)


def file_problems(
    db: Snapshot,
    store_id: int,
    values: Mapping[str, Any],
    record: FileRow | None = None,
) -> Iterator[FieldError]:
    """Yield errors for an unknown library file, two sources, or a nameless URL."""
    values = _without_replaced_source(values, record)
    of_library = values.get("library_file_id")
    if of_library is not None and not library.has_library_file(
        db, store_id, of_library
    ):
        yield FieldError(
            "library_file_uri",
            "not_found",
            "library_file_uri must be a library_file of the same store",
        )
    if of_library is not None and values.get("url") is not None:
        text = "url can't be set together with library_file_uri"
        yield FieldError("url", "exclusive", text)
    is_touched = record is None or (
        values["name"] != record["name"] or values["url"] != record["url"]
    )
    if is_touched and values.get("url") is not None and not values.get("name"):
        yield NAMELESS


def _without_replaced_source(
    values: Mapping[str, Any], record: FileRow | None
) -> Mapping[str, Any]:
    """Return values without the source that the one that was sent replaces."""
    if record is None:
        return values
    stored: Mapping[str, object] = record
    for name, other in (("url", "library_file_id"), ("library_file_id", "url")):
        is_sent = values[name] not in {None, stored[name]}
        if is_sent and values[other] == stored[other]:
            return {**values, other: None}
    return values


def create_file(
    tx: Transaction,
    downloadable: DownloadableRow,
    values: Mapping[str, Any],
    file: NewFile | None,
) -> int:
    """Add a file to a downloadable; its first one is the main one. Give the id."""
    store_id = downloadable["store_id"]
    # Another one may have come since it was looked up.
    downloadable = downloadables.reload_downloadable(
        tx, downloadable["store_id"], downloadable["id"]
    )
    _ensure_one(values, file)
    _ensure_uuid_free(tx, store_id, values.get("uuid"))
    columns = _descriptive_columns(values, None)
    is_first = downloadable["version_id"] is None and downloadable["url"] is None
    if is_first:
        _make_main(tx, downloadable, values, file)
        file_id = main_files.find_main_file(tx, downloadable["id"])
        if file_id is None:
            raise LookupError(f"downloadable {downloadable['id']} has no main file")
        main_files.update_file_row(tx, file_id, **columns)
    else:
        position = main_files.next_position(tx, downloadable["id"])
        row = {**columns, **_content_columns(tx, store_id, values, file)}
        file_id = main_files.add_file(tx, downloadable, position, row)
    downloadables.parts_changed(tx, downloadable)
    return file_id


def update_file(
    tx: Transaction,
    record: FileRow,
    values: Mapping[str, Any],
    file: NewFile | None,
) -> None:
    """Change a file of a downloadable, or what is said about it."""
    store_id = record["store_id"]
    if values.get("uuid", record["uuid"]) != record["uuid"]:
        _ensure_uuid_free(tx, store_id, values["uuid"])
    columns = _descriptive_columns(values, record)
    is_other = file is not None or not values.keys().isdisjoint(
        ("url", "library_file_id")
    )
    downloadable = downloadables.reload_downloadable(
        tx, record["store_id"], record["downloadable_id"]
    )
    # Without its url, a main file shows its version again, so it needs no other
    # content.
    falls_back = record["is_main"] and record["version_id"] is not None
    if is_other:
        _ensure_one(values, file, may_be_none=falls_back)
    if is_other and record["is_main"]:
        _make_main(tx, downloadable, values, file)
    elif is_other:
        columns |= _content_columns(tx, store_id, values, file)
    main_files.update_file_row(tx, record["id"], **columns)
    if "is_archived" in values:
        # One that is back on the shelf may be the only one.
        current = downloadables.reload_downloadable(
            tx, record["store_id"], record["downloadable_id"]
        )
        downloadables.adopt_unarchived_file(tx, current)
    downloadables.parts_changed(tx, downloadable)


def delete_file(tx: Transaction, record: FileRow) -> None:
    """Delete a file of a downloadable. The versions of the main one stay."""
    downloadable = downloadables.reload_downloadable(
        tx, record["store_id"], record["downloadable_id"]
    )
    if record["is_main"]:
        downloadables.remove_main_file(tx, downloadable)
    else:
        tx.execute(delete(FILES).where(_F.id == record["id"]))
    downloadables.parts_changed(tx, downloadable)


def _ensure_one(
    values: Mapping[str, Any], file: NewFile | None, *, may_be_none: bool = False
) -> None:
    """Raise `Invalid` for what has no source, or two."""
    given = [name for name in _WHERE if values.get(name) is not None]
    if file is not None and given:
        name = "url" if "url" in given else "library_file_uri"
        text = f"{name} can't be sent together with a file: send one of them"
        raise Invalid.of([FieldError(name, "exclusive", text)])
    if file is None and not given and not may_be_none:
        text = (
            "file can't be blank: send it as a file part of multipart/form-data, or "
            "send library_file_uri, or url with a name"
        )
        raise Invalid.of([FieldError("file", "required", text)])


def _ensure_uuid_free(tx: Snapshot, store_id: int, uuid: str | None) -> None:
    taken = uuid and find_id_by_uuid(tx, store_id, uuid)
    if taken:
        text = f"uuid {uuid} is already in use by file {taken}"
        raise Conflict.about("uuid", text)


def _descriptive_columns(
    values: Mapping[str, Any], record: FileRow | None
) -> dict[str, Any]:
    """Return the descriptive columns of a file row."""
    names = ("uuid", "name", "title", "alt", "is_archived")
    columns = {name: values[name] for name in names if name in values}
    was_archived = bool(record and record["is_archived"])
    is_archived = bool(columns.get("is_archived", was_archived))
    if is_archived != was_archived:
        columns["date_archived"] = now() if is_archived else None
    return columns


def _content_columns(
    tx: Transaction, store_id: int, values: Mapping[str, Any], file: NewFile | None
) -> dict[str, Any]:
    """Return the columns that locate a file other than the main one."""
    if file is not None:
        about = {name: values[name] for name in ("title", "alt") if name in values}
        added = library.create_library_file(tx, store_id, file, about)
        return {"version_id": added, "url": None}
    if values.get("url") is not None:
        return {"version_id": None, "url": values["url"]}
    return {"version_id": values["library_file_id"], "url": None}


def _make_main(
    tx: Transaction,
    downloadable: DownloadableRow,
    values: Mapping[str, Any],
    file: NewFile | None,
) -> None:
    """Set the main file of a downloadable."""
    if file is None and values.get("library_file_id") is not None:
        file = main_files.new_file_of_version(tx, values["library_file_id"])
    changes = {} if file is not None else {"url": values["url"]}
    downloadables.update_downloadable(tx, downloadable, changes, file)
