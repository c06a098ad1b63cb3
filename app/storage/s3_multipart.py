"""Multipart uploads: an object is uploaded in parts, and appears at the end."""

from app.errors import InsufficientStorage
from app.storage.s3_bucket import Bucket, Part

PART = 5 * 2**20
"""Bytes of each part but the last: S3's least, and all alike, as some want it."""

MOST_PARTS = 10_000


class Multipart:
    """One multipart upload; `id` is what the store calls it."""

    def __init__(self, bucket: Bucket, name: str, upload_id: str) -> None:
        self.id = upload_id
        self._bucket = bucket
        self._name = name
        self._tags: list[str] = []
        self._listed: list[Part] | None = None

    @classmethod
    def begin(cls, bucket: Bucket, name: str) -> "Multipart":
        """Begin a new one."""
        return cls(bucket, name, bucket.begin(name))

    @property
    def count(self) -> int:
        """The number of parts."""
        return len(self._tags)

    def sizes(self) -> list[int]:
        """Return the sizes of the parts in the store, up to the first it lacks."""
        numbered = {part.number: part.size for part in self._parts()}
        found: list[int] = []
        while len(found) + 1 in numbered:
            found.append(numbered[len(found) + 1])
        return found

    def go_on_after(self, count: int) -> None:
        """Keep the first parts; later ones will be written again."""
        tags = {part.number: part.tag for part in self._parts()}
        self._tags = [tags[number] for number in range(1, count + 1)]

    def add(self, data: bytes | bytearray) -> None:
        """Send the next part. Raise `InsufficientStorage` where there are too many."""
        number = self.count + 1
        if number > MOST_PARTS:
            raise InsufficientStorage(
                f"the file storage takes files up to {PART * MOST_PARTS} bytes"
            )
        self._tags.append(self._bucket.add_part(self._name, self.id, number, data))

    def complete(self) -> None:
        """Complete the upload. One that is complete already stays as it is."""
        try:
            self._bucket.complete(self._name, self.id, self._tags)
        except FileNotFoundError:
            if not self._bucket.has(self._name):
                raise

    def abort(self) -> None:
        """Abort it and delete its parts."""
        self._bucket.abort(self._name, self.id)

    def _parts(self) -> list[Part]:
        if self._listed is None:
            self._listed = self._bucket.parts(self._name, self.id)
        return self._listed
