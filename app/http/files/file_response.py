"""Send a stored file: headers, preconditions and ranges (RFC 9110).

Werkzeug's `send_file` answers 416 to several ranges and unknown units, 206 to HEAD,
and reads ranges in small pieces; the rules here are the RFC's.
"""

import base64
import re
import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO
from urllib.parse import quote

from flask import Request, Response

from app.errors import FileNotThere, PreconditionFailed, RangeNotSatisfiable
from app.http.headers.byte_ranges import ByteRange, byte_ranges
from app.http.headers.conditional import (
    Outcome,
    Validators,
    evaluate_conditions,
    range_applies,
)
from app.log_throttle import Throttle
from app.storage import CHUNK, Storage

MAX_NAME = 255
"""Bytes of a file's name, as most file systems have it."""

MAX_ENDING = 16
LOST = 900
"""Seconds after which who asks for a lost file may try again."""

_OUTAGE = Throttle(__name__, seconds=1)

# Servers whose file wrapper starts at the file's position (uWSGI's does not).
TRUSTED_WRAPPERS = ("gunicorn", "waitress")

_UNSAFE = re.compile(r'[^\x20-\x7e]|["\\%/:*?<>|]')


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file to be sent; `modified` is in seconds UTC, `sha256` in hexadecimal."""

    name: str
    type: str
    size: int
    sha256: str
    modified: int
    key: str
    open: Callable[[], BinaryIO]


def file_validators(sha256: str, modified: int | None) -> Validators:
    """Return the validators of a file's bytes: its digest is the ETag."""
    return Validators(f'"{sha256}"', modified)


def stored(record: Mapping[str, Any], storage: Storage) -> StoredFile:
    """Describe the file of a record that has one."""
    return StoredFile(
        name=record["file_name"],
        type=record["file_type"],
        size=record["file_size"],
        sha256=record["file_sha256"],
        modified=record["upload_date"],
        key=record["blob_key"],
        open=lambda: storage.open(record["blob_key"]),
    )


Ended = Callable[[int], None]
"""Takes how many bytes were sent."""


def _untold(_sent: int) -> None:
    """Do nothing: nobody listens."""


HandOver = Callable[[StoredFile, Mapping[str, str]], Response | None]
"""Lets another server send a file, with these headers; None where it cannot."""


def send_file(
    request: Request,
    file: StoredFile,
    begin: Callable[[], Ended] = lambda: _untold,
    hand_over: HandOver = lambda _file, _headers: None,
) -> Response:
    """Handle a GET or HEAD for a file.

    `begin` is called once bytes of it will be sent, and what it gives once they were;
    neither is where it was handed over.
    Raise `PreconditionFailed` or `RangeNotSatisfiable`.
    """
    validators = file_validators(file.sha256, file.modified)
    headers = _headers(file, validators)
    # Preconditions come before Range (RFC 9110, section 13.2.2).
    outcome = evaluate_conditions(request.headers.get, validators, is_read=True)
    if outcome is Outcome.FAILED:
        raise PreconditionFailed("the file is not the one that the request names")
    if outcome is Outcome.NOT_MODIFIED:
        # Only the fields that a 304 updates in a cache (RFC 9110, section 15.4.5).
        kept = ("ETag", "Last-Modified", "Cache-Control")
        return Response(status=304, headers={name: headers[name] for name in kept})
    wanted = None
    # Range means something to GET alone (section 14.2).
    if request.method == "GET" and range_applies(request.headers.get, validators):
        wanted = byte_ranges(request.headers.get("Range"), file.size)
    # A range that cannot be satisfied must be a 416 from us: nginx would not know its
    # error format.
    if request.method == "GET" and wanted != []:
        handed = hand_over(file, headers)
        if handed is not None:
            return handed
    # No Range, or one that is to be ignored: the whole file.
    if wanted is None:
        return _part(request, file, ByteRange(0, file.size), 200, headers, begin)
    if not wanted:
        raise RangeNotSatisfiable(
            f"the file has {file.size} bytes; no requested range lies inside",
            headers={"Content-Range": f"bytes */{file.size}", "Accept-Ranges": "bytes"},
        )
    # A single range is never sent as multipart (RFC 9110, section 15.3.7.2).
    if len(wanted) == 1:
        headers["Content-Range"] = wanted[0].content_range(file.size)
        return _part(request, file, wanted[0], 206, headers, begin)
    return _parts(file, wanted, headers, begin)


