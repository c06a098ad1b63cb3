"""Tables that `import` reads: CSV as spreadsheets and programs write it."""

import codecs
import csv
import io
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from itertools import zip_longest
from pathlib import Path

from app.cli.transfer.items import ImportItem
from app.errors import ConfigurationError
from representations.csv_table import unprotect
from schemas.downloadable import DownloadableSchema
from schemas.values.normalization import nfc

PATH, CATEGORY = "path", "category"
UTF_16 = "utf-16"
TABLES = frozenset({".csv", ".tsv"})
"""The endings of tables; a .txt is one if it begins like one."""

DECIMAL = re.compile(r"^\s*([0-9]+),([0-9]+)\s*$")
_SCHEMA = DownloadableSchema()
SETTABLE = tuple(
    name for name in _SCHEMA.writable if name not in {"file", *_SCHEMA.references}
)
COLUMNS = (*SETTABLE, CATEGORY, PATH)
_IGNORED = {
    "id",
    "item_category_uri",
    *(name for name, prop in _SCHEMA.properties.items() if prop.dump_only),
}


def read(path: Path, price: str | None) -> Iterator[ImportItem]:
    """Read a table, a downloadable a line. Raise `ConfigurationError`."""
    text, delimiter = _text_of(path)
    stream = io.StringIO(text, newline="")
    reader = csv.reader(stream, delimiter=delimiter, strict=True)
    seen: dict[str, int] = {}
    try:
        # Spreadsheets may leave lines empty above a table, too.
        header = next((row for row in reader if any(map(str.strip, row))), [])
        names = [column_name(name) for name in header]
        _ensure_known(path, dict(zip(names, header, strict=False)), names)
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
        reason = str(error)
        if reason == "unexpected end of data":
            reason = "a quotation mark is never closed"
        raise ConfigurationError(
            f"{path}, line {max(reader.line_num, 1)}: {reason}"
        ) from error


def column_name(written: str) -> str:
    """Return the property that a header means: `Max Downloads` is `max_downloads`."""
    return re.sub(r"[\s-]+", "_", written.strip().casefold())


def is_table(path: Path) -> bool:
    """Return whether a file is read as a table rather than sold."""
    if path.suffix.lower() in TABLES:
        return True
    if path.suffix.lower() != ".txt":
        return False
    with path.open("rb") as file:
        data = file.read(10_000)
    head = data.decode(_encoding(data), "replace").lstrip().partition("\n")[0]
    names = [column_name(name) for name in re.split(r"[,;\t]", head)]
    return head.startswith("sep=") or (len(names) > 1 and "code" in names)


def _encoding(data: bytes) -> str:
    """Return the encoding of a text by its byte order mark."""
    is_utf_16 = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    return UTF_16 if is_utf_16 else "utf-8-sig"


def _text_of(path: Path) -> tuple[str, str]:
    """Read a CSV, and find what is between its fields. Raise `ConfigurationError`."""
    data = path.read_bytes()
    encoding = _encoding(data)
    if b"\0" in data[:1000] and encoding != UTF_16:
        raise ConfigurationError(f"{path} is not a CSV in UTF-8; save it as CSV UTF-8")
    try:
        # DOS ended a text with ^Z.
        text = nfc(data.decode(encoding)).rstrip("\x1a")
    except UnicodeDecodeError as error:
        raise ConfigurationError(
            f"{path} is not UTF-8 (byte {error.start}); save it as CSV UTF-8"
        ) from error
    if not text.strip():
        raise ConfigurationError(f"{path} is empty")
    head, _, rest = text.lstrip().partition("\n")
    if head.strip().lower().startswith("sep="):
        return rest, head.strip()[4:5] or ","
    return text, max(",;\t", key=head.count)


def _ensure_known(path: Path, written: Mapping[str, str], names: list[str]) -> None:
    """Raise an error for columns that are not known; those without a name are ignored.

    `written` are the names as they stand in the table.
    """
    unknown = [name for name in written if name not in {"", *COLUMNS, *_IGNORED}]
    if unknown:
        hinted = []
        for name in unknown:
            close = get_close_matches(name, COLUMNS, n=1)
            hint = f" (did you mean {close[0]}?)" if close else ""
            hinted.append(f"{written[name].strip()!r}{hint}")
        raise ConfigurationError(
            f"{path}: unknown column {', '.join(hinted)}; "
            f"known are {', '.join(COLUMNS)}"
        )
    twice = [name for name, count in Counter(names).items() if name and count > 1]
    if twice:
        raise ConfigurationError(f"{path}: the column {twice[0]} appears twice")
    if "code" not in names:
        raise ConfigurationError(
            f"{path}: the column code is missing; it identifies each downloadable"
        )


def _of_row(
    path: Path,
    line: int,
    names: list[str],
    row: list[str],
    price: str | None,
    seen: dict[str, int],
) -> ImportItem:
    problems = []
    for number, value in enumerate(row):
        if value and (number >= len(names) or not names[number]):
            problems.append(
                f"column {number + 1} has the value {value[:40]!r}, but no name in "
                "the first line"
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
    return ImportItem(
        f"line {line}",
        values,
        {} if price is None else {"price": price},
        file,
        texts.get(CATEGORY),
        tuple(problems),
    )


def _file_at(folder: Path, written: str) -> Path:
    """Return the path of a file named in a list, resolved against the list's folder.

    Windows writes backslashes, and macOS stores names in NFD.
    """
    plain = written.replace("\\", "/")
    candidates = [folder / written, folder / plain]
    candidates += [folder / unicodedata.normalize(f, plain) for f in ("NFC", "NFD")]
    return next((path for path in candidates if path.exists()), candidates[0])
