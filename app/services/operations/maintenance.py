"""Maintenance: delete expired and orphaned data, verify files.

Tested in `tests/cli/test_maintenance.py`.
"""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from app.errors import InsufficientStorage
from app.services import blob_references, idempotency
from app.services.catalogue import upload_slots
from app.services.operations.installation import Installation
from app.services.webhooks import outbox
from app.storage import CHUNK, Storage, Stored

BATCH = 200

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
        """Return the report as one line."""
        return f"{self.kind}: {self.words} (blob {self.key})"


@dataclass(slots=True)
class SweepResult:
    """The numbers of what a sweep removed, or would remove."""

    expired_uploads: int = 0
    unfinished: int = 0
    orphans: list[Stored] = field(default_factory=list)
    is_put_off: bool = False
    """Whether a backup or a restore runs, so that no file was removed."""

    @property
    def freed(self) -> int:
        """The bytes of the orphans."""
        return sum(orphan.size for orphan in self.orphans)


def remove_expired(installation: Installation) -> None:
    """Delete expired rows, and unfinished uploads of stopped processes."""
    _remove_expired(installation)
    _remove_uploads_without_row(installation)


def _remove_expired(installation: Installation) -> tuple[int, int]:
    """Delete expired rows, and files that were never completed.

    Return the numbers of expired slots and of such files.
    """
    # First, since it makes room where the disk is full.
    unfinished = installation.storage.clear_unfinished()
    try:
        expired = _remove_expired_rows(installation)
    except InsufficientStorage:
        installation.make_room()
        expired = _remove_expired_rows(installation)
    return expired, unfinished


def _remove_expired_rows(installation: Installation) -> int:
    with installation.database.writing() as tx:
        expired = upload_slots.count_expired_slots(tx)
        left = upload_slots.delete_expired_slots(tx)
        idempotency.delete_expired_outcomes(tx)
        outbox.delete_old_deliveries(tx)
    installation.removal.remove(left)
    return expired


def _remove_uploads_without_row(installation: Installation) -> None:
    """Remove whole files whose process was stopped before they had a row."""
    found = installation.storage.unsettled()
    if not found:
        return
    with installation.database.writing() as tx:
        unnamed = [key for key in found if not blob_references.is_referenced(tx, key)]
    installation.removal.remove(unnamed)
    for key in set(found) - set(unnamed):
        installation.storage.settle(key)


def sweep(installation: Installation, *, is_dry: bool) -> SweepResult:
    """Remove expired upload slots, what crashes left, and blobs that no row names.

    What waits for its row stays, and so does everything while a backup or a restore
    copies it.
    """
    swept = SweepResult()
    if installation.database.removal_lock.is_held():
        # The backup may be copying a file that looks orphaned by now.
        swept.is_put_off = True
    else:
        # First, since it makes room where the disk is full, and needs none.
        swept.orphans = find_orphans(installation)
    if is_dry:
        with installation.database.reading() as db:
            swept.expired_uploads = upload_slots.count_expired_slots(db)
        return swept
    for orphan in swept.orphans:
        if orphan.is_partial:
            installation.storage.drop_partial(orphan.key)
    installation.removal.remove(o.key for o in swept.orphans if not o.is_partial)
    if not swept.is_put_off:
        # What could not be removed is not to be told as if it was.
        installation.removal.retry()
    swept.expired_uploads, swept.unfinished = _remove_expired(installation)
    _remove_uploads_without_row(installation)
    return swept


def find_orphans(installation: Installation) -> list[Stored]:
    """List what the storage has, no row names, and no process works for."""
    # Listed first: what is stored meanwhile is named by a row that is read afterwards.
    found = list(installation.storage.stored())
    with installation.database.reading() as db:
        named = blob_references.referenced_keys(db)
    found = [stored for stored in found if not named.has(stored)]
    whole = [stored.key for stored in found if not stored.is_partial]
    abandoned = set(installation.storage.abandoned(whole))
    found = [s for s in found if s.is_partial or s.key in abandoned]
    return [one for some in _batched(found) for one in _unnamed(installation, some)]


def _unnamed(installation: Installation, found: list[Stored]) -> list[Stored]:
    # While it is our turn to write, no commit is under way.
    with installation.database.writing() as tx:
        return [
            stored
            for stored in found
            if not blob_references.is_of_upload(tx, stored.key)
            # What a crash left of an upload may lie beside the version it became.
            and (stored.is_partial or not blob_references.is_of_version(tx, stored.key))
        ]


def _batched(found: list[Stored]) -> Iterator[list[Stored]]:
    """Yield parts of a list, so that nobody waits long for a turn to write."""
    for start in range(0, len(found), BATCH):
        yield found[start : start + BATCH]


def verify(
    installation: Installation,
    files: list[blob_references.File],
    *,
    progress: Progress,
) -> Iterator[Finding]:
    """Read every file of every version again, and compare; then look for orphans."""
    for file in files:
        damage = check_blob(installation.storage, file, progress)
        # It may have been deleted since the list was made.
        if damage is not None and _is_still_named(installation, file):
            yield damage
    # What is deleted while a backup runs is removed when it has ended.
    is_put_off = installation.database.removal_lock.is_held()
    for orphan in () if is_put_off else find_orphans(installation):
        words = (
            f"{orphan.size} bytes, not referenced by any version; `sweep` removes them"
        )
        yield Finding(ORPHAN, orphan.key, words)


def _is_still_named(installation: Installation, file: blob_references.File) -> bool:
    """Return whether a row still refers to a blob that could not be read."""
    with installation.database.reading() as db:
        return blob_references.is_of_version(db, file.key)


def check_blob(
    storage: Storage, file: blob_references.File, progress: Progress
) -> Finding | None:
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
    return compare_blob(file, size, digest.hexdigest())


def unreadable(file: blob_references.File, error: OSError) -> Finding:
    """Return the finding for a file that the disk cannot read."""
    return Finding(DAMAGED, file.key, f"{file} cannot be read: {error}")


def compare_blob(file: blob_references.File, size: int, sha256: str) -> Finding | None:
    """Return the finding for a blob with other bytes than its row says, or None."""
    if size != file.size:
        words = f"{file} has {size} bytes, not {file.size}"
        return Finding(DAMAGED, file.key, words)
    if sha256 != file.sha256:
        words = f"{file} has the SHA-256 {sha256}, not {file.sha256}"
        return Finding(DAMAGED, file.key, words)
    return None