def retry_if_replaced(answer: Callable[[], Response]) -> Response:
    """Retry if the file was replaced since it was looked up.

    Raise `FileNotThere` for one that the storage has lost.
    """
    try:
        return answer()
    except FileNotFoundError:
        pass
    try:
        return answer()
    except FileNotFoundError as error:
        _OUTAGE.log("the storage has lost a file; `sirenhall verify` names it")
        raise FileNotThere(
            "the file cannot be found at the moment; try again later",
            retry_after=LOST,
        ) from error


def content_disposition(name: str) -> str:
    """Return the Content-Disposition of a download (RFC 6266, RFC 8187).

    Only the last part of a path is offered, since it names a file on the receiving
    side.
    """
    last = _shortened(re.split(r"[/\\]", name)[-1].strip(". ") or "download")
    # Old clients ignore filename* and take this; characters that break them are
    # replaced.
    fallback = _UNSAFE.sub("_", last)
    encoded = quote(last, safe="!#$&+-.^_`|~")
    return f"attachment; filename=\"{fallback}\"; filename*=UTF-8''{encoded}"


def _shortened(name: str) -> str:
    """Cut the middle of a name that no file system can have; its ending stays."""
    if len(name.encode()) <= MAX_NAME:
        return name
    stem, dot, ending = name.rpartition(".")
    if not stem or len(ending) > MAX_ENDING:
        stem, dot, ending = name, "", ""
    room = MAX_NAME - len((dot + ending).encode())
    return stem.encode()[:room].decode(errors="ignore") + dot + ending


def _headers(file: StoredFile, validators: Validators) -> dict[str, str]:
    digest = base64.b64encode(bytes.fromhex(file.sha256)).decode()
    return {
        "Content-Type": file.type,
        "Content-Disposition": content_disposition(file.name),
        "X-Content-Type-Options": "nosniff",
        # An HTML or SVG file for sale must not run scripts under the server's origin.
        "Content-Security-Policy": "sandbox; default-src 'none'",
        # No other site may embed a customer's file.
        "Cross-Origin-Resource-Policy": "same-origin",
        "Cache-Control": "private, no-store",
        "Accept-Ranges": "bytes",
        **validators.headers,
        "Repr-Digest": f"sha-256=:{digest}:",
    }


class _CountingFile:
    """A file that tells, when it is closed, how much of it was sent.

    What sends a file by sendfile(2) seeks to where it came to, also where it broke
    off; gunicorn sets the descriptor's own position back afterwards.
    """

    def __init__(self, stream: BinaryIO, ended: Ended) -> None:
        self._stream = stream
        self._ended = ended
        self._sent = 0
        self._start = 0
        self._at = 0
        self.fileno = stream.fileno
        self.tell = stream.tell

    @property
    def is_on_disk(self) -> bool:
        """Whether the file is on disk, rather than behind a connection."""
        try:
            self._stream.fileno()
        except OSError:
            return False
        return True

    def read(self, size: int = -1) -> bytes:
        """Return bytes that will be sent."""
        data = self._stream.read(size)
        self._at += len(data)
        return data

    def seek(self, position: int, whence: int = 0) -> int:
        """Move to a position."""
        self._at = self._stream.seek(position, whence)
        return self._at

    def start(self, position: int) -> None:
        """Move to where bytes are sent from."""
        self._sent += self._at - self._start
        self._start = self.seek(position)

    def close(self) -> None:
        """Close the file, and tell."""
        if self._stream.closed:
            return
        self._stream.close()
        self._sent += self._at - self._start
        self._ended(self._sent)


