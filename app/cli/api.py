"""A client of the API that knows links only: of a server far away, or of our own.

What is done to a data folder goes the same way as over the network, through the same
checks, into the same words.
"""

import io
import json
import os
import re
import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol
from urllib.parse import urlencode, urlsplit

import urllib3

from app.errors import ConfigurationError, SirenhallError
from app.settings import APP, TOKEN

if TYPE_CHECKING:
    from app.services.installation import Installation

PIECE = 64 * 1024
ATTEMPTS = 6
LONGEST_PAUSE = 60
"""Seconds that a server may ask for, before the next attempt."""

UNAUTHORIZED, TOO_MANY = 401, 429
TIMEOUT = urllib3.Timeout(connect=10, read=300)
HERE = "http://localhost"
HOW_LONG, WHAT = "Content-Length", "Content-Type"
HAL = "application/hal+json"
JSON = "application/json"

Progress = Callable[[int], None]


class Refused(SirenhallError):
    """The server said no; the text has its reasons."""

    def __init__(self, message: str, status: int, pause: float = 0) -> None:
        self.status = status
        self.pause = pause
        super().__init__(message)

    @property
    def passes(self) -> bool:
        """Whether the same request may be taken later."""
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

    def body(self) -> bytes:
        """Read all of it."""
        return b"".join(self.pieces)


Body = bytes | BinaryIO | None


class Wire(Protocol):
    """What carries requests. Raises `Unreachable`."""

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
                redirect=False,
            )
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise Unreachable(f"cannot reach {_host(url)}: {error}") from error
        return Answer(found.status, found.headers, self._pieces(found, url))

    @staticmethod
    def _pieces(found: Any, url: str) -> Iterator[bytes]:
        try:
            yield from found.stream(PIECE)
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise Unreachable(f"{_host(url)} broke off: {error}") from error
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
        from dataclasses import replace

        from app import create_app
        from app.http.access_log import EXTENSION

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
        environ = create_environ(path, HERE, method=method, headers=sent)
        stream = io.BytesIO(body) if isinstance(body, bytes) else body
        if stream is not None:
            environ["wsgi.input"] = stream
            environ.update((own[n], text) for n, text in headers.items() if n in own)
        pieces, status, found = run_wsgi_app(self._app, environ)
        return Answer(int(status.split()[0]), Headers(found), _closing(pieces))

    def close(self) -> None:
        """Close all connections."""
        from app.http.endpoints import EXTENSION

        self._app.extensions[EXTENSION].close()


