"""A store as `import` and `export` use it: categories, downloadables and files."""

import base64
import hashlib
import io
import json
import os
import secrets
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, BinaryIO

from app.cli.client.api import Api, href
from app.cli.client.transport import (
    ATTEMPTS,
    CHUNK,
    FormFile,
    HttpWire,
    Progress,
    Refused,
    Unreachable,
    patiently,
)
from app.errors import ConfigurationError
from app.private_files import open_file

LARGE = 32 * 2**20
"""Bytes from which on a file goes to another server in pieces that can be resumed."""

PIECE = 16 * 2**20


class StoreClient:
    """A store that a client may change."""

    def __init__(
        self, api: Api, store: Mapping[str, Any], usual: str | None = None
    ) -> None:
        self.api = api
        self.store = store
        self.usual = usual

    @cached_property
    def categories(self) -> dict[str, str]:
        """The addresses of the categories of downloads, by their codes."""
        found = self.api.pages(
            href(self.store, "fx:item_categories"),
            "fx:item_categories",
            item_delivery_type="downloaded",
        )
        return {str(one["code"]): href(one, "self") for one in found}

    def category(self, code: str | None) -> str:
        """Return a category's address, the only one's if none is named.

        Raise `ConfigurationError`.
        """
        known = ", ".join(self.categories) or "none"
        if code is None:
            if len(self.categories) == 1:
                return next(iter(self.categories.values()))
            if not self.categories:
                raise ConfigurationError(
                    "the store has no item_category for downloads; make one first, by "
                    "POST to its fx:item_categories, with item_delivery_type downloaded"
                )
            raise ConfigurationError(
                f"name a category with --category; of downloads there are: {known}"
            )
        if code not in self.categories:
            raise ConfigurationError(
                f"there is no item_category {code} for downloads; create it first, or "
                f"take one of those that there are: {known}"
            )
        return self.categories[code]

    @cached_property
    def downloadables(self) -> dict[str, dict[str, Any]]:
        """All downloadables by their codes, archived ones too."""
        url = href(self.store, "fx:downloadables")
        return {
            str(one["code"]): one
            # The collection leaves out what is archived, unless it is asked for.
            for archived in ("false", "true")
            for one in self.api.pages(url, "fx:downloadables", is_archived=archived)
        }

    def add(
        self,
        values: Mapping[str, Any],
        file: Path | None,
        progress: Progress = lambda _size: None,
    ) -> dict[str, Any]:
        """Create a downloadable in the default category and return it."""
        category = self.category(self.usual)
        made = self.create({**values, "item_category_uri": category}, file, progress)
        # A later entry of the same list finds it there.
        self.downloadables[str(values["code"])] = made
        return made

    def attach(
        self,
        item: Mapping[str, Any],
        values: Mapping[str, Any],
        file: Path | None,
        progress: Progress,
    ) -> None:
        """Add a file to a downloadable, or the address of one."""
        url = href(item, "fx:files")
        if file is not None:
            once = {"Idempotency-Key": f'"{secrets.token_hex(16)}"'}
            self._send_form("POST", url, values, file, progress, once)
            return
        patiently(lambda: self.api.send("POST", url, values))

    def create(
        self, values: Mapping[str, Any], file: Path | None, progress: Progress
    ) -> dict[str, Any]:
        """Create a downloadable, whole where its file can be sent with it."""
        url = href(self.store, "fx:downloadables")
        # What was done, and nobody heard of, is not done twice.
        once = {"Idempotency-Key": f'"{secrets.token_hex(16)}"'}
        if file is not None and not self._goes_in_pieces(file):
            return self._send_form("POST", url, values, file, progress, once)
        body, kind = json.dumps(values).encode(), {"Content-Type": "application/json"}
        made = patiently(
            lambda: self.api.send_body("POST", url, body, {**kind, **once})
        )
        if file is not None:
            self._upload(made, file, progress)
        return made

    def change(
        self,
        item: Mapping[str, Any],
        values: Mapping[str, Any],
        file: Path | None,
        progress: Progress,
    ) -> None:
        """Change a downloadable; a file becomes its newest version."""
        url = href(item, "self")
        if file is not None and not self._goes_in_pieces(file):
            self._send_form("PATCH", url, values, file, progress, {})
            return
        if values:
            patiently(lambda: self.api.send("PATCH", url, values))
        if file is not None:
            self._upload(item, file, progress)

    def _goes_in_pieces(self, file: Path) -> bool:
        # In the same process nothing breaks off, so one request does.
        return self.api.wire.is_remote and file.stat().st_size > LARGE

    def _send_form(
        self,
        method: str,
        url: str,
        values: Mapping[str, Any],
        file: Path,
        progress: Progress,
        headers: Mapping[str, str],
    ) -> dict[str, Any]:
        # A form knows only texts; the server reads them as it reads JSON.
        texts = {name: _form_text(value) for name, value in values.items()}

        def send() -> dict[str, Any]:
            # Opened again for each attempt: the first one may have read some of it.
            form = FormFile(texts, file, file.name, progress)
            # Each read of it is as long as it was asked for.
            with io.BufferedReader(form, CHUNK) as body:
                all_headers = {**form.headers, **headers}
                return self.api.send_body(method, url, body, all_headers)

        return patiently(send)

    def _upload(self, item: Mapping[str, Any], file: Path, progress: Progress) -> None:
        """Upload a file to a slot; resume after a broken connection (tus)."""
        create = href(item, "fx:create_upload_url")
        made = patiently(lambda: self.api.send("POST", create, {}))
        slot, size = str(made["upload_url"]), file.stat().st_size
        name = base64.b64encode(file.name.encode()).decode()
        tus = {"Tus-Resumable": "1.0.0"}
        begin = {
            **tus,
            "Upload-Length": str(size),
            "Upload-Metadata": f"filename {name}",
        }
        patiently(lambda: self.api.ask("POST", slot, b"", begin))
        offset = stalled = 0
        with file.open("rb") as stream:
            while offset < size:
                after = self._piece(slot, stream, offset, tus)
                progress(after - offset)
                # Endless attempts would hide that the server has no room.
                stalled = 0 if after > offset else stalled + 1
                if stalled == ATTEMPTS:
                    raise Unreachable(f"the server takes no more of {file.name}")
                offset = after

    def _piece(
        self,
        slot: str,
        stream: BinaryIO,
        offset: int,
        tus: Mapping[str, str],
    ) -> int:
        """Send the next piece, and give how far it came."""
        # The server may have kept more, or less, than was thought.
        stream.seek(offset)
        data = stream.read(PIECE)
        headers = {
            **tus,
            "Upload-Offset": str(offset),
            "Content-Type": "application/offset+octet-stream",
        }
        try:
            self.api.ask("PATCH", slot, data, headers)
        except (Refused, Unreachable) as error:
            if not error.passes:
                raise
            # What came is kept there; it says how much.
            found = patiently(lambda: self.api.ask("HEAD", slot, None, tus))
            return int(found.headers["Upload-Offset"])
        return offset + len(data)

    def fetch(self, item: Mapping[str, Any], target: Path, progress: Progress) -> None:
        """Fetch a file, whole or not at all. Raise `Unreachable`."""
        # A file under its final name is always complete.
        temporary = target.with_name(".part")
        digest = hashlib.sha256()
        answer = self.api.open("GET", href(item, "fx:file"), None, {"Accept": "*/*"})
        if answer.status != 200:  # noqa: PLR2004
            # The S3 has it; it wants no token of ours.
            answer = HttpWire().send("GET", answer.headers["Location"], {}, None)
        with open_file(temporary, "wb") as file:
            for piece in answer.pieces:
                file.write(piece)
                digest.update(piece)
                progress(len(piece))
            file.flush()
            os.fsync(file.fileno())
        if digest.hexdigest() != item["file_sha256"]:
            temporary.unlink()
            raise Unreachable(f"{target.name} did not arrive as it was sent")
        temporary.rename(target)


def sha256_of(path: Path) -> str:
    """Return the digest of a file, in hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def _form_text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
