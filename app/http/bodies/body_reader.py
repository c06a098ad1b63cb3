"""Read a request body of any type into one mapping of properties.

A representation can be sent back: each format that is read is also written, and
everything but properties is ignored. The size of a body is checked before it is read; a
file is streamed into the storage.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote_to_bytes

from flask import Request

from app.errors import (
    BadRequest,
    Invalid,
    RequestTimeout,
    TooLarge,
    UnsupportedMediaType,
)
from app.http.bodies import form_data, hal_xml
from app.http.bodies.json_body import read_json
from app.http.environ import APPLIED, CHANGE_FIELD, FIELD, OWN_FIELDS
from app.http.headers import digest_fields
from app.http.headers.field_syntax import field_parameters
from app.http.media_types import FORM, JSON_PATCH, MERGE_PATCH, MULTIPART, PLAIN
from app.settings import Settings
from app.storage import CHUNK, Storage
from representations import REPRESENTATIONS, Representation
from representations.hal_json import JsonRepresentation
from representations.hal_xml import HalXml
from schemas.base.errors import FieldError
from schemas.base.schema import ResourceSchema


def _media_types_of(kind: type[Representation]) -> tuple[str, ...]:
    """Return the names of what is written, and so is read too."""
    found = [r.media_types for r in REPRESENTATIONS if isinstance(r, kind)]
    return tuple(name for names in found for name in names)


JSON_TYPES = _media_types_of(JsonRepresentation)
XML_TYPES = _media_types_of(HalXml)

READ = (*JSON_TYPES, *XML_TYPES, FORM, PLAIN, MULTIPART)
MAX_BOUNDARY = 200
CHARSET = "_charset_"
"""The field by which a form names its encoding (RFC 7578, section 4.6)."""

UTF_8 = frozenset({"utf-8", "utf8", "us-ascii"})


@dataclass(slots=True)
class Body:
    """A parsed body: properties, and perhaps a file that is not stored yet.

    `members` are the resources of a collection that was sent, None if none was, or of
    an array. A JSON Patch is no properties yet, but what is to be done with them.
    """

    values: dict[str, Any]
    members: list[Any] | None = None
    is_array: bool = False
    patch: Any = None
    upload: form_data.FilePart | None = None
    form: Mapping[str, str] | None = None
    """The fields of a form as they were typed, empty ones too."""
    problems: list[FieldError] = field(default_factory=list)

    def fingerprint(self) -> str:
        """Return a digest of the request, by which a repeated one is recognized.

        It is made of what was read: the boundary of a form differs each time.
        """
        upload = self.upload
        file = upload and (upload.name, upload.type, upload.writer.sha256)
        parts = (self.values, self.members, self.patch, file)
        # Sorted: the order of properties has no meaning, and a retry may send another.
        text = json.dumps(parts, sort_keys=True, default=str)
        return hashlib.sha256(text.encode()).hexdigest()


def accepted_types(method: str) -> tuple[str, ...]:
    """Return the media types that a body may have."""
    return (MERGE_PATCH, JSON_PATCH, *READ) if method == "PATCH" else READ


@dataclass(frozen=True, slots=True)
class BodyReader:
    """Reads bodies for one resource within the server's limits."""

    schema: ResourceSchema
    settings: Settings
    storage: Storage
    takes_many: bool = False
    """Whether a JSON array is read, as several of them."""

    def ensure_readable(self, request: Request, method: str) -> str:
        """Return the body's media type. Raise 413 and 415 before a byte is read."""
        media_type = (request.mimetype or "").lower()
        length = request.content_length
        # No body at all: then a missing Content-Type is not an error.
        if not media_type and not length and not _is_chunked(request):
            return ""
        types = accepted_types(method)
        if media_type not in types:
            raise self._unsupported(media_type, method, types)
        may_have_file = media_type == MULTIPART and self.schema.takes_file
        limit, setting = self._limit(is_file=may_have_file)
        if length is not None and length > limit:
            raise TooLarge(
                f"the body has {length} bytes; at most {limit} are read ({setting})"
            )
        return media_type

    @contextmanager
    def read(self, request: Request, method: str) -> Iterator[Body]:
        """Read the body; a file that is not kept is gone when the block ends."""
        media_type = self.ensure_readable(request, method)
        if media_type == MULTIPART:
            with self._multipart(request, method) as body:
                yield body
            return
        raw = self._read_whole(request).strip()
        _ensure_utf_8(request, raw, is_xml=media_type in XML_TYPES)
        if not raw:
            yield Body({})
        # `curl -d '{…}'` without a header sends JSON as a form.
        elif media_type == FORM and raw.startswith((b"{", b"[")):
            raise BadRequest(
                "the body looks like JSON, but came as a form; send it with "
                "Content-Type: application/json"
            )
        elif media_type == FORM:
            typed = self._form(request, raw)
            yield self._form_body(typed, method)
        elif media_type == JSON_PATCH:
            patch = read_json(raw, max_depth=self.settings.max_json_depth)
            if isinstance(patch, list) and len(patch) > self.settings.max_fields:
                raise self._too_many_fields()
            yield Body({}, patch=patch)
        else:
            body = (self._xml if media_type in XML_TYPES else self._json)(raw)
            for values in (body.values, *(body.members or ())):
                if isinstance(values, dict) and len(values) > self.settings.max_fields:
                    raise self._too_many_fields()
            yield body

    # -- the formats --------------------------------------------------------

    def _json(self, raw: bytes) -> Body:
        document = read_json(raw, max_depth=self.settings.max_json_depth)
        if isinstance(document, list):
            if not self.takes_many:
                raise BadRequest('the JSON body must be an object: {"name": "…"}')
            members = [_siren_properties(member) for member in document]
            return Body({}, members, is_array=True)
        if not isinstance(document, dict):
            raise BadRequest('the JSON body must be an object, such as {"name": "…"}')
        entities = document.get("entities")
        embedded = document.get("_embedded")
        found: list[Any] | None = None
        if isinstance(entities, list):
            found = [_siren_properties(entity) for entity in entities]
        elif isinstance(embedded, dict):
            lists = [value for value in embedded.values() if isinstance(value, list)]
            # HAL may group the members of a collection under several relations.
            found = [member for members in lists for member in members]
        return self._body(_siren_properties(document), found)

    def _xml(self, raw: bytes) -> Body:
        values = hal_xml.read_hal_xml(raw, max_depth=self.settings.max_xml_depth)
        return self._body(values, values.get(hal_xml.EMBEDDED))

    def _body(self, values: dict[str, Any], members: list[Any] | None) -> Body:
        """Return a body of one resource, or of the members of a collection."""
        # A collection has no writable properties of its own, so one of them means a
        # single resource.
        is_one = not self.schema.writable.keys().isdisjoint(values)
        if is_one or not (members or "total_items" in values):
            return Body(values)
        return Body(values, members or [])

    def _form_body(self, typed: dict[str, Any], method: str, **file: Any) -> Body:
        """Return the body of a form, with and without what was left empty."""
        values = self.schema.without_empty(typed, partial=method == "PATCH")
        return Body(values, form=typed, **file)

    def _form(self, request: Request, raw: bytes) -> dict[str, Any]:
        try:
            pairs = parse_qsl(
                raw.decode(),
                keep_blank_values=True,
                errors="strict",
                max_num_fields=self.settings.max_fields,
            )
        except UnicodeDecodeError:
            raise BadRequest(f"the form is not UTF-8{_where(raw)}") from None
        except ValueError:
            raise self._too_many_fields() from None
        return self._single(request, pairs)

    @contextmanager
    def _multipart(self, request: Request, method: str) -> Iterator[Body]:
        file_names = [
            name for name, p in self.schema.writable.items() if p.input_type == "file"
        ]
        reader = form_data.MultipartReader(
            boundary=_boundary(request.headers.get("Content-Type", "")),
            file_fields=tuple(file_names),
            new_writer=self.storage.writer,
            max_file_size=self.settings.max_file_size,
            max_fields_size=self.settings.max_body_size,
            max_parts=self.settings.max_fields,
        )
        try:
            for chunk in chunks(request):
                reader.feed(chunk)
            pairs, upload = reader.close()
            typed = self._single(request, pairs)
            yield self._form_body(
                typed, method, upload=upload, problems=reader.problems
            )
        finally:
            reader.discard()

    # -- shared -------------------------------------------------------------

    def _single(self, request: Request, pairs: list[tuple[str, str]]) -> dict[str, Any]:
        values: dict[str, Any] = {}
        twice = []
        for name, value in pairs:
            if name == FIELD:
                self._ensure_followed(request)
                continue
            if name == CHANGE_FIELD:
                name, _, value = value.partition("=")  # noqa: PLW2901
            if name == CHARSET or name in OWN_FIELDS:
                continue
            if name in values:
                message = f"{name[:100]} was sent more than once"
                twice.append(FieldError(name[:100], "repeated", message))
            values[name] = value
        if twice:
            raise Invalid.of(twice)
        return values

    @staticmethod
    def _ensure_followed(request: Request) -> None:
        """Raise an error for a `_method` that came too late, or not on a POST."""
        if not request.environ.get(APPLIED):
            raise BadRequest(
                f"{FIELD} works in a POST only, and in multipart/form-data as the "
                "first field; nothing was changed"
            )

    def _limit(self, *, is_file: bool) -> tuple[int, str]:
        settings = self.settings
        if is_file:
            size = settings.max_file_size + settings.max_body_size
            return size, "SIRENHALL_MAX_FILE_SIZE"
        return settings.max_body_size, "SIRENHALL_MAX_BODY_SIZE"

    def _read_whole(self, request: Request) -> bytes:
        limit, name = self._limit(is_file=False)
        # Content-Length was checked before; a chunked body reveals its size only here.
        parts, size = [], 0
        for chunk in chunks(request):
            size += len(chunk)
            if size > limit:
                raise TooLarge(f"the body is over {limit} bytes ({name})")
            parts.append(chunk)
        return b"".join(parts)

    def _too_many_fields(self) -> TooLarge:
        most = self.settings.max_fields
        return TooLarge(f"the body has over {most} fields (SIRENHALL_MAX_FIELDS)")

    @staticmethod
    def _unsupported(
        media_type: str, method: str, types: tuple[str, ...]
    ) -> UnsupportedMediaType:
        header = "Accept-Patch" if method == "PATCH" else "Accept-Post"
        what = (
            f"a body of type {media_type[:100]}"
            if media_type
            else "a body without a Content-Type"
        )
        return UnsupportedMediaType(
            f"{what} is not read here; send one of {', '.join(types)}",
            headers={header: ", ".join(types), "Accept": ", ".join(types)},
        )


