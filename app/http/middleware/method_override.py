"""Override the method of a POST, by a header or a form field.

This is WSGI middleware because routing, authorization, limits and logs must all see
the final method. The other fields by which our forms say what browsers cannot send as
headers are read here as well: If-Match, and the token against forged requests.
"""

import io
import re
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode

from app.http.environ import (
    APPLIED,
    CHANGE_FIELD,
    FIELD,
    FORM_TOKEN,
    FORM_TOKEN_FIELD,
    IDS_FIELD,
    IF_MATCH_FIELD,
    OWN_FIELDS,
    REFUSED,
)
from app.http.media_types import FORM, MULTIPART

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

HEADERS = ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override")
METHODS = ("PUT", "PATCH", "DELETE", "GET", "HEAD", "OPTIONS")


# Bytes of a multipart body that are searched for our own leading fields.
PEEKED = 1024
# Only as the first fields: later ones would need the whole body, with its files, in
# memory.
_LEADING_FIELD = re.compile(
    rb"(?:\r\n)?--[^\r\n]+\r\n"
    rb'content-disposition:\s*form-data;\s*name="?(_[a-z_]{1,20})"?\s*\r\n\r\n'
    rb"([^\r\n]*)(?=\r\n)",
    re.IGNORECASE,
)


class MethodOverride:
    """Replaces the method of a POST by the one that a header or `_method` names.

    Anything that is not exactly one legal method, or does not come on a POST, is
    refused: the original method is never run instead.
    """

    def __init__(self, app: "WSGIApplication", *, max_body_size: int) -> None:
        self.app = app
        self.max_body_size = max_body_size

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Determine the method, and call the application."""
        fields = self._own_fields(environ)
        if FORM_TOKEN_FIELD in fields:
            environ[FORM_TOKEN] = fields[FORM_TOKEN_FIELD]
        if IF_MATCH_FIELD in fields:
            environ.setdefault("HTTP_IF_MATCH", fields[IF_MATCH_FIELD])
        if IDS_FIELD in fields:
            _add_to_query(environ, {"id:in": fields[IDS_FIELD]})
        wanted, source = self._overriding_method(environ, fields)
        if wanted is not None:
            method = wanted.strip().upper()
            if environ["REQUEST_METHOD"] != "POST":
                environ[REFUSED] = f"{source} works on POST only; send a POST"
            elif method not in METHODS:
                environ[REFUSED] = (
                    f"{source} must be one of {', '.join(METHODS)}, not {wanted[:40]!r}"
                )
            else:
                self._override(environ, method)
                if method == "HEAD":
                    start_response = _without_content(start_response)
        return self.app(environ, start_response)

    def _overriding_method(
        self, environ: "WSGIEnvironment", fields: dict[str, str]
    ) -> tuple[str | None, str]:
        named = {
            header: str(environ[key])
            for header in HEADERS
            if (key := "HTTP_" + header.upper().replace("-", "_")) in environ
        }
        if named:
            # Those that contradict each other make a value that is no method.
            methods = dict.fromkeys(v.strip().upper() for v in named.values())
            return ", ".join(methods), next(iter(named))
        # A button that changes a property is a PATCH; it can carry one field alone.
        implied = "PATCH" if CHANGE_FIELD in fields else None
        return fields.get(FIELD, implied), FIELD

    def _own_fields(self, environ: "WSGIEnvironment") -> dict[str, str]:
        """Return the fields of a form that stand for headers."""
        if environ["REQUEST_METHOD"] != "POST":
            return {}
        content_type = str(environ.get("CONTENT_TYPE", "")).lower()
        if content_type.startswith(FORM):
            return self._form_fields(environ)
        # Who expects to be told whether to send at all is no browser's form.
        if content_type.startswith(MULTIPART) and "HTTP_EXPECT" not in environ:
            return _leading_fields(environ)
        return {}

    def _form_fields(self, environ: "WSGIEnvironment") -> dict[str, str]:
        body = self._form(environ)
        # Encoded as %5Fmethod it is the same field.
        if b"method" not in body and b"_csrf" not in body:
            return {}
        try:
            pairs = [pair for pair in _pairs(body) if pair[0] in OWN_FIELDS]
        except ValueError:
            # Whoever reads the body says what is wrong with it.
            return {}
        return _joined(pairs)

    def _form(self, environ: "WSGIEnvironment") -> bytes:
        """Read a form, and leave it to be read again; a large one is left alone."""
        length = environ.get("CONTENT_LENGTH") or "0"
        chunked = environ.get("HTTP_TRANSFER_ENCODING")
        if chunked:
            # A chunked body has no announced length; one byte more than the limit
            # reveals excess.
            size = self.max_body_size + 1
        elif length.isdecimal() and int(length) <= self.max_body_size:
            size = int(length)
        else:
            return b""
        environ["wsgi.input"] = stream = Prefixed(environ["wsgi.input"], size)
        return stream.prefix

    def _override(self, environ: "WSGIEnvironment", method: str) -> None:
        environ["REQUEST_METHOD"] = method
        # Views and logs must know that the method on the wire was POST.
        environ[APPLIED] = True
        if method not in {"GET", "HEAD"}:
            return
        # A query too long for a URL comes in the body of the form.
        if str(environ.get("CONTENT_TYPE", "")).lower().startswith(FORM):
            body = self._form(environ)
            try:
                pairs = [(n, v) for n, v in _pairs(body) if n not in OWN_FIELDS]
            except ValueError:
                environ[REFUSED] = "the form is not UTF-8, or has too many fields"
                return
            _add_to_query(environ, pairs)


def _add_to_query(
    environ: "WSGIEnvironment", pairs: Mapping[str, str] | list[tuple[str, str]]
) -> None:
    if pairs:
        query = [environ.get("QUERY_STRING", ""), urlencode(pairs)]
        environ["QUERY_STRING"] = "&".join(part for part in query if part)


def _without_content(start_response: "StartResponse") -> "StartResponse":
    """Frame the answer to a HEAD as one to the POST that the client sent.

    It waits for all bytes that Content-Length announces (RFC 9112, section 6.3).
    """

    def start(
        status: str, headers: list[tuple[str, str]], *exc_info: Any
    ) -> Callable[[bytes], object]:
        kept = [(n, v) for n, v in headers if n.lower() != "content-length"]
        if not status.startswith(("204", "304")):
            kept.append(("Content-Length", "0"))
        return start_response(status, kept, *exc_info)

    return start


class Prefixed:
    """A stream of which some bytes were read already.

    An error met while peeking is raised where the body is read: asked again, a
    server's stream may just end, and the body would pass for complete.
    """

    def __init__(self, stream: Any, size: int) -> None:
        self._stream = stream
        self._error: Exception | None = None
        self.prefix = self._peek(size)
        self._unread = io.BytesIO(self.prefix)

    def read(self, size: int = -1) -> bytes:
        """Return the bytes read before, then those of the stream."""
        data = self._unread.read(size)
        if data:
            return data
        if self._error is not None:
            raise self._error
        return bytes(self._stream.read(size) if size >= 0 else self._stream.read())

    def _peek(self, size: int) -> bytes:
        parts: list[bytes] = []
        while size > 0:
            try:
                part = self._stream.read(size)
            except Exception as error:  # noqa: BLE001 - servers raise what they like
                self._error = error
                break
            if not part:
                break
            parts.append(part)
            size -= len(part)
        return b"".join(parts)


def _leading_fields(environ: "WSGIEnvironment") -> dict[str, str]:
    length = environ.get("CONTENT_LENGTH") or ""
    size = min(PEEKED, int(length)) if length.isdecimal() else PEEKED
    environ["wsgi.input"] = stream = Prefixed(environ["wsgi.input"], size)
    pairs = []
    found = _LEADING_FIELD.match(stream.prefix)
    # Latin-1 cannot fail; a value that is not a method is refused by name later.
    while found and (name := found[1].decode("latin-1").lower()) in OWN_FIELDS:
        pairs.append((name, found[2].decode("latin-1")))
        found = _LEADING_FIELD.match(stream.prefix, found.end())
    return _joined(pairs)


def _joined(pairs: list[tuple[str, str]]) -> dict[str, str]:
    """Return fields by name; what was sent twice is none that is valid."""
    found: dict[str, str] = {}
    for name, value in pairs:
        found[name] = f"{found[name]},{value}" if name in found else value
    return found


def _pairs(body: bytes) -> list[tuple[str, str]]:
    return parse_qsl(
        # The limit of fields is checked again by the reader, with the setting's value.
        body.decode(),
        keep_blank_values=True,
        max_num_fields=1000,
        errors="strict",
    )
