"""Keeps an installation in order: what is nobody's goes, what is damaged is named."""

import hashlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from app.services import blobs, idempotency, uploads, webhooks
from app.services.installation import Installation
from app.storage import CHUNK, Storage, Stored

OLD = 3600
"""Seconds after which what no row names is on its way to none any more."""

COMMITTED = 15
"""Seconds within which the row of a blob is there, that was to have one."""

Progress = Callable[[int], None]
"""Takes how many bytes more are done."""

MISSING, DAMAGED, ORPHAN = "missing", "damaged", "orphan"


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as it should be, in words."""

    kind: str
    key: str
    words: str

    def __str__(self) -> str:
        """Say it in one line."""
        return f"{self.kind}: {self.words} (blob {self.key})"


@dataclass(slots=True)
class Swept:
    """What a sweep removed, or would have."""

    expired_uploads: int = 0
    unfinished: int = 0
    orphans: list[Stored] = field(default_factory=list)

    @property
    def freed(self) -> int:
        """The bytes of the orphans."""
        return sum(orphan.size for orphan in self.orphans)


def tidy(installation: Installation, older_than: float = OLD) -> tuple[int, int]:
    """Remove what had its time; give the expired slots and the unfinished files."""
    with installation.database.writing() as tx:
        expired = uploads.count_expired(tx)
        left = uploads.remove_expired(tx)
        idempotency.remove_expired(tx)
        webhooks.remove_old(tx)
    installation.removal.retry()
    installation.removal.remove_partials(left)
    return expired, installation.storage.clear_unfinished(older_than)


def sweep(installation: Installation, *, older_than: float, is_dry: bool) -> Swept:
    """Remove expired upload slots, what crashes left, and blobs that no row names.

    What was written to within `older_than` seconds stays: it may be on its way.
    """
    swept = Swept()
    if is_dry:
        with installation.database.reading() as db:
            swept.expired_uploads = uploads.count_expired(db)
    else:
        swept.expired_uploads, swept.unfinished = tidy(installation, older_than)
    swept.orphans = orphans(installation, older_than)
    if is_dry or not swept.orphans:
        return swept
    # AWS dates an object by its first part: what is old may have come this moment.
    time.sleep(min(older_than, COMMITTED))
    with installation.database.reading() as db:
        named = blobs.named(db)
    swept.orphans = [orphan for orphan in swept.orphans if not named.has(orphan)]
    for orphan in swept.orphans:
        if orphan.is_partial:
            installation.storage.drop_partial(orphan.key)
        else:
            installation.storage.delete(orphan.key)
    return swept


def orphans(installation: Installation, older_than: float) -> list[Stored]:
    """List what the storage has and no row names."""
    # Listed first: what is stored meanwhile is named by a row that is read afterwards.
    limit = time.time() - older_than
    found = [s for s in installation.storage.stored() if s.modified <= limit]
    with installation.database.reading() as db:
        named = blobs.named(db)
    return [stored for stored in found if not named.has(stored)]


def verify(
    installation: Installation,
    files: list[blobs.File],
    *,
    older_than: float,
    progress: Progress,
) -> Iterator[Finding]:
    """Read every file of every version again, and compare; then look for orphans."""
    for file in files:
        damage = check(installation.storage, file, progress)
        if damage is not None and _is_still_named(installation, file):
            yield damage
    for orphan in orphans(installation, older_than):
        words = f"{orphan.size} bytes that no version names; `sweep` removes them"
        yield Finding(ORPHAN, orphan.key, words)


def _is_still_named(installation: Installation, file: blobs.File) -> bool:
    """Tell damage from what was deleted since it was looked up."""
    with installation.database.reading() as db:
        return blobs.is_of_version(db, file.key)


def check(storage: Storage, file: blobs.File, progress: Progress) -> Finding | None:
    """Compare a blob with what its row says; None if it is right."""
    digest, size = hashlib.sha256(), 0
    try:
        with storage.open(file.key) as stream:
            while chunk := stream.read(CHUNK):
                digest.update(chunk)
                size += len(chunk)
                progress(len(chunk))
    except FileNotFoundError:
        return Finding(MISSING, file.key, f"{file} is not in the storage")
    except OSError as error:
        return unreadable(file, error)
    return compare(file, size, digest.hexdigest())


def unreadable(file: blobs.File, error: OSError) -> Finding:
    """Say that a disk does not give a file any more."""
    return Finding(DAMAGED, file.key, f"{file} cannot be read: {error}")


def compare(file: blobs.File, size: int, sha256: str) -> Finding | None:
    """Say what is wrong with bytes that should be a file."""
    if size != file.size:
        words = f"{file} has {size} bytes, not {file.size}"
        return Finding(DAMAGED, file.key, words)
    if sha256 != file.sha256:
        words = f"{file} has the SHA-256 {sha256}, not {file.sha256}"
        return Finding(DAMAGED, file.key, words)
    return None