def chunks(
    request: Request, *, digests: Iterable[str] = digest_fields.FIELDS
) -> Iterator[bytes]:
    """Yield a body in pieces, checked against the digest fields of its request.

    Raise `BadRequest` if it is shorter than its Content-Length or its chunked coding
    is broken, and at its end `DigestMismatch`.
    """
    expected = digest_fields.of_headers(request.headers, digests)
    for chunk in _received(request):
        for digest in expected:
            digest.update(chunk)
        yield chunk
    for digest in expected:
        digest.ensure_equal()


def _received(request: Request) -> Iterator[bytes]:
    if request.content_length is None and not _is_chunked(request):
        return
    stream = request.stream
    while True:
        try:
            chunk = stream.read(CHUNK)
        except Exception as error:
            if _is_timeout(error):
                raise RequestTimeout(
                    "the body came too slowly; nothing was changed"
                ) from error
            # Servers raise what they like here; it always is the body that broke.
            raise BadRequest(
                "the body broke off before its end; nothing was changed"
            ) from error
        if not chunk:
            return
        yield chunk


def _is_timeout(error: BaseException | None) -> bool:
    """Return whether a server gave up waiting; Werkzeug wraps its error in another."""
    while error is not None and not isinstance(error, TimeoutError):
        error = error.__cause__ or error.__context__
    return error is not None


