"""What `import` reads: a file, a folder of files, a table, or a list."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from app.cli.transfer.codes import Known, codes_of
from app.errors import ConfigurationError
from schemas.base.fields import UNREPRESENTABLE

if TYPE_CHECKING:
    from app.cli.client.store import Shop
    from app.cli.client.transport import Progress

LONGEST_NAME = 100
SPREADSHEETS = frozenset({".xlsx", ".xls", ".ods", ".numbers"})
SYSTEM = {"desktop.ini", "thumbs.db", "icon\r"}


class Entry(Protocol):
    """What a ware is made of that comes from another system's list."""

    def take(
        self, shop: "Shop", ware: "Ware", progress: "Progress", *, is_dry: bool
    ) -> str:
        """Bring it in, and say what became of it. Raises `Refused`."""


@dataclass(frozen=True, slots=True)
class Ware:
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

    entry: Entry | None = None
    """What brings it in, where it is no plain downloadable."""

    currency: str = ""
    """The currency of its price, where that is known (ISO 4217)."""

    inside: Path | None = None
    """The path below the folder, of which its code is made, where no list has one."""

    @property
    def code(self) -> str:
        """The code by which it is known again."""
        return self.values.get("code", "")


def read(source: Path, price: str | None) -> list[Ware]:
    """Read a folder, a CSV, or another system's list. Raises `ConfigurationError`."""
    from app.cli.transfer.sources import table

    if source.is_dir():
        wares = list(_of_folder(source, price))
    elif source.is_file() and source.suffix.lower() == ".json":
        from app.cli.transfer.sources import api_list

        wares = list(api_list.read(source, price))
    elif source.is_file() and table.is_table(source):
        wares = list(table.read(source, price))
    elif source.suffix.lower() in SPREADSHEETS:
        raise ConfigurationError(
            f"{source} is a spreadsheet: save it as CSV UTF-8; to sell it, put it into "
            "a folder"
        )
    elif source.is_file():
        wares = [_of_file(source, source.parent, _needed(price), source.stem)]
    else:
        raise ConfigurationError(f"{source} is neither a folder nor a file")
    if not wares:
        raise ConfigurationError(f"there is nothing to import in {source}")
    return wares


def _of_folder(folder: Path, price: str | None) -> Iterator[Ware]:
    price = _needed(price)
    paths = sorted(path for path in folder.rglob("*") if not path.is_dir())
    titles = Counter(path.with_suffix("") for path in paths)
    for path in paths:
        inside = path.relative_to(folder)
        skipped = _skipped(path, inside, folder)
        if skipped:
            yield Ware(str(inside), {}, skipped=skipped)
            continue
        title = path.stem
        if titles[path.with_suffix("")] > 1:
            title = f"{title[: LONGEST_NAME - 12]} ({path.suffix[1:].upper()[:8]})"
        yield _of_file(path, folder, price, title)


def _needed(price: str | None) -> str:
    if price is None:
        raise ConfigurationError(
            "files need a --price; for a price each, write a CSV with the columns "
            "code, name, price and path"
        )
    return price


def _of_file(path: Path, folder: Path, price: str, title: str) -> Ware:
    """Return what a file is sold as; its code is given once the store is known."""
    name = re.sub(r"[_\s]+", " ", title).strip()[:LONGEST_NAME] or path.name
    inside = path.relative_to(folder)
    shown, problems = str(inside), []
    if not shown.isprintable() and UNREPRESENTABLE.search(shown):
        shown = UNREPRESENTABLE.sub("\ufffd", shown)
        problems = ["its name is not UTF-8; rename it"]
    values = {"name": name, "price": price}
    return Ware(shown, {}, values, path, problems=tuple(problems), inside=inside)


def with_codes(wares: list[Ware], known: Known) -> list[Ware]:
    """Return wares with codes for those that are known by their paths."""
    codes = codes_of([ware.inside for ware in wares if ware.inside], known)
    return [
        replace(ware, values={**ware.values, "code": codes[ware.inside]})
        if ware.inside
        else ware
        for ware in wares
    ]


def _skipped(path: Path, inside: Path, folder: Path) -> str:
    """Say why a file of a folder is not for sale."""
    if any(part.startswith(".") for part in inside.parts):
        return "hidden"
    if path.name.startswith("~$") or path.name.lower() in SYSTEM:
        return "a file of the system or of an editor"
    if not path.is_file():
        return "no file"
    if not path.resolve().is_relative_to(folder.resolve()):
        return "a link to outside of the folder"
    return ""
