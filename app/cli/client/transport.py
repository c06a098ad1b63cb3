"""Transports of the client: HTTP over the network, or WSGI in process."""

import io
import os
import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol, TypeVar
from urllib.parse import urlsplit

import urllib3

from app.errors import SirenhallError
from app.settings import APP

if TYPE_CHECKING:
    from app.services.operations.installation import Installation

CHUNK = 64 * 1024
ATTEMPTS = 6
TOO_MANY = 429
TIMEOUT = urllib3.Timeout(connect=10, read=300)
HERE = "http://localhost"
HOW_LONG, WHAT = "Content-Length", "Content-Type"

Progress = Callable[[int], None]
Got = TypeVar("Got")


class Refused(SirenhallError):
    """The server said no; the text has its reasons."""

    def __init__(self, message: str, status: int, pause: float = 0) -> None:
        self.status = status
        self.pause = pause
        super().__init__(message)

    @property
    def passes(self) -> bool:
        """Whether the same request may succeed later."""
        return self.status == TOO_MANY or self.status >= 500  # noqa: PLR2004


class Unreachable(SirenhallError):
    """The server gave no answer."""

    passes, pause = True, 0.0


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer, whose body may be read once."""

    status: int
    headers: Any
    pieces: Iterator[bytes]

    def read_body(self) -> bytes:
        """Read the whole body."""
        return b"".join(self.pieces)


Body = bytes | BinaryIO | None


class Wire(Protocol):
    """A transport of requests. Raise `Unreachable`."""

    is_remote: bool

    def send(
        self, method: str, url: str, headers: Mapping[str, str], body: Body
    ) -> Answer:
        """Send a request; a file is read while it is sent."""


class HttpWire:
    """A server at the other end of a network."""

    is_remote = True

    def __init__(self) -> None:
        self._pool = urllib3.PoolManager(timeout=TIMEOUT, retries=False)

    def send(
        self, method: str, url: str, headers: Mapping[str, str], body: Body
    ) -> Answer:
        """Send a request."""
        try:
            found = self._pool.request(
                method,
                url,
                headers=dict(headers),
                body=body,
                preload_content=False,
                # A token must not follow a redirect to another host.
                redirect=False,
            )
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise Unreachable(f"cannot reach {host_of(url)}: {error}") from error
        return Answer(found.status, found.headers, self._pieces(found, url))

    @staticmethod
    def _pieces(found: Any, url: str) -> Iterator[bytes]:
        try:
            yield from found.stream(CHUNK)
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise Unreachable(f"{host_of(url)} broke off: {error}") from error
        finally:
            found.release_conn()


class _Silence(io.TextIOBase):
    """Takes a log that nobody reads."""

    def write(self, text: str) -> int:
        """Drop it."""
        return len(text)


class LocalWire:
    """Our own application, in this process."""

    is_remote = False

    def __init__(self, installation: "Installation") -> None:
        from app import create_app
        from app.http.middleware.access_log import EXTENSION

        settings = installation.settings
        # What the operator's own command does is counted by nobody, and sent by us.
        self._app = create_app(
            replace(
                settings,
                rate_limit="none",
                delivery=APP,
                require_api_version=False,
                require_preconditions=False,
            )
        )
        self._app.extensions[EXTENSION] = _Silence()
        self.url = f"{settings.public_url.rstrip('/') or HERE}/"

    def send(
        self, method: str, url: str, headers: Mapping[str, str], body: Body
    ) -> Answer:
        """Call the application."""
        from werkzeug.datastructures import Headers
        from werkzeug.test import create_environ, run_wsgi_app

        own = {HOW_LONG: "CONTENT_LENGTH", WHAT: "CONTENT_TYPE"}
        sent = {name: text for name, text in headers.items() if name not in own}
        path = f"/{url.removeprefix(self.url)}"
        # WSGI has these two as variables of their own, and not as headers.
        environ = create_environ(path, HERE, method=method, headers=sent)
        stream = io.BytesIO(body) if isinstance(body, bytes) else body
        if stream is not None:
            environ["wsgi.input"] = stream
            environ.update((own[n], text) for n, text in headers.items() if n in own)
        pieces, status, found = run_wsgi_app(self._app, environ)
        return Answer(int(status.split()[0]), Headers(found), _closing(pieces))

    def close(self) -> None:
        """Close all connections."""
        from app.http.routing import EXTENSION

        self._app.extensions[EXTENSION].close()


class FormFile(io.RawIOBase):
    """A multipart/form-data body with a file that is read as it is sent."""

    def __init__(
        self,
        values: Mapping[str, str],
        path: Path,
        name: str,
        progress: Progress,
    ) -> None:
        super().__init__()
        boundary = secrets.token_hex(16)
        # As browsers write names in a form (WHATWG, multipart/form-data).
        quoted = name.replace("\\", "_").replace('"', "%22")
        head = "".join(
            f"--{boundary}\r\nContent-Disposition: form-data; "
            f'name="{key}"\r\n\r\n{value}\r\n'
            for key, value in values.items()
        )
        head += (
            f"--{boundary}\r\nContent-Disposition: form-data; "
            f'name="file"; filename="{quoted}"\r\n\r\n'
        )
        tail = f"\r\n--{boundary}--\r\n".encode()
        self._file = path.open("rb")
        self._progress = progress
        self._parts: list[BinaryIO] = [
            io.BytesIO(head.encode()),
            self._file,
            io.BytesIO(tail),
        ]
        size = os.fstat(self._file.fileno()).st_size
        self.headers = {
            "Content-Type": f"multipart/form-data; boundary={boundary}",
            "Content-Length": str(len(head.encode()) + size + len(tail)),
        }

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read the next bytes."""
        while self._parts:
            data = self._parts[0].read(len(buffer))
            if data:
                # Only the file counts towards the progress, not the form around it.
                if self._parts[0] is self._file:
                    self._progress(len(data))
                buffer[: len(data)] = data
                return len(data)
            self._parts.pop(0)
        return 0

    def close(self) -> None:
        """Close the file."""
        self._file.close()
        super().close()


def patiently(attempt: Callable[[], Got]) -> Got:
    """Try again, after growing pauses, what failed on the way or on the other side."""
    for number in range(ATTEMPTS):
        try:
            return attempt()
        except (Refused, Unreachable) as error:
            if not error.passes or number == ATTEMPTS - 1:
                raise
            # At least as long as Retry-After said.
            time.sleep(max(2**number / 2, error.pause))
    raise AssertionError("the last attempt raises what it failed by")


def _closing(pieces: Any) -> Iterator[bytes]:
    try:
        yield from pieces
    finally:
        pieces.close()


def host_of(url: str) -> str:
    """Return the name of a server for people."""
    return urlsplit(url).netloc or url