@dataclass(frozen=True, slots=True)
class Api:
    """Sends requests with a token, and reads what is answered."""

    wire: Wire
    url: str
    token: str

    def get(self, url: str) -> dict[str, Any]:
        """Give a document. Raises `Refused` and `Unreachable`."""
        return self.send("GET", url)

    def send(
        self, method: str, url: str, values: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """Send values, and give the document that is answered."""
        if values is None:
            return self.send_body(method, url, None, {})
        body = json.dumps(values).encode()
        return self.send_body(method, url, body, {WHAT: JSON})

    def send_body(
        self, method: str, url: str, body: Body, headers: Mapping[str, str]
    ) -> dict[str, Any]:
        """Send a body, and give the document that is answered."""
        answer = self.ask(method, url, body, headers)
        try:
            return dict(json.loads(answer.body() or b"{}", parse_float=Decimal))
        except ValueError:
            raise Unreachable(f"{_host(url)} is no Sirenhall: {url}") from None

    def ask(
        self, method: str, url: str, body: Body, headers: Mapping[str, str]
    ) -> Answer:
        """Send a request, and read its answer. Raises `Refused` for no success."""
        answer = self.open(method, url, body, headers)
        return Answer(answer.status, answer.headers, iter([answer.body()]))

    def open(
        self, method: str, url: str, body: Body, headers: Mapping[str, str]
    ) -> Answer:
        """Send a request, and leave its answer to be read. Raises `Refused`."""
        size = str(len(body)) if isinstance(body, bytes) else None
        sent = {
            "Authorization": f"Bearer {self.token}",
            "Accept": f"{HAL}, */*;q=0.1",
            # Also a server that demands them understands these.
            "FOXY-API-VERSION": "1",
            **({"If-Match": "*"} if method == "PATCH" else {}),
            **({HOW_LONG: size} if size is not None else {}),
            **headers,
        }
        answer = self.wire.send(method, url, sent, body)
        if answer.status >= 400:  # noqa: PLR2004
            said = str(answer.headers.get("Retry-After", ""))
            pause = min(int(said), LONGEST_PAUSE) if said.isdecimal() else 0
            raise Refused(_reasons(answer), answer.status, pause)
        return answer

    def pages(self, url: str, rel: str, **query: str) -> Iterator[dict[str, Any]]:
        """Give all items of a collection, page by page."""
        there: str | None = f"{url}?{urlencode({'limit': 300, **query})}"
        while there is not None:
            page = patiently(partial(self.get, there))
            yield from page["_embedded"][rel]
            is_full = int(page["returned_items"]) == int(page["limit"])
            there = page["_links"]["next"]["href"] if is_full else None


def href(document: Mapping[str, Any], rel: str) -> str:
    """Give where a link leads. Raises `Unreachable` where there is none."""
    link = document.get("_links", {}).get(rel)
    if link is None:
        raise Unreachable(f"the server offers no {rel} to this token")
    return str(link["href"])


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
        """Tell that it can be read."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read the next bytes."""
        while self._parts:
            data = self._parts[0].read(len(buffer))
            if data:
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


@contextmanager
def local_api(data_dir: Path | None, store_id: int | None) -> Iterator[Api]:
    """Give a client of a data folder's store, with a token for as long as it lasts."""
    from app.cli.command import installation_at
    from app.cli.token import store_of
    from app.services import access, scopes

    with installation_at(data_dir) as opened:
        with opened.database.writing() as tx:
            number, token = access.create_token(
                tx,
                scope=scopes.STORE,
                store_id=store_of(tx, store_id),
                note="of a command that is running",
                lifetime=86_400,
            )
        wire = LocalWire(opened)
        try:
            yield Api(wire, wire.url, token)
        finally:
            wire.close()
            with opened.database.writing() as tx:
                access.remove_token(tx, number)


@contextmanager
def api_at(
    server: str | None, token: str | None, data_dir: Path | None, store_id: int | None
) -> Iterator[Api]:
    """Give a client of the server that is named, or of the data folder."""
    if server is None:
        if token is not None:
            raise ConfigurationError("--token is for a --server; name that, too")
        with local_api(data_dir, store_id) as api:
            yield api
        return
    token = token or os.environ.get(TOKEN)
    if token is None:
        raise ConfigurationError(
            f"a --server needs a --token of the store, or {TOKEN} in the environment"
        )
    if not re.match("https?://[^/]", server):
        raise ConfigurationError(
            f"--server must be a URL such as https://downloads.example/, not {server!r}"
        )
    if data_dir is not None:
        raise ConfigurationError("name a --server or a --data-dir, not both")
    yield Api(HttpWire(), server, token)


def store_at(api: Api, store_id: int | None) -> dict[str, Any]:
    """Find the store that a token is for, by links. Raises `ConfigurationError`."""
    try:
        home = api.get(api.url)
    except Refused as error:
        if error.status == UNAUTHORIZED:
            raise ConfigurationError(
                f"--token: {error}; `sirenhall token create` there makes one"
            ) from error
        raise
    if not {"fx:store", "fx:stores"} & home.get("_links", {}).keys():
        raise ConfigurationError(
            f"{api.url} is not the address at which a Sirenhall's API begins"
        )
    if "fx:store" in home.get("_links", {}):
        store = api.get(href(home, "fx:store"))
        number = int(href(store, "self").rstrip("/").rpartition("/")[2])
        if store_id not in {None, number} and api.wire.is_remote:
            raise ConfigurationError(f"the token is for store {number}")
        return store
    stores = list(api.pages(href(home, "fx:stores"), "fx:stores"))
    ids = {int(href(s, "self").rstrip("/").rpartition("/")[2]): s for s in stores}
    if store_id in ids:
        return ids[store_id]
    if store_id is None and len(ids) == 1:
        return stores[0]
    known = ", ".join(map(str, ids)) or "none"
    raise ConfigurationError(f"name a store with --store; there are: {known}")


def patiently(attempt: Callable[[], Any]) -> Any:
    """Try again, after growing pauses, what failed on the way or on the other side."""
    for number in range(ATTEMPTS):
        try:
            return attempt()
        except (Refused, Unreachable) as error:
            if not error.passes or number == ATTEMPTS - 1:
                raise
            time.sleep(max(2**number / 2, error.pause))
    return None


def _closing(pieces: Any) -> Iterator[bytes]:
    try:
        yield from pieces
    finally:
        pieces.close()


def _reasons(answer: Answer) -> str:
    try:
        said = json.loads(answer.body())
        errors = said["_embedded"]["fx:errors"]
        return "; ".join(str(error["message"]) for error in errors)
    except (ValueError, KeyError, TypeError):
        return f"the server answered {answer.status}"


def _host(url: str) -> str:
    return urlsplit(url).netloc or url
