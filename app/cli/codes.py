"""The codes of files that are imported: short, in ASCII, and the same in each run.

`songs/Über Größe.mp3` is `songs-uber-grosse`. Which file has a code is seen in the
store, so that another format of a title that comes later changes no code of before.
"""

import hashlib
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from anyascii import anyascii

LONGEST_CODE = 50
DIGEST = 8
"""Hexadecimal digits that tell files apart whose names are the same in ASCII."""

Known = Mapping[str, Mapping[str, Any]]
"""The downloadables of a store by their codes."""


def codes_of(paths: Sequence[Path], known: Known) -> dict[Path, str]:
    """Return a code for each path, none of them twice."""
    # A code that several paths could have says nothing of any.
    claims = Counter(code for path in paths for code in set(_shared_codes(path)))
    codes: dict[Path, str] = {}
    unknown: dict[str, list[Path]] = defaultdict(list)
    for path in paths:
        found = _code_of_before(path, known, claims)
        if found is None or found in codes.values():
            unknown[plain_code(path)].append(path)
        else:
            codes[path] = found
    taken = set(codes.values())
    for plain, several in unknown.items():
        owner = _owner(plain, several, known)
        for path in several:
            by_ending = _code_by_ending(path)
            wanted = [plain] if path == owner else []
            wanted += [by_ending] if claims[by_ending] == 1 else []
            wanted.append(_code_by_digest(path))
            codes[path] = next((c for c in wanted if c not in taken), wanted[-1])
            taken.add(codes[path])
    return codes


def _code_of_before(path: Path, known: Known, claims: Counter[str]) -> str | None:
    """Return the code under which a path is in the store, if it is its own."""
    by_digest = _code_by_digest(path)
    if by_digest in known:
        return by_digest
    for code in _shared_codes(path):
        there = known.get(code)
        if there and (claims[code] == 1 or there.get("file_name") == path.name):
            return code
    return None


def _shared_codes(path: Path) -> tuple[str, str]:
    """Return the codes that another path may have, too."""
    return _code_by_ending(path), _code_of_version_0_1(path)


def plain_code(path: Path) -> str:
    """Return the code of a path without its ending, in ASCII."""
    return _ascii(path.with_suffix(""))[-LONGEST_CODE:].strip("-") or "file"


def _code_by_ending(path: Path) -> str:
    return _with(plain_code(path), _ascii(Path(path.suffix)) or "file")


def _code_by_digest(path: Path) -> str:
    """Return the code that no other path has."""
    text = unicodedata.normalize("NFC", str(path))
    digest = hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()
    return _with(plain_code(path), digest[:DIGEST])


def _with(plain: str, suffix: str) -> str:
    suffix = suffix[:10]
    return plain[-(LONGEST_CODE - 1 - len(suffix)) :].strip("-") + f"-{suffix}"


def _ascii(path: Path) -> str:
    text = anyascii(unicodedata.normalize("NFC", str(path))).lower()
    return re.sub(r"[^a-z0-9]+", "-", text).strip("-")


def _owner(plain: str, several: Sequence[Path], known: Known) -> Path | None:
    """Return the path of several that has the plain code, if one has."""
    there = known.get(plain)
    name = there and there.get("file_name")
    if name:
        named = [path for path in several if path.name == name]
        if named:
            return named[0]
        # Another format of the same title is for sale by itself.
        others = [path for path in several if path.stem != Path(name).stem]
        return others[0] if len(several) == len(others) == 1 else None
    return several[0] if len(several) == 1 else None


def _code_of_version_0_1(path: Path) -> str:
    """Return the code that earlier versions made, by which a file is known again."""
    text = unicodedata.normalize("NFKC", str(path)).casefold()
    code = re.sub(r"[^\w-]+", "-", text).strip("-")
    return code[-LONGEST_CODE:].strip("-") or "file"
