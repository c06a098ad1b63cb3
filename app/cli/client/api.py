"""A hypermedia client that follows links only, over the network or in process.

Commands on a data folder use the same interface as commands over the network: the same
checks apply, with the same error messages.
"""

import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from app.cli.client.transport import (
    HOW_LONG,
    WHAT,
    Answer,
    Body,
    HttpWire,
    LocalWire,
    Refused,
    Unreachable,
    Wire,
    host_of,
    patiently,
)
from app.errors import ConfigurationError
from app.settings import TOKEN

LONGEST_PAUSE = 60
"""Seconds that a server may ask for, before the next attempt."""

UNAUTHORIZED = 401
HAL = "application/hal+json"
JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Api:
    """Sends requests with a token, and reads what is answered."""

    wire: Wire
    url: str
    token: str

    def get(self, url: str) -> dict[str, Any]:
        """Return a document. Raise `Refused` or `Unreachable`."""
        return self.send("GET", url)

    def send(
        self, method: str, url: str, values: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """Send values, and return the document that is answered."""
        if values is None:
            return self.send_body(method, url, None, {})
        body = json.dumps(values).encode()
        return self.send_body(method, url, body, {WHAT: JSON})

    def send_body(
        self, method: str, url: str, body: Body, headers: Mapping[str, str]
    ) -> dict[str, Any]:
        """Send a body, and return the document that is answered."""
        answer = self.ask(method, url, body, headers)
        try:
            return dict(json.loads(answer.read_body() or b"{}", parse_float=Decimal))
        except ValueError:
            raise Unreachable(f"{host_of(url)} is no Sirenhall: {url}") from None

    def ask(
        self, method: str, url: str, body: Body, headers: Mapping[str, str]
    ) -> Answer:
        """Send a request, and read its answer. Raise `Refused` for no success."""
        answer = self.open(method, url, body, headers)
        return Answer(answer.status, answer.headers, iter([answer.read_body()]))

    def open(
        self, method: str, url: str, body: Body, headers: Mapping[str, str]
    ) -> Answer:
        """Send a request, and leave its answer to be read. Raise `Refused`."""
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
            seconds = str(answer.headers.get("Retry-After", ""))
            pause = min(int(seconds), LONGEST_PAUSE) if seconds.isdecimal() else 0
            raise Refused(_reasons(answer), answer.status, pause)
        return answer

    def pages(self, url: str, rel: str, **query: str) -> Iterator[dict[str, Any]]:
        """Yield all items of a collection, page by page."""
        there: str | None = f"{url}?{urlencode({'limit': 300, **query})}"
        while there is not None:
            page = patiently(partial(self.get, there))
            yield from page["_embedded"][rel]
            # With FOXY-API-VERSION each page links `next`, so a page that is not full
            # is the last.
            is_full = int(page["returned_items"]) == int(page["limit"])
            there = page["_links"]["next"]["href"] if is_full else None


def href(document: Mapping[str, Any], rel: str) -> str:
    """Return the address of a link. Raise `Unreachable` if there is no such link."""
    link = document.get("_links", {}).get(rel)
    if link is None:
        raise Unreachable(f"the server offers no {rel} to this token")
    return str(link["href"])


@contextmanager
def local_api(data_dir: Path | None, store_id: int | None) -> Iterator[Api]:
    """Yield a client of a data folder's store, with a token of its own."""
    from app.cli.command import installation_at
    from app.cli.token import store_of
    from app.services import scopes
    from app.services.auth import authentication

    with installation_at(data_dir) as opened:
        with opened.database.writing() as tx:
            number, token = authentication.create_token(
                tx,
                scope=scopes.STORE,
                store_id=store_of(tx, store_id),
                # A day at most, in case the command is killed before it deletes its
                # token.
                note="of a command that is running",
                lifetime=86_400,
            )
        wire = LocalWire(opened)
        try:
            yield Api(wire, wire.url, token)
        finally:
            wire.close()
            with opened.database.writing() as tx:
                authentication.delete_token(tx, number)


@contextmanager
def api_at(
    server: str | None, token: str | None, data_dir: Path | None, store_id: int | None
) -> Iterator[Api]:
    """Return a client of the server that is named, or of the data folder."""
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
    """Return the store of a token, found by links. Raise `ConfigurationError`."""
    try:
        home = api.get(api.url)
    except Refused as error:
        if error.status == UNAUTHORIZED:
            raise ConfigurationError(
                f"--token: {error}; `sirenhall token create` there makes one"
            ) from error
        raise
    # A web page or another API may answer 200 as well.
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


def _reasons(answer: Answer) -> str:
    try:
        document = json.loads(answer.read_body())
        if "_embedded" in document:
            errors = document["_embedded"]["fx:errors"]
            return "; ".join(str(error["message"]) for error in errors)
        # A dialect says it in one sentence, or by property.
        plain = document.get("message") or document.get("detail")
        return str(
            plain or "; ".join(text for texts in document.values() for text in texts)
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        return f"the server answered {answer.status}"
