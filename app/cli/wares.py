"""What `import` reads: a folder of files, a CSV with a line for each, or a list."""

import csv
import io
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from app.cli.codes import Known, codes_of
from app.errors import ConfigurationError
from representations.csv_table import unprotect
from schemas.downloadable import DownloadableSchema
from schemas.normalization import nfc

if TYPE_CHECKING:
    from app.cli.shop import Shop
    from app.cli.wires import Progress

PATH, CATEGORY = "path", "category"
LONGEST_NAME = 100
TABLES = {".csv", ".tsv"}
"""The endings of tables; a .txt is one if it begins like one."""

SYSTEM = {"desktop.ini", "thumbs.db", "icon\r"}
DECIMAL = re.compile(r"^\s*([0-9]+),([0-9]+)\s*$")
_SCHEMA = DownloadableSchema()
SETTABLE = tuple(
    name for name in _SCHEMA.writable if name not in {"file", *_SCHEMA.references()}
)
COLUMNS = (*SETTABLE, CATEGORY, PATH)
_IGNORED = {
    "id",
    "item_category_uri",
    *(name for name, prop in _SCHEMA.properties.items() if prop.dump_only),
}


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
    if source.is_dir():
        wares = list(_of_folder(source, price))
    elif source.is_file() and source.suffix.lower() == ".json":
        from app.cli import listings

        wares = list(listings.read(source, price))
    elif source.is_file() and _is_table(source):
        wares = list(_of_csv(source, price))
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
    return Ware(str(inside), {}, {"name": name, "price": price}, path, inside=inside)


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
        return "of the system, or of an editor"
    if not path.is_file():
        return "no file"
    if not path.resolve().is_relative_to(folder.resolve()):
        return "a link to outside of the folder"
    return ""


def _of_csv(path: Path, price: str | None) -> Iterator[Ware]:
    text, delimiter = _text_of(path)
    stream = io.StringIO(text, newline="")
    reader = csv.reader(stream, delimiter=delimiter, strict=True)
    seen: dict[str, int] = {}
    try:
        names = [column_name(name) for name in next(reader, [])]
        _ensure_known(path, names)
        for row in reader:
            # Spreadsheets write lines of nothing below a table.
            if any(value.strip() for value in row):
                values = [unprotect(value).strip() for value in row]
                if delimiter != ",":
                    # There the comma is for decimals.
                    values = [
                        DECIMAL.sub(r"\1.\2", value) if name == "price" else value
                        for name, value in zip_longest(names, values, fillvalue="")
                    ]
                yield _of_row(path, reader.line_num, names, values, price, seen)
    except csv.Error as error:
        raise ConfigurationError(
            f"{path}, line {max(reader.line_num, 1)}: {error}"
        ) from error


def column_name(written: str) -> str:
    """Return the property that a header means: `Max Downloads` is `max_downloads`."""
    return re.sub(r"[\s-]+", "_", written.strip().casefold())


def _is_table(path: Path) -> bool:
    if path.suffix.lower() in TABLES:
        return True
    if path.suffix.lower() != ".txt":
        return False
    with path.open("rb") as file:
        head = file.readline(10_000).decode("utf-8-sig", "replace").casefold()
    return "code" in re.split(r"[,;\t]", head.strip()) or head.startswith("sep=")


def _text_of(path: Path) -> tuple[str, str]:
    """Read a CSV, and find what is between its fields. Raises `ConfigurationError`."""
    data = path.read_bytes()
    if b"\0" in data[:1000]:
        raise ConfigurationError(f"{path} is no CSV in UTF-8; save it as CSV UTF-8")
    try:
        # As spreadsheets write it, with a mark before.
        text = nfc(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise ConfigurationError(
            f"{path} is not UTF-8 (byte {error.start}); save it as CSV UTF-8"
        ) from error
    if not text.strip():
        raise ConfigurationError(f"{path} is empty")
    head, _, rest = text.partition("\n")
    if head.strip().lower().startswith("sep="):
        return rest, head.strip()[4:5] or ","
    return text, max(",;\t", key=head.count)


def _ensure_known(path: Path, names: list[str]) -> None:
    """Refuse columns that mean nothing; those without a name are ignored."""
    unknown = [name for name in names if name not in {"", *COLUMNS, *_IGNORED}]
    if unknown:
        close = get_close_matches(unknown[0], COLUMNS, n=1)
        hint = f" (did you mean {close[0]}?)" if close else ""
        raise ConfigurationError(
            f"{path}: unknown column {unknown[0]!r}{hint}; known are "
            + ", ".join(COLUMNS)
        )
    twice = [name for name, count in Counter(names).items() if name and count > 1]
    if twice:
        raise ConfigurationError(f"{path}: the column {twice[0]} is there twice")
    if "code" not in names:
        raise ConfigurationError(
            f"{path}: there is no column code, by which a downloadable is known again"
        )


def _of_row(
    path: Path,
    line: int,
    names: list[str],
    row: list[str],
    price: str | None,
    seen: dict[str, int],
) -> Ware:
    problems = []
    for number, value in enumerate(row):
        if value and (number >= len(names) or not names[number]):
            problems.append(
                f"column {number + 1} has no name in the first line, but {value[:40]!r}"
            )
    texts = {name: value for name, value in zip(names, row, strict=False) if value}
    values = {name: texts[name] for name in SETTABLE if name in texts}
    code = values.get("code", "")
    if not code:
        problems.append("code can't be blank")
    elif code in seen:
        problems.append(f"code {code} was in line {seen[code]} already")
    seen.setdefault(code, line)
    file = None
    if PATH in texts:
        file = _file_at(path.parent, texts[PATH])
        # Who wrote the list may be somebody else than who runs this.
        if not file.resolve().is_relative_to(path.parent.resolve()):
            problems.append(f"path {texts[PATH]} is outside of the CSV's folder")
        elif not file.is_file():
            what = "is a folder" if file.is_dir() else "is not there"
            problems.append(f"path {texts[PATH]} {what}")
    return Ware(
        f"line {line}",
        values,
        {} if price is None else {"price": price},
        file,
        texts.get(CATEGORY),
        tuple(problems),
    )


def _file_at(folder: Path, written: str) -> Path:
    """Return the file that a list means, as it is written or as it may be.

    Windows writes backslashes, and macOS stores names in NFD.
    """
    plain = written.replace("\\", "/")
    candidates = [folder / written, folder / plain]
    candidates += [folder / unicodedata.normalize(f, plain) for f in ("NFC", "NFD")]
    return next((path for path in candidates if path.exists()), candidates[0])