def _siren_properties(document: Any) -> Any:
    """Return the properties of a Siren entity, or the document itself."""
    properties = document.get("properties") if isinstance(document, dict) else None
    # A resource might have a property called "properties"; only Siren has links or
    # class, too.
    is_entity = isinstance(properties, dict) and not document.keys().isdisjoint(
        {"links", "class"}
    )
    return properties if is_entity else document


def _boundary(content_type: str) -> bytes:
    boundary = field_parameters(content_type).get("boundary", "")
    if not boundary:
        raise BadRequest(
            "the multipart body has no boundary in its Content-Type; let your client "
            "set that header itself"
        )
    # RFC 2046 allows 70 characters; Werkzeug's client sends one or two more.
    if len(boundary) > MAX_BOUNDARY or not boundary.isascii():
        raise BadRequest(
            f"the boundary of the multipart body is over {MAX_BOUNDARY} characters, "
            "or not ASCII"
        )
    return boundary.encode()


def _where(form: bytes) -> str:
    """Return a description of the form field that is not UTF-8."""
    for pair in form.split(b"&"):
        name, _, value = pair.partition(b"=")
        try:
            unquote_to_bytes(value).decode()
        except UnicodeDecodeError as error:
            byte = error.object[error.start]
            shown = unquote_to_bytes(name)[:100].decode(errors="replace")
            return f": the value of {shown} has the byte 0x{byte:02X}; send it as UTF-8"
    return "; send it as UTF-8"


def _ensure_utf_8(request: Request, raw: bytes, *, is_xml: bool) -> None:
    """Raise an error for a body that is not UTF-8, whatever its charset is called.

    A charset has no meaning for JSON (RFC 8259, section 11) and forms, and clients
    send one by default. For XML it has (RFC 7303, section 3).
    """
    charset = request.mimetype_params.get("charset", "utf-8").strip().lower()
    # UTF-16 has NULs, and UTF-7 writes other letters in ASCII.
    is_plain = raw.isascii() and b"\0" not in raw and charset != "utf-7"
    if charset in UTF_8 or is_plain:
        return
    try:
        raw.decode()
    except UnicodeDecodeError:
        is_other = True
    else:
        # UTF-16 of plain letters is UTF-8, too, with NULs between them.
        is_other = is_xml or b"\0" in raw
    if is_other:
        raise UnsupportedMediaType(
            f"a body in the charset {charset[:40]} is not supported; send it as UTF-8"
        )


def _is_chunked(request: Request) -> bool:
    return bool(request.environ.get("HTTP_TRANSFER_ENCODING"))
