"""Parse multipart/form-data as a stream: texts into memory, a file into the storage.

Werkzeug's form parser is not used: it is silent about broken bodies and writes every
file twice.
"""

import mimetypes
import re
from collections.abc import Callable
from dataclasses import dataclass

from app.errors import BadRequest, Invalid, TooLarge
from app.http.bodies.file_names import MAX_FILE_NAME, file_name
from app.http.bodies.multipart_scanner import (
    MalformedParts,
    PartBegin,
    PartData,
    PartScanner,
)
from app.http.bodies.part_headers import PartChecks
from app.http.headers.content_disposition import (
    Disposition,
    InvalidDisposition,
    parse_disposition,
)
from app.http.media_types import FORM
from app.storage import NewFile, Writer
from schemas.base.errors import FieldError

OCTETS = "application/octet-stream"
UNNAMED = "download"
"""The name of a file that has a path for a name, and nothing behind it."""

UNDECLARED = frozenset({OCTETS, FORM})
"""Types that say nothing of a file: the second is what curl sends by default."""

_MEDIA_TYPE = re.compile(r"[\w!#$&^.+-]{1,60}/[\w!#$&^.+-]{1,60}", re.ASCII)
# Only the table that comes with Python: a machine's own may say anything.
_TYPES = mimetypes.MimeTypes(filenames=())
# What shops sell, and not every Python knows (IANA, or as the field has it).
for _type, _endings in {
    "application/epub+zip": "epub",
    "application/x-mobipocket-ebook": "mobi prc",
    "application/vnd.amazon.ebook": "azw azw3",
    "application/vnd.comicbook+zip": "cbz",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": "pptx",
    "application/vnd.oasis.opendocument.text": "odt",
    "application/x-7z-compressed": "7z",
    "application/vnd.rar": "rar",
    "application/vnd.android.package-archive": "apk",
    "application/x-apple-diskimage": "dmg",
    "audio/flac": "flac",
    "audio/mp4": "m4a m4b",
    "audio/ogg": "ogg oga",
    "audio/aac": "aac",
    "audio/midi": "mid midi",
    "font/otf": "otf",
    "font/ttf": "ttf",
    "font/woff2": "woff2",
    "image/avif": "avif",
    "image/heic": "heic",
    "image/webp": "webp",
    "image/vnd.adobe.photoshop": "psd",
    "model/stl": "stl",
    "model/3mf": "3mf",
    "text/markdown": "md markdown",
    "video/x-matroska": "mkv",
    "video/mp4": "mp4 m4v",
}.items():
    for _ending in _endings.split():
        _TYPES.add_type(_type, f".{_ending}")


@dataclass(frozen=True, slots=True)
class FilePart:
    """A file that has come in whole, under the name and type it was sent with."""

    name: str
    type: str
    writer: Writer

    def commit(self) -> NewFile:
        """Store it durably, and return the stored file."""
        return NewFile(self.name, self.type, self.writer.commit())


