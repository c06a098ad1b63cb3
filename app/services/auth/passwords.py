"""Hash and verify passwords with argon2id (RFC 9106).

Tested in `tests/resources/pages/test_sign_in.py`.
"""

import threading
from functools import cache
from typing import TYPE_CHECKING

from app.errors import Unavailable
from schemas.values.normalization import nfc

if TYPE_CHECKING:
    from argon2 import PasswordHasher

# OWASP's second choice: it takes about 20 ms, and little enough memory for a small
# machine.
MEMORY, PASSES, LANES = 19 * 1024, 2, 1
"""KiB of memory, passes over it, and threads."""

SHORTEST, LONGEST = 10, 200
"""Characters of a password; hashing takes longer for each."""

AT_ONCE = 2
SECONDS = 5
"""How long one waits for its turn to hash."""

# Each hash holds a core and memory, and anybody may ask for one.
_TURNS = threading.BoundedSemaphore(AT_ONCE)


@cache
def _hasher() -> "PasswordHasher":
    from argon2 import PasswordHasher

    return PasswordHasher(PASSES, MEMORY, LANES)


def ensure_long_enough(password: str) -> None:
    """Raise `ValueError` for a password that is too short, or too long to hash."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise ValueError(
            f"The password must have from {SHORTEST} to {LONGEST} characters."
        )


def hash_password(password: str) -> str:
    """Return the argon2id hash of a password. Raise `Unavailable`."""
    with _Turn():
        return _hasher().hash(nfc(password))


def is_password(digest: str | None, password: str) -> bool:
    """Return whether a password matches a hash. Raise `Unavailable`.

    Without a digest it takes as long, and is false: the time tells nothing.
    """
    from argon2.exceptions import InvalidHashError, VerificationError

    with _Turn():
        try:
            is_same = _hasher().verify(digest or _nobodys(), nfc(password))
        except (InvalidHashError, VerificationError):
            return False
    return is_same and digest is not None


@cache
def _nobodys() -> str:
    return _hasher().hash("the password of an account that does not exist")


class _Turn:
    """Waits until few enough others hash. Raise `Unavailable`."""

    def __enter__(self) -> None:
        if not _TURNS.acquire(timeout=SECONDS):
            raise Unavailable(
                "too many people sign in at the moment; please try again",
                retry_after=5,
            )

    def __exit__(self, *_error: object) -> None:
        _TURNS.release()
