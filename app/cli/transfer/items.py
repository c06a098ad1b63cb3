"""An item of an import, independent of its source."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from app.cli.transfer.codes import Known, codes_of

if TYPE_CHECKING:
    from app.cli.client.store import StoreClient
    from app.cli.client.transport import Progress

CREATED, UPDATED, UNCHANGED, REFUSED = "created", "updated", "unchanged", "refused"
"""What can become of an item."""


class ForeignEntry(Protocol):
    """An entry of another system's list, which knows how to import itself."""

    def import_into(
        self,
        shop: "StoreClient",
        item: "ImportItem",
        progress: "Progress",
        *,
        is_dry: bool,
    ) -> str:
        """Import it and return what became of it. Raise `Refused`."""


@dataclass(frozen=True, slots=True)
class ImportItem:
    """Something to be sold: `where` it was read, its values as texts, its file.

    `defaults` are for what is new: what is known may have been changed in the shop.
    """

    where: str
    values: Mapping[str, str]
    defaults: Mapping[str, str] = field(default_factory=dict)
    file: Path | None = None
    category: str | None = None
    problems: tuple[str, ...] = ()
    skipped: str = ""
    """Why it is left out, if it is."""

    entry: ForeignEntry | None = None
    """What brings it in, where it is no plain downloadable."""

    currency: str = ""
    """The currency of its price, where that is known (ISO 4217)."""

    inside: Path | None = None
    """The path below the folder, of which its code is made, where no list has one."""

    @property
    def initial_values(self) -> dict[str, Any]:
        """The properties of a new downloadable."""
        return {**self.defaults, **self.values}

    @property
    def code(self) -> str:
        """The code by which it is known again."""
        return self.values.get("code", "")


def with_codes(items: list[ImportItem], known: Known) -> list[ImportItem]:
    """Return wares with codes for those that are known by their paths."""
    codes = codes_of([item.inside for item in items if item.inside], known)
    return [
        replace(item, values={**item.values, "code": codes[item.inside]})
        if item.inside
        else item
        for item in items
    ]
