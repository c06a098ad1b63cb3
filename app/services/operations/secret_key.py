"""The secret key of an installation: a setting, or a file in the data folder.

Tested in `tests/services/operations/test_installation.py`.
"""

import hashlib
import secrets
from pathlib import Path

from app.errors import ConfigurationError
from app.private_files import restrict, write_whole
from app.settings import BACKUP_MARK, DATABASE, Settings

KEY_BYTES = 32
SECRET_KEY = "secret_key"  # noqa: S105 - the name of a file

NEW_KEY = (
    "Restore it from a backup: with another key the starter token and the stored "
    "answers to Idempotency-Keys are lost. To go on without them, make a new key: "
    f"openssl rand -hex {KEY_BYTES} > "
    "{path}"
)


def read_secret_key(settings: Settings) -> bytes:
    """Return the key, 32 bytes.

    Raise `ConfigurationError` if its file is missing or damaged.
    """
    if settings.secret_key:
        return hashlib.sha256(settings.secret_key.encode()).digest()
    path = settings.data_dir.resolve() / SECRET_KEY
    try:
        key = bytes.fromhex(path.read_text("ascii").strip())
    except FileNotFoundError:
        _ensure_unused(settings, path)
        raise ConfigurationError(
            f"{path} is missing. " + NEW_KEY.format(path=path)
        ) from None
    except ValueError:
        key = b""
    # With a short key anybody could compute the starter token.
    if len(key) != KEY_BYTES:
        raise ConfigurationError(
            f"{path} is damaged: it must be {2 * KEY_BYTES} hexadecimal digits. "
            + NEW_KEY.format(path=path)
        )
    return key


def create_secret_key(settings: Settings) -> None:
    """Create the file of the key if it does not exist and no setting replaces it.

    Raise `ConfigurationError` if there are data that were made with another key.
    """
    if settings.secret_key:
        return
    path = settings.data_dir.resolve() / SECRET_KEY
    if not path.exists():
        _ensure_unused(settings, path)
        write_whole(path, secrets.token_hex(KEY_BYTES) + "\n")
    restrict(path)


def _ensure_unused(settings: Settings, path: Path) -> None:
    database = path.parent / DATABASE
    if (path.parent / BACKUP_MARK).exists():
        raise ConfigurationError(
            f"{path.parent} is not a complete backup: it was interrupted; run "
            f"`sirenhall backup {path.parent}` again"
        )
    if settings.database_url or not database.exists() or not database.stat().st_size:
        return
    raise ConfigurationError(
        f"{path} is missing, but {database} is there. " + NEW_KEY.format(path=path)
    )
