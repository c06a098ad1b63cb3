"""A bucket of an S3: few methods, and errors translated into ours."""

import errno
import io
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from app.errors import ConfigurationError, InsufficientStorage, Unavailable
from app.log_throttle import Throttle
from app.storage.breaker import Breaker, Call, unanswered

CONNECTIONS = 256
"""Connections that are kept: one for each request that a worker can have open."""

OPTIONS = ("endpoint", "region", "public")
CONNECT_SECONDS, READ_SECONDS, TRIES = 3, 20, 2
"""How long a call waits for the store, and how often: under a minute in all."""

SERVER_ERROR = 500
READ_TRIES = 4
"""Connections over which the next bytes of an object are asked for."""

_MISSING = {"NoSuchKey", "NoSuchUpload", "NoSuchBucket", "NotFound", "404"}
_FULL = {"QuotaExceeded", "XMinioStorageFull", "EntityTooLarge"}
_FORM = "s3://bucket/prefix?endpoint=https://…&region=…&public=https://…"
_OUTAGE = Throttle(__name__, seconds=1)


class Part(NamedTuple):
    """A part of an upload: `tag` is what the store knows it by."""

    number: int
    size: int
    tag: str


class Bucket:
    """A prefix of a bucket; names are what follows it.

    Whatever is missing is a `FileNotFoundError`; what the store cannot do at the
    moment is `Unavailable`, and what it has no room for `InsufficientStorage`.
    """

    def __init__(self, client: Any, public: Any, name: str, prefix: str) -> None:
        self._client = client
        self._public = public
        self._name = name
        self.prefix = prefix
        self._breaker = Breaker()

    def check(self) -> None:
        """Check that the bucket exists."""
        with _translated(self._breaker):
            self._client.head_bucket(Bucket=self._name)

    def close(self) -> None:
        """Close all connections."""
        self._client.close()
        self._public.close()

    # -- objects --------------------------------------------------------------

    def put(self, name: str, data: bytes | bytearray) -> None:
        """Store a small object as a whole."""
        with _translated(self._breaker):
            self._client.put_object(**self._object(name), Body=data)

    def get(self, name: str) -> bytes:
        """Return a small object."""
        with _translated(self._breaker):
            answer = self._client.get_object(**self._object(name))
            return bytes(answer["Body"].read())

    def body(self, name: str, start: int) -> Any:
        """Open an object for reading from a byte on."""
        with _translated(self._breaker):
            answer = self._client.get_object(
                # Open-ended: the connection is closed when enough was read.
                **self._object(name),
                Range=f"bytes={start}-",
            )
        return answer["Body"]

    def size(self, name: str) -> int:
        """Return the size of an object."""
        with _translated(self._breaker):
            answer = self._client.head_object(**self._object(name))
        return int(answer["ContentLength"])

    def has(self, name: str) -> bool:
        """Return whether the object exists."""
        try:
            self.size(name)
        except FileNotFoundError:
            return False
        return True

    def delete(self, name: str) -> None:
        """Delete an object. A missing object is no error."""
        with suppress(FileNotFoundError), _translated(self._breaker):
            self._client.delete_object(**self._object(name))

    def objects(self, start: str) -> Iterator[tuple[str, int]]:
        """List objects whose name starts so, with their sizes."""
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self._name, Prefix=self.prefix + start
        )
        for page in self._each(pages):
            for entry in page.get("Contents", ()):
                name = str(entry["Key"]).removeprefix(self.prefix)
                yield name, int(entry["Size"])

    def address(self, name: str, seconds: int, headers: Mapping[str, str]) -> str:
        """Sign an address at which an object can be fetched, with these headers."""
        overrides = {
            f"Response{header.replace('-', '')}": value
            for header, value in headers.items()
        }
        return str(
            self._public.generate_presigned_url(
                "get_object",
                Params={**self._object(name), **overrides},
                ExpiresIn=seconds,
            )
        )

    # -- multipart uploads ----------------------------------------------------

    def begin(self, name: str) -> str:
        """Begin a multipart upload, and give what it is called."""
        with _translated(self._breaker):
            answer = self._client.create_multipart_upload(**self._object(name))
        return str(answer["UploadId"])

    def add_part(
        self, name: str, upload_id: str, number: int, data: bytes | bytearray
    ) -> str:
        """Send a part, and return its tag."""
        with _translated(self._breaker):
            answer = self._client.upload_part(
                **self._object(name),
                UploadId=upload_id,
                PartNumber=number,
                Body=data,
            )
        return str(answer["ETag"])

    def parts(self, name: str, upload_id: str) -> list[Part]:
        """List the parts of an upload."""
        pages = self._client.get_paginator("list_parts").paginate(
            **self._object(name), UploadId=upload_id
        )
        with _translated(self._breaker):
            return [
                Part(
                    int(part["PartNumber"]),
                    int(part["Size"]),
                    str(part["ETag"]),
                )
                for page in pages
                for part in page.get("Parts", ())
            ]

    def complete(self, name: str, upload_id: str, tags: list[str]) -> None:
        """Complete an upload, which becomes an object."""
        parts = [
            {"PartNumber": number, "ETag": tag} for number, tag in enumerate(tags, 1)
        ]
        with _translated(self._breaker):
            self._client.complete_multipart_upload(
                **self._object(name),
                UploadId=upload_id,
                MultipartUpload={"Parts": parts},
            )

    def abort(self, name: str, upload_id: str) -> None:
        """Abort an upload; it is no error if there is none."""
        with suppress(FileNotFoundError), _translated(self._breaker):
            self._client.abort_multipart_upload(
                **self._object(name), UploadId=upload_id
            )

    def uploads(self, start: str) -> Iterator[tuple[str, str]]:
        """List the uploads that are not complete: name and id."""
        pages = self._client.get_paginator("list_multipart_uploads").paginate(
            Bucket=self._name, Prefix=self.prefix + start
        )
        for page in self._each(pages):
            for upload in page.get("Uploads", ()):
                name = str(upload["Key"]).removeprefix(self.prefix)
                yield name, str(upload["UploadId"])

    def _each(self, pages: Iterable[Any]) -> Iterator[Any]:
        """Yield pages; each is a call, and what is done with it is none."""
        asked = iter(pages)
        while True:
            with _translated(self._breaker):
                page = next(asked, None)
            if page is None:
                return
            yield page

    def _object(self, name: str) -> dict[str, str]:
        return {"Bucket": self._name, "Key": self.prefix + name}


