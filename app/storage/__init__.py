"""Where files are kept: a port of a few verbs, and its adapters by URL."""

from pathlib import Path

from app.errors import ConfigurationError
from app.storage.local import LocalStorage
from app.storage.port import Blob, Storage, Writer

__all__ = ["Blob", "Storage", "Writer", "storage_at"]


def storage_at(url: str) -> Storage:
    """Open the storage that a URL names: ``file:/folder``.

    Raises `ConfigurationError` for any other scheme.
    """
    scheme, _, rest = url.partition(":")
    if scheme == "file" and rest:
        path = rest.removeprefix("//") if rest.startswith("///") else rest
        return LocalStorage(Path(path))
    raise ConfigurationError(
        f"SIRENHALL_STORAGE_URL={url!r}: must be file:/path/of/a/folder"
    )