class MultipartReader:
    """Takes a body in pieces of any size; parts may come in any order.

    `close` gives the texts and the file; `discard` removes a file that was not
    kept. Raise `BadRequest`, `Invalid` and `TooLarge`.
    """

    def __init__(
        self,
        *,
        boundary: bytes,
        file_fields: tuple[str, ...],
        new_writer: Callable[[], Writer],
        max_file_size: int,
        max_fields_size: int,
        max_parts: int,
    ) -> None:
        self._scanner = PartScanner(boundary)
        self._file_fields = file_fields
        self._new_writer = new_writer
        self._max_file_size = max_file_size
        self._max_fields_size = max_fields_size
        self._max_parts = max_parts
        self.problems: list[FieldError] = []
        self._parts = 0
        self._fields: list[tuple[str, str]] = []
        self._fields_size = 0
        self._text: tuple[str, bytearray] | None = None
        self._declared = ""
        self._nameless = ""
        self._checks: PartChecks | None = None
        self._file: tuple[str, str] | None = None
        self._writer: Writer | None = None
        self._upload: FilePart | None = None

    def feed(self, piece: bytes) -> None:
        """Read some bytes."""
        try:
            for event in self._scanner.feed(piece):
                if isinstance(event, PartData):
                    self._receive(event.view)
                elif isinstance(event, PartBegin):
                    self._begin(event.headers)
                else:
                    self._end()
        except MalformedParts as error:
            raise _broken(str(error)) from None

    def close(self) -> tuple[list[tuple[str, str]], FilePart | None]:
        """Finish the body and return its fields and its file."""
        if not self._scanner.is_done:
            raise _broken("it does not end with its boundary")
        return self._fields, self._upload

    def discard(self) -> None:
        """Delete the received file, unless it was kept."""
        if self._writer is not None:
            self._writer.__exit__(None, None, None)
            self._writer = None

    def _begin(self, headers: dict[str, str]) -> None:
        # Counted before anything of it is read.
        self._parts += 1
        if self._parts > self._max_parts:
            raise TooLarge(
                f"the multipart body has over {self._max_parts} parts "
                "(SIRENHALL_MAX_FIELDS)"
            )
        name, sent_name = self._disposition(headers)
        self._checks = PartChecks(name, headers)
        if not sent_name and name in self._file_fields:
            self._nameless = name
        # A part with a file name is a file, whatever its field is called.
        elif not sent_name:
            self._begin_text(name, headers)
        else:
            shown = file_name(sent_name) or UNNAMED
            self._begin_file(name, shown, headers.get("content-type", ""))

    def _begin_text(self, name: str, headers: dict[str, str]) -> None:
        self._fields_size += len(name)
        self._text = name, bytearray()
        self._declared = headers.get("content-type", "")

    def _disposition(self, headers: dict[str, str]) -> tuple[str, str | None]:
        """Return the names of a part's field and file."""
        field = headers.get("content-disposition")
        if field is None:
            raise _broken(f"part {self._parts} has no Content-Disposition")
        try:
            found = parse_disposition(field)
        except InvalidDisposition as error:
            raise _broken(f"part {self._parts}: {error}") from None
        if not found.name:
            raise _broken(
                f"part {self._parts} has no name in its Content-Disposition: send "
                f'form-data; name="…"{_of_file(found)}'
            )
        return found.name, found.file_name

    def _begin_file(self, name: str, shown: str, declared: str) -> None:
        if name not in self._file_fields:
            known = ", ".join(self._file_fields)
            hint = f"did you mean {known}?" if known else "no property here does"
            message = f"{name[:100]} is not a property that takes a file ({hint})"
            # Reported with the other mistakes in the end; its bytes are skipped.
            self.problems.append(FieldError(name[:100], "unknown", message))
            return
        if self._upload is not None:
            message = f"{name} was sent more than once"
            raise Invalid.of([FieldError(name, "repeated", message)])
        if len(shown) > MAX_FILE_NAME:
            message = f"{name} has a name of over {MAX_FILE_NAME} characters"
            raise Invalid.of([FieldError(name, "too_long", message)])
        self._file = shown, media_type(declared, shown)
        # Only now: a body without a file creates none.
        self._writer = self._new_writer()

    def _refuse_nameless(self, name: str) -> None:
        message = (
            f'{name[:100]} must be sent as a file with a name: add filename="…" to '
            "the part's Content-Disposition, as curl -F file=@… does"
        )
        self.problems.append(FieldError(name[:100], "not_a_file", message))

    def _receive(self, view: memoryview) -> None:
        if self._checks is not None:
            self._checks.update(view)
        if self._nameless:
            # A form whose file input was left empty sends a nameless file without
            # content; what has content was to be a file.
            self._refuse_nameless(self._nameless)
            self._nameless = ""
        elif self._text is not None:
            self._fields_size += len(view)
            # Checked for all fields together, since they are all held in memory.
            if self._fields_size > self._max_fields_size:
                raise TooLarge(
                    f"the fields have over {self._max_fields_size} bytes "
                    "(SIRENHALL_MAX_BODY_SIZE)"
                )
            self._text[1].extend(view)
        elif self._file is not None and self._writer is not None:
            # Checked while it arrives, since Content-Length may be missing.
            if self._writer.size + len(view) > self._max_file_size:
                raise TooLarge(
                    f"the file has over {self._max_file_size} bytes "
                    "(SIRENHALL_MAX_FILE_SIZE)"
                )
            self._writer.write(view)

    def _end(self) -> None:
        if self._checks is not None:
            self._checks.ensure_met()
        self._nameless = ""
        if self._text is not None:
            name, value = self._text
            self._text = None
            self._fields.append((name, _decoded(name, value, self._declared)))
        elif self._file is not None and self._writer is not None:
            self._upload = FilePart(*self._file, self._writer)
            self._file = None


def media_type(declared: str, file_name: str) -> str:
    """Return the type a file is served with: as declared, else by its name's ending.

    Its bytes are never looked at.
    """
    plain = declared.partition(";")[0].strip().lower()
    if _MEDIA_TYPE.fullmatch(plain) and plain not in UNDECLARED:
        return plain
    guessed, encoding = _TYPES.guess_type(file_name.rpartition("/")[2])
    # A type with an encoding, such as .tar.gz, is that of the inside.
    return guessed if guessed and not encoding else OCTETS


def _of_file(found: Disposition) -> str:
    return f" with its file {found.file_name[:100]}" if found.file_name else ""


def _decoded(name: str, value: bytearray, declared: str) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError as error:
        content_type = f" ({declared[:100]})" if declared else ""
        raise _broken(
            f"the value of {name[:100]} is not UTF-8{content_type}: it has the byte "
            f"0x{value[error.start]:02X} at {error.start}"
        ) from None


def _broken(what: str) -> BadRequest:
    return BadRequest(f"the multipart body is broken: {what}; nothing was changed")
