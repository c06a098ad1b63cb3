"""Reads multipart/form-data as it arrives: texts into memory, a file into the storage.

Werkzeug's decoder finds the parts. Its form parser is not used: that one is silent
about broken bodies and writes every file twice.
"""

import mimetypes
import re
from collections.abc import Callable
from dataclasses import dataclass

from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.sansio.multipart import (
    Data,
    Epilogue,
    Event,
    Field,
    File,
    MultipartDecoder,
    NeedData,
)

from app.errors import BadRequest, Invalid, TooLarge
from app.storage import Writer
from schemas.errors import FieldError
from schemas.fields import UNREPRESENTABLE

MAX_FILE_NAME = 255
OCTETS = "application/octet-stream"

# The decoder holds at most a chunk and a boundary, or the headers of a part.
MAX_BUFFER = 512 * 1024

_FILE_NAME = re.compile(r'filename="((?:[^"\\]|\\.)*)"|filename=([^\s;]+)')
_FILE_NAME_STAR = re.compile(r"filename\*=[^;\s]+", re.IGNORECASE)
_MEDIA_TYPE = re.compile(r"[\w!#$&^.+-]{1,60}/[\w!#$&^.+-]{1,60}", re.ASCII)
# Only the table that comes with Python: a machine's own may say anything.
_TYPES = mimetypes.MimeTypes(filenames=())


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that has come in whole, under the name and type it was sent with."""

    name: str
    type: str
    writer: Writer


class MultipartReader:
    """Takes a body in pieces of any size; parts may come in any order.

    `close` gives the texts and the file; `discard` removes a file that was not
    kept. Raises `BadRequest`, `Invalid` and `TooLarge`.
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
        self._decoder = MultipartDecoder(boundary, MAX_BUFFER, max_parts=max_parts)
        self._file_fields = file_fields
        self._new_writer = new_writer
        self._max_file_size = max_file_size
        self._max_fields_size = max_fields_size
        self._max_parts = max_parts
        self._fields: list[tuple[str, str]] = []
        self._fields_size = 0
        self._text: tuple[str, bytearray] | None = None
        self._file: tuple[str, str] | None = None
        self._writer: Writer | None = None
        self._upload: Upload | None = None
        self._is_complete = False

    def feed(self, chunk: bytes) -> None:
        """Read some bytes."""
        self._decode(chunk)

    def close(self) -> tuple[list[tuple[str, str]], Upload | None]:
        """Tell that the body has ended, and give what was in it."""
        self._decode(None)
        if not self._is_complete:
            raise _broken("its last part has no end")
        return self._fields, self._upload

    def discard(self) -> None:
        """Remove what was received, unless it was kept."""
        if self._writer is not None:
            self._writer.__exit__(None, None, None)
            self._writer = None

    def _decode(self, chunk: bytes | None) -> None:
        try:
            self._decoder.receive_data(chunk)
            while not self._is_complete:
                event = self._decoder.next_event()
                if isinstance(event, NeedData):
                    return
                self._handle(event)
        except RequestEntityTooLarge:
            raise TooLarge(
                f"the multipart body has over {self._max_parts} parts "
                "(SIRENHALL_MAX_FIELDS), or headers without end"
            ) from None
        except UnicodeDecodeError:
            raise _broken("a name in it is not UTF-8") from None
        except ValueError:
            raise _broken("a part does not begin or end with its boundary") from None

    def _handle(self, event: Event) -> None:
        if isinstance(event, Field):
            self._begin_text(event)
        elif isinstance(event, File):
            self._begin_file(event)
        elif isinstance(event, Data):
            self._receive(event)
        elif isinstance(event, Epilogue):
            self._is_complete = True

    def _begin_text(self, part: Field) -> None:
        name = self._name_of(part)
        self._fields_size += len(name)
        self._text = name, bytearray()

    def _begin_file(self, part: File) -> None:
        name = self._name_of(part)
        shown = _file_name(part.headers.get("Content-Disposition", ""))
        if not shown:
            # A form whose file input was left empty sends a nameless part.
            self._text = "", bytearray()
            return
        if name not in self._file_fields:
            message = f"{name[:100]} is not a property that takes a file"
            raise Invalid.of([FieldError(name[:100], "unknown", message)])
        if self._upload is not None:
            raise Invalid.of(
                [FieldError(name, "repeated", f"{name} was sent more than once")]
            )
        if len(shown) > MAX_FILE_NAME:
            message = f"{name} has a name of over {MAX_FILE_NAME} characters"
            raise Invalid.of([FieldError(name, "too_long", message)])
        self._file = shown, media_type(part.headers.get("Content-Type", ""), shown)
        self._writer = self._new_writer()

    def _receive(self, part: Data) -> None:
        if self._text is not None:
            name, value = self._text
            self._fields_size += len(part.data)
            if self._fields_size > self._max_fields_size:
                raise TooLarge(
                    f"the fields have over {self._max_fields_size} bytes "
                    "(SIRENHALL_MAX_BODY_SIZE)"
                )
            value += part.data
            if not part.more_data:
                self._text = None
                if name:
                    self._fields.append((name, _decoded(name, value)))
        elif self._file is not None and self._writer is not None:
            if self._writer.size + len(part.data) > self._max_file_size:
                raise TooLarge(
                    f"the file has over {self._max_file_size} bytes "
                    "(SIRENHALL_MAX_FILE_SIZE)"
                )
            self._writer.write(part.data)
            if not part.more_data:
                self._upload = Upload(*self._file, self._writer)
                self._file = None

    @staticmethod
    def _name_of(part: Field | File) -> str:
        name: str | None = part.name
        if not name:
            raise _broken("a part has no name")
        return name


def media_type(declared: str, file_name: str) -> str:
    """Give the type a file is served with: as declared, else by its name's ending.

    Its bytes are never looked at.
    """
    plain = declared.partition(";")[0].strip().lower()
    if _MEDIA_TYPE.fullmatch(plain) and plain != OCTETS:
        return plain
    guessed, encoding = _TYPES.guess_type(file_name.rpartition("/")[2])
    return guessed if guessed and not encoding else OCTETS


def _file_name(disposition: str) -> str:
    """Read the file's name as browsers and curl write it (WHATWG HTML, 4.10.21.8).

    The name is for show. What XML cannot carry becomes U+FFFD; a path stays one.
    """
    found = _FILE_NAME.search(_FILE_NAME_STAR.sub("", disposition))
    if not found:
        return ""
    name = found[1] if found[1] is not None else found[2]
    for escape, character in (('\\"', '"'), ("%22", '"'), ("%0D", "\r"), ("%0A", "\n")):
        name = name.replace(escape, character)
    shown = UNREPRESENTABLE.sub("\ufffd", name)
    return re.sub("[\t\r\n\x7f-\x9f]", "\ufffd", shown)


def _decoded(name: str, value: bytearray) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        raise _broken(f"the value of {name[:100]} is not UTF-8") from None


def _broken(what: str) -> BadRequest:
    return BadRequest(f"the multipart body is broken: {what}; nothing was changed")
