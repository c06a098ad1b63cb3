"""What `import` reads: a folder of files, or a CSV with a line for each."""

import csv
import io
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path

from app.errors import ConfigurationError
from schemas.downloadable import DownloadableSchema

PATH, CATEGORY = "path", "category"
LONGEST_CODE, LONGEST_NAME = 50, 100
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
    problems: tuple[str, ...] = field(default=())

    @property
    def code(self) -> str:
        """The code by which it is known again."""
        return self.values.get("code", "")


def read(source: Path, price: str | None) -> list[Ware]:
    """Read a folder or a CSV. Raises `ConfigurationError`."""
    if source.is_dir():
        wares = list(_of_folder(source, price))
    else:
        wares = list(_of_csv(source, price))
    if not wares:
        raise ConfigurationError(f"there is nothing to import in {source}")
    return wares


def _of_folder(folder: Path, price: str | None) -> Iterator[Ware]:
    if price is None:
        raise ConfigurationError(
            "a folder of files needs a --price; for a price each, write a CSV"
        )
    taken: dict[str, Path] = {}
    for path in sorted(folder.rglob("*")):
        inside = path.relative_to(folder)
        if not path.is_file() or any(part.startswith(".") for part in inside.parts):
            continue
        code = code_of(inside)
        problems: tuple[str, ...] = ()
        if code in taken:
            problems = (f"code {code} is that of {taken[code]}, too; rename one",)
        taken.setdefault(code, inside)
        name = re.sub(r"[_\s]+", " ", path.stem).strip()[:LONGEST_NAME] or code
        defaults = {"name": name, "price": price}
        yield Ware(str(inside), {"code": code}, defaults, path, problems=problems)


def code_of(path: Path) -> str:
    """Make a code of a file's name and the folders it is in."""
    text = unicodedata.normalize("NFKC", str(path.with_suffix(""))).casefold()
    code = re.sub(r"[^\w.-]+", "-", text).strip("-.")
    return code[-LONGEST_CODE:].strip("-.") or "file"


def _of_csv(path: Path, price: str | None) -> Iterator[Ware]:
    try:
        # As spreadsheets write it, with a mark before.
        text = path.read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{path} is not UTF-8 (byte {error.start})") from error
    except OSError as error:
        raise ConfigurationError(f"cannot read {path}: {error.strerror}") from error
    head = text.partition("\n")[0]
    delimiter = max(",;\t", key=head.count)
    reader = csv.DictReader(
        io.StringIO(text, newline=""), delimiter=delimiter, restkey="", strict=True
    )
    _ensure_known(path, [name.strip() for name in reader.fieldnames or ()])
    seen: dict[str, int] = {}
    try:
        for row in reader:
            yield _of_row(path, reader.line_num, row, price, seen)
    except csv.Error as error:
        raise ConfigurationError(
            f"{path}, line {reader.line_num + 1}: {error}"
        ) from error


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
    row: Mapping[str, str | list[str] | None],
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
        # Who wrote the list may be somebody else than who runs this.
        if not file.resolve().is_relative_to(path.parent.resolve()):
            problems.append(f"path {texts[PATH]} is outside of the CSV's folder")
        elif not file.is_file():
            problems.append(f"there is no file {file}")
    return Ware(
        f"line {line}",
        values,
        {} if price is None else {"price": price},
        file,
        texts.get(CATEGORY),
        tuple(problems),
    )
