"""Where files are kept: a port of a few verbs, and its adapters by URL."""

from pathlib import Path

from app.errors import ConfigurationError
from app.storage.local import LocalStorage, sync_folder
from app.storage.port import Blob, Partial, Storage, Writer

__all__ = ["Blob", "Partial", "Storage", "Writer", "storage_at", "sync_folder"]


def storage_at(url: str) -> Storage:
    """Open the storage that a URL names: ``file:/folder``.

    Raises `ConfigurationError` for any other scheme.
    """
    scheme, _, rest = url.partition(":")
    path = Path(rest.removeprefix("//") if rest.startswith("///") else rest)
    if scheme == "file" and path.is_absolute():
        try:
            return LocalStorage(path)
        except OSError as error:
            raise ConfigurationError(
                f"cannot keep files in {path}: {error.strerror or error}"
            ) from error
    raise ConfigurationError(
        f"SIRENHALL_STORAGE_URL={url!r}: must be file:/path/of/a/folder"
    )
