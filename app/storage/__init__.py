"""File storage: a port of a few methods, and its adapters by URL.

Tested in `tests/storage/test_contract.py`.
"""

from pathlib import Path

from app.errors import ConfigurationError
from app.storage.local import LocalStorage
from app.storage.port import CHUNK, Blob, NewFile, Partial, Storage, Stored, Writer

__all__ = [
    "CHUNK",
    "Blob",
    "NewFile",
    "Partial",
    "Storage",
    "Stored",
    "Writer",
    "storage_at",
]


def storage_at(url: str, *, is_shared: bool = False) -> Storage:
    """Open the storage that a URL names: ``file:/folder`` or ``s3://bucket/prefix``.

    A folder that is shared can be read by our group, to which the server in front
    belongs that sends the files. Raise `ConfigurationError` where it cannot be used,
    and for any other scheme.
    """
    scheme, _, rest = url.partition(":")
    if scheme == "s3":
        return _s3(url)
    path = Path(rest.removeprefix("//") if rest.startswith("///") else rest)
    if scheme == "file" and path.is_absolute():
        try:
            return LocalStorage(path, is_shared=is_shared)
        except OSError as error:
            raise ConfigurationError(
                f"cannot keep files in {path}: {error.strerror or error}"
            ) from error
    raise ConfigurationError(
        f"the storage {url!r} (SIRENHALL_STORAGE_URL) must be file:/path/of/a/folder, "
        "or s3://bucket/prefix?endpoint=https://…"
    )


def _s3(url: str) -> Storage:
    try:
        from app.storage.s3 import S3Storage
    except ImportError as error:
        raise ConfigurationError(
            "S3 needs its client: pip install 'sirenhall[s3]'"
        ) from error
    return S3Storage(url)
