"""Receive a file that is the whole body of a request.

Tested in `tests/resources/test_upload_slots.py`.
"""

import mimetypes
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from flask import Request

from app.errors import BadRequest, Invalid, TooLarge, UnsupportedMediaType
from app.http.bodies import body_reader
from app.http.bodies.file_names import file_name, shortened_name
from app.http.bodies.form_data import media_type
from app.http.context import RequestContext
from app.http.environ import FORM_TOKEN
from app.http.headers import tus
from app.http.headers.content_disposition import InvalidDisposition, parse_disposition
from app.http.headers.digest_fields import of_base64
from app.storage import NewFile
from schemas.base.errors import FieldError


@contextmanager
def received_file(
    context: RequestContext,
    record: Mapping[str, Any],
    name: str | None = None,
    declared: str = "",
    announced: Mapping[str, Any] | None = None,
) -> Iterator[NewFile]:
    """Store a raw body as a file; delete it if the request fails.

    It must be what was `announced` by a slot. Raise `RequestError`.
    """
    slot = announced or {"announced_size": None, "announced_md5": None}
    request, storage = context.request, context.installation.storage
    _ensure_there(request)
    most = context.settings.max_file_size
    if (request.content_length or 0) > most:
        raise _too_large(most)
    announced_md5 = slot["announced_md5"]
    checks = [tus.upload_checksum(request)]
    if announced_md5:
        checks.append(of_base64("the announcement", "md5", announced_md5))
    digests = [check for check in checks if check]
    declared = declared or request.mimetype
    name = name or _disposed(request) or name_of(record, declared)
    with storage.writer() as writer:
        for chunk in body_reader.chunks(request):
            if writer.size + len(chunk) > most:
                raise _too_large(most)
            writer.write(chunk)
            if writer.size > (slot["announced_size"] or most):
                break
            for digest in digests:
                digest.update(chunk)
        ensure_announced(slot, writer.size)
        for digest in digests:
            digest.ensure_equal()
        context.release_connection()
        with context.installation.removal.remove_unless_named(writer.key):
            yield NewFile(name, media_type(declared, name), writer.commit())


def ensure_announced(slot: Mapping[str, Any], size: int) -> None:
    """Raise `Invalid` for a file of another size than was announced."""
    if slot["announced_size"] not in {None, size}:
        text = f"file must have {slot['announced_size']} bytes, as was announced"
        raise Invalid.of([FieldError("file", "wrong_size", text)])


def _ensure_there(request: Request) -> None:
    if request.environ.get(FORM_TOKEN):
        # Its fields would be stored as if they were the file.
        raise UnsupportedMediaType(
            "a form is not the file itself; upload it where the form has a field for it"
        )
    if request.mimetype.startswith("multipart/"):
        raise UnsupportedMediaType(
            f"a body of type {request.mimetype[:40]} is not supported here: send the "
            "file itself as the body, as curl --upload-file does",
            headers={"Accept": "*/*"},
        )
    if request.content_length is None and "Transfer-Encoding" not in request.headers:
        raise BadRequest("send the file as the body, with its Content-Length")


def _too_large(most: int) -> TooLarge:
    return TooLarge(f"the file has over {most} bytes (SIRENHALL_MAX_FILE_SIZE)")


def safe_file_name(name: str | None) -> str | None:
    """Return a safe file name, without any path."""
    return shortened_name(file_name(name or ""))


def _disposed(request: Request) -> str | None:
    """Return the file name of the request's own Content-Disposition, if it has one."""
    # WSGI hands UTF-8 over as Latin-1 (PEP 3333).
    field = request.headers.get("Content-Disposition", "").encode("latin-1", "replace")
    try:
        found = parse_disposition(field.decode(errors="surrogateescape"))
    except InvalidDisposition as error:
        raise BadRequest(f"Content-Disposition: {error}") from None
    return safe_file_name(found.file_name)


def name_of(record: Mapping[str, Any], declared: str) -> str:
    """Return a name for a file that came without one."""
    if record.get("file_name"):
        return str(record["file_name"])
    ending = mimetypes.guess_extension(declared.partition(";")[0].strip()) or ""
    return (safe_file_name(str(record.get("code", "file"))) or "file") + ending
