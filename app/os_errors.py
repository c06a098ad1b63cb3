"""Translate errors of the operating system into errors of a request.

Tested in `tests/torture/faults/test_full_disk.py`.
"""

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from app.errors import InsufficientStorage, RequestError, Unavailable

READ_ONLY = frozenset({errno.EROFS, errno.EACCES, errno.EPERM})
FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})

_RETRY_AFTER = 5
_BROKEN = "the server's disk does not answer as it should; please try again"
_WORDS = {
    **dict.fromkeys(
        (errno.EMFILE, errno.ENFILE),
        "the server has too many files open; please try again",
    ),
    **dict.fromkeys(
        READ_ONLY,
        "the server may not write to its disk; nothing was changed",
    ),
    **dict.fromkeys(
        (
            *(errno.EIO, errno.ESTALE, errno.ENXIO, errno.ENODEV, errno.EREMOTEIO),
            *(errno.ENOTCONN, errno.ETIMEDOUT, errno.EHOSTDOWN, errno.EHOSTUNREACH),
        ),
        _BROKEN,
    ),
    **dict.fromkeys(
        (errno.ENOMEM, errno.EAGAIN),
        "the server has too much to do; please try again",
    ),
}


def translated(error: OSError) -> RequestError | None:
    """Return the client's error for an error of the operating system, if there is one.

    507 for a full disk, else 503.
    """
    if error.errno in FULL:
        return InsufficientStorage("the server's disk is full; nothing was changed")
    words = _WORDS.get(error.errno or 0)
    return Unavailable(words, retry_after=_RETRY_AFTER) if words else None


@contextmanager
def explained(*, needs_folder: bool = False) -> Iterator[None]:
    """Raise `InsufficientStorage` or `Unavailable` instead of an `OSError`.

    `FileNotFoundError` and what is not known stay as they are, but where a file is made
    a folder that is missing is a disk that is not there.
    """
    try:
        yield
    except OSError as error:
        found = translated(error)
        if needs_folder and isinstance(error, FileNotFoundError):
            found = Unavailable(_BROKEN, retry_after=_RETRY_AFTER)
        if found is None:
            raise
        raise found from error