def _opened(file: StoredFile, begin: Callable[[], Ended]) -> _CountingFile:
    # Not counted if it is not there.
    stream = file.open()
    try:
        return _CountingFile(stream, begin())
    except BaseException:
        stream.close()
        raise


def _part(  # noqa: PLR0917 - what makes the answer
    request: Request,
    file: StoredFile,
    part: ByteRange,
    status: int,
    headers: dict[str, str],
    begin: Callable[[], Ended],
) -> Response:
    body: Any = ()
    if request.method != "HEAD":
        body = _body(request.environ, _opened(file, begin), part)
    response = Response(body, status, headers, direct_passthrough=True)
    # Also for HEAD, which has the headers of the GET (RFC 9110, section 9.3.2).
    response.headers["Content-Length"] = str(part.length)
    return response


def _body(environ: dict[str, Any], stream: _CountingFile, part: ByteRange) -> Any:
    stream.start(part.start)
    wrapper = environ.get("wsgi.file_wrapper")
    server = str(environ.get("SERVER_SOFTWARE", ""))
    # These send Content-Length bytes from the file's position on, by sendfile(2).
    if wrapper and server.startswith(TRUSTED_WRAPPERS) and stream.is_on_disk:
        return wrapper(stream, CHUNK)
    return _Pieces(stream, part.length)


class _Pieces:
    """Reads a number of bytes from a file's position on, and closes it."""

    def __init__(self, stream: _CountingFile, length: int) -> None:
        self._stream = stream
        self._length = length

    def __iter__(self) -> Iterator[bytes]:
        return _read(self._stream, self._length)

    def close(self) -> None:
        """Close the file, also when the client has gone."""
        self._stream.close()


class _Parts:
    """Writes several ranges of a file as multipart/byteranges, and closes it."""

    def __init__(
        self, stream: _CountingFile, file: StoredFile, wanted: list[ByteRange]
    ) -> None:
        # Random, so that no file can contain the boundary on purpose.
        self.boundary = secrets.token_hex(16)
        self._stream = stream
        self._wanted = wanted
        self._heads = [
            (
                f"\r\n--{self.boundary}\r\nContent-Type: {file.type}\r\n"
                f"Content-Range: {part.content_range(file.size)}\r\n\r\n"
            ).encode()
            for part in wanted
        ]
        self._tail = f"\r\n--{self.boundary}--\r\n".encode()

    @property
    def length(self) -> int:
        """The number of bytes of the whole body."""
        heads = sum(len(head) for head in self._heads)
        return heads + sum(part.length for part in self._wanted) + len(self._tail)

    def __iter__(self) -> Iterator[bytes]:
        for head, part in zip(self._heads, self._wanted, strict=True):
            yield head
            self._stream.start(part.start)
            yield from _read(self._stream, part.length)
        yield self._tail

    def close(self) -> None:
        """Close the file, also when the client has gone."""
        self._stream.close()


def _read(stream: _CountingFile, length: int) -> Iterator[bytes]:
    while length > 0:
        piece = stream.read(min(CHUNK, length))
        # The file is shorter than its row says; the client notices by Content-Length.
        if not piece:
            return
        length -= len(piece)
        yield piece


def _parts(
    file: StoredFile,
    wanted: list[ByteRange],
    headers: dict[str, str],
    begin: Callable[[], Ended],
) -> Response:
    body = _Parts(_opened(file, begin), file, wanted)
    response = Response(body, 206, headers, direct_passthrough=True)
    response.headers["Content-Type"] = f"multipart/byteranges; boundary={body.boundary}"
    response.headers["Content-Length"] = str(body.length)
    return response