class ObjectFile(io.RawIOBase):
    """An object as a file: read on from where it is, over one connection.

    A connection that breaks is opened anew at the same byte.
    """

    def __init__(self, bucket: Bucket, name: str, size: int) -> None:
        super().__init__()
        self.size = size
        self._bucket = bucket
        self._name = name
        self._at = 0
        self._body: Any = None

    def readable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return True."""
        return True

    def tell(self) -> int:
        """Return the position of the next byte."""
        return self._at

    def seek(self, position: int, whence: int = io.SEEK_SET) -> int:
        """Move to a byte."""
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self.size}[whence]
        # A seek to the same place must not cost a new request.
        if start + position != self._at:
            self._hang_up()
            self._at = start + position
        return self._at

    def readinto(self, buffer: Any) -> int:
        """Read the next bytes."""
        if self._at >= self.size or not len(buffer):
            return 0
        data = self._read(len(buffer))
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)

    def _read(self, most: int) -> bytes:
        for attempt in range(READ_TRIES):
            try:
                if self._body is None:
                    self._body = self._bucket.body(self._name, self._at)
                data = bytes(self._body.read(min(most, self.size - self._at)))
            except (BotoCoreError, OSError) as error:
                self._hang_up()
                if isinstance(error, FileNotFoundError):
                    raise
                if attempt == READ_TRIES - 1:
                    text = f"the file storage broke off: {error}"
                    raise OSError(errno.EIO, text) from error
                continue
            if data:
                return data
            self._hang_up()
        return b""

    def close(self) -> None:
        """Hang up."""
        self._hang_up()
        super().close()

    def _hang_up(self) -> None:
        if self._body is not None:
            self._body.close()
            self._body = None


def opened(url: str) -> Bucket:
    """Open the bucket that a URL names, and see that it is there.

    Raise `ConfigurationError` that says what is in the way.
    """
    parts = urlsplit(url)
    sent = parse_qsl(parts.query, keep_blank_values=True)
    options = dict(sent)
    is_clear = len(sent) == len(options) and all(options.values())
    if not parts.netloc or not is_clear or set(options) - set(OPTIONS):
        raise ConfigurationError(
            f"the storage {url!r} (SIRENHALL_STORAGE_URL) must be {_FORM}"
        )
    prefix = parts.path.strip("/")
    client = _client(options.get("endpoint"), options.get("region"))
    _ensure_there(client, parts.netloc, options.get("endpoint") or "AWS")
    public = options.get("public")
    return Bucket(
        client,
        _client(public, options.get("region")) if public else client,
        parts.netloc,
        f"{prefix}/" if prefix else "",
    )


def _client(endpoint: str | None, region: str | None) -> Any:
    try:
        return boto3.session.Session().client(
            "s3",
            endpoint_url=endpoint,
            region_name=region or (None if endpoint is None else "us-east-1"),
            config=Config(
                # The only version that all regions and other vendors accept.
                signature_version="s3v4",
                connect_timeout=CONNECT_SECONDS,
                read_timeout=READ_SECONDS,
                max_pool_connections=CONNECTIONS,
                # More attempts would hold a thread for minutes.
                retries={"mode": "standard", "total_max_attempts": TRIES},
                # A bucket in the host's name is AWS's own way.
                s3={"addressing_style": "path" if endpoint else "auto"},
                # Stores of others do not know AWS's newest checksums.
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
            ),
        )
    except (BotoCoreError, ValueError) as error:
        raise ConfigurationError(f"cannot use the file storage: {error}") from error


def _ensure_there(client: Any, bucket: str, where: str) -> None:
    try:
        client.head_bucket(Bucket=bucket)
    except ClientError as error:
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        reason = {
            404: f"there is no bucket {bucket} at {where}; create it first",
            403: f"the credentials may not use the bucket {bucket} at {where}",
        }.get(status, str(error))
        raise ConfigurationError(f"cannot use the file storage: {reason}") from error
    except BotoCoreError as error:
        hint = (
            "; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
            if "credentials" in str(error).lower()
            else ""
        )
        raise ConfigurationError(
            f"cannot use the file storage at {where}: {error}{hint}"
        ) from error


@contextmanager
def _translated(breaker: Breaker) -> Iterator[None]:
    """Return our error for one of the S3, and open the circuit breaker."""
    with breaker.call() as call:
        try:
            yield
        except ClientError as error:
            raise _meaning(error, call) from error
        except BotoCoreError as error:
            call.has_failed = True
            raise _unavailable(error) from error


def _meaning(error: ClientError, call: Call) -> Exception:
    code = str(error.response.get("Error", {}).get("Code"))
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
    if code in _MISSING:
        return FileNotFoundError(code)
    if code in _FULL or status == InsufficientStorage.status:
        return InsufficientStorage(
            "the file storage has no room for this file; nothing was stored"
        )
    # Any other answer is one by the rules, though not what we wanted.
    call.has_failed = (status or SERVER_ERROR) >= SERVER_ERROR
    return _unavailable(error)


def _unavailable(error: Exception) -> Unavailable:
    _OUTAGE.log("the file storage does not answer as it should", error)
    return unanswered()
