"""Requests by many clients at once, over the network."""

import http.client
import json
import shutil
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser")
JSON = {"Content-Type": "application/json"}


class Answer(NamedTuple):
    """An answer, and the seconds that it took. Status 0: there was none."""

    status: int
    headers: dict[str, str]
    body: bytes
    seconds: float

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def ask(
    server: Any,
    method: str,
    path: str,
    body: bytes | None = None,
    headers: dict[str, str] | None = None,
    timeout: float = 60,
) -> Answer:
    """Send a request over a connection of its own."""
    started = time.monotonic()
    sent = {"Authorization": f"Bearer {server.token}", **(headers or {})}
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=timeout)
    try:
        connection.request(method, path, body=body, headers=sent)
        found = connection.getresponse()
        read = found.read()
    except (OSError, http.client.HTTPException):
        return Answer(0, {}, b"", time.monotonic() - started)
    finally:
        connection.close()
    seconds = time.monotonic() - started
    return Answer(found.status, dict(found.headers), read, seconds)


def form(fields: dict[str, object], content: bytes) -> tuple[bytes, dict[str, str]]:
    """Make a multipart body with a file."""
    parts = [
        f'--X\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    ]
    head = "".join(parts) + (
        '--X\r\nContent-Disposition: form-data; name="file"; filename="f.txt"\r\n\r\n'
    )
    body = head.encode() + content + b"\r\n--X--\r\n"
    return body, {"Content-Type": "multipart/form-data; boundary=X"}


def item(code: str) -> dict[str, object]:
    """Make the properties of a downloadable."""
    return {"name": code, "code": code, "price": 1, "item_category_id": 2}


def upload(server: Any, code: str, content: bytes) -> Answer:
    """Create a downloadable with its file."""
    body, headers = form(item(code), content)
    return ask(server, "POST", "/stores/1/downloadables", body, headers)


def at_once(clients: int, calls: Iterable[Callable[[], Answer]]) -> list[Answer]:
    """Make calls by so many clients side by side."""
    with ThreadPoolExecutor(clients) as pool:
        return list(pool.map(lambda call: call(), calls))
