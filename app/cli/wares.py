"""What `import` reads: a folder of files, a CSV with a line for each, or a list."""

import csv
import io
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from app.errors import ConfigurationError
from representations.csv_table import unprotect
from schemas.downloadable import DownloadableSchema

if TYPE_CHECKING:
    from app.cli.shop import Shop
    from app.cli.wires import Progress

PATH, CATEGORY = "path", "category"
LONGEST_CODE, LONGEST_NAME = 50, 100
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
    elif source.is_file():
        wares = list(_of_csv(source, price))
    else:
        raise ConfigurationError(f"{source} is neither a folder nor a CSV")
    if not wares:
        raise ConfigurationError(f"there is nothing to import in {source}")
    return wares


def _of_folder(folder: Path, price: str | None) -> Iterator[Ware]:
    if price is None:
        raise ConfigurationError(
            "a folder of files needs a --price; for a price each, write a CSV"
        )
    paths = sorted(path for path in folder.rglob("*") if not path.is_dir())
    titles = Counter(path.with_suffix("") for path in paths)
    taken: dict[str, Path] = {}
    for path in paths:
        inside = path.relative_to(folder)
        skipped = _skipped(path, inside, folder)
        if skipped:
            yield Ware(str(inside), {}, skipped=skipped)
            continue
        code = code_of(inside)
        problems: tuple[str, ...] = ()
        if code in taken:
            problems = (f"code {code} is that of {taken[code]}, too; rename one",)
        taken.setdefault(code, inside)
        name = re.sub(r"[_\s]+", " ", path.stem).strip()[: LONGEST_NAME - 10] or code
        if titles[path.with_suffix("")] > 1:
            name = f"{name} ({path.suffix[1:].upper()[:8]})"
        defaults = {"name": name, "price": price}
        yield Ware(str(inside), {"code": code}, defaults, path, problems=problems)


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


def code_of(path: Path) -> str:
    """Make a code of a file's path; its ending tells one format from another."""
    text = unicodedata.normalize("NFKC", str(path)).casefold()
    code = re.sub(r"[^\w-]+", "-", text).strip("-")
    return code[-LONGEST_CODE:].strip("-") or "file"


def _of_csv(path: Path, price: str | None) -> Iterator[Ware]:
    text, delimiter = _text_of(path)
    reader = csv.DictReader(
        io.StringIO(text, newline=""), delimiter=delimiter, restkey="", strict=True
    )
    _ensure_known(path, [name.strip() for name in reader.fieldnames or ()])
    seen: dict[str, int] = {}
    try:
        for row in reader:
            # Spreadsheets write lines of nothing below a table.
            if any(value for value in row.values() if value != [""]):
                values = {
                    name: unprotect(value) if isinstance(value, str) else value
                    for name, value in row.items()
                }
                if delimiter != "," and isinstance(values.get("price"), str):
                    # There the comma is for decimals.
                    values["price"] = DECIMAL.sub(r"\1.\2", str(values["price"]))
                yield _of_row(path, reader.line_num, values, price, seen)
    except csv.Error as error:
        raise ConfigurationError(
            f"{path}, line {reader.line_num + 1}: {error}"
        ) from error


def _text_of(path: Path) -> tuple[str, str]:
    """Read a CSV, and find what is between its fields. Raises `ConfigurationError`."""
    data = path.read_bytes()
    if path.suffix.lower() not in {".csv", ".tsv", ".txt"} or b"\0" in data[:1000]:
        raise ConfigurationError(
            f"{path} is neither a folder, a CSV in UTF-8 (*.csv), nor a JSON list; to "
            "sell one file, put it into a folder"
        )
    try:
        # As spreadsheets write it, with a mark before.
        text = data.decode("utf-8-sig")
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
    unknown = [name for name in names if name not in {*COLUMNS, *_IGNORED}]
    if unknown:
        close = get_close_matches(unknown[0], COLUMNS, n=1)
        hint = f" (did you mean {close[0]}?)" if close else ""
        raise ConfigurationError(
            f"{path}: unknown column {unknown[0]!r}{hint}; known are "
            + ", ".join(COLUMNS)
        )
    if "code" not in names:
        raise ConfigurationError(
            f"{path}: there is no column code, by which a downloadable is known again"
        )


def _of_row(
    path: Path,
    line: int,
    row: Mapping[str, Any],
    price: str | None,
    seen: dict[str, int],
) -> Ware:
    problems = []
    if "" in row:
        problems.append("the line has more fields than the first one has names")
    texts = {
        name.strip(): value.strip()
        for name, value in row.items()
        if name and isinstance(value, str) and value.strip()
    }
    values = {name: texts[name] for name in SETTABLE if name in texts}
    code = values.get("code", "")
    if not code:
        problems.append("code can't be blank")
    elif code in seen:
        problems.append(f"code {code} was in line {seen[code]} already")
    seen.setdefault(code, line)
    file = None
    if PATH in texts:
        file = path.parent / texts[PATH]
        if not file.exists():
            # As Windows writes it.
            file = path.parent / texts[PATH].replace("\\", "/")
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
