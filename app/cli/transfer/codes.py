"""Codes of imported files: short, ASCII, and the same in each run.

`songs/Über Größe.mp3` is `songs-uber-grosse`. The store shows which file has a code, so
that a code never changes, and never goes to another file.
"""

import hashlib
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from anyascii import anyascii

from schemas.downloadable import MAX_CODE

_ENDING = re.compile(r"(\.tar)?\.(?=[0-9]*[A-Za-z])[A-Za-z0-9]{1,10}\Z", re.ASCII)
DIGEST = 8
"""Hexadecimal digits that tell files apart whose names are the same in ASCII."""

Known = Mapping[str, Mapping[str, Any]]
"""The downloadables of a store by their codes."""


def codes_of(paths: Sequence[Path], known: Known) -> dict[Path, str]:
    """Return a code for each path, none of them twice."""
    if len(paths) == 1 and (code := _code_of_a_single_file(paths[0], known)):
        return {paths[0]: code}
    # A code that several paths could have does not identify any of them.
    claims = Counter(
        code for path in paths for code in {plain_code(path), *_shared_codes(path)}
    )
    codes: dict[Path, str] = {}
    taken: set[str] = set()
    unknown: dict[str, list[Path]] = defaultdict(list)
    for path in paths:
        found = _code_of_before(path, known, claims)
        if found is None or found in taken:
            unknown[plain_code(path)].append(path)
        else:
            codes[path] = found
            taken.add(found)
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


def _code_of_a_single_file(path: Path, known: Known) -> str | None:
    """Return the code of the only file of that name, imported with its folder."""
    if path.parent != Path():
        return None
    ends = (f"-{plain_code(path)}", f"-{_code_by_ending(path)}")
    found = [
        code
        for code, there in known.items()
        if there.get("file_name") == path.name and f"-{code}".endswith(ends)
    ]
    return found[0] if len(found) == 1 else None


def _shared_codes(path: Path) -> tuple[str, str]:
    """Return the codes that other paths may lead to as well."""
    return _code_by_ending(path), _code_of_version_0_1(path)


def plain_code(path: Path) -> str:
    """Return the code of a path without its ending, in ASCII."""
    stem, _ = _split(path)
    return _ascii(stem)[-MAX_CODE:].strip("-") or "file"


def _split(path: Path) -> tuple[str, str]:
    """Split a path at its ending: `v1.2` and `Mr. Smith` have none."""
    ending = _ENDING.search(str(path))
    return (str(path)[: ending.start()], ending[0]) if ending else (str(path), "")


def _code_by_ending(path: Path) -> str:
    return _with(plain_code(path), _ascii(_split(path)[1]) or "file")


def _code_by_digest(path: Path) -> str:
    """Return a code with a digest of the path in it, so that it is unique."""
    # As it is written: two names may differ in their composition only.
    digest = hashlib.sha256(str(path).encode(errors="surrogateescape")).hexdigest()
    return _with(plain_code(path), digest[:DIGEST])


def _with(plain: str, suffix: str) -> str:
    suffix = suffix[:10]
    return plain[-(MAX_CODE - 1 - len(suffix)) :].strip("-") + f"-{suffix}"


def _ascii(text: str) -> str:
    text = anyascii(unicodedata.normalize("NFC", text)).lower()
    return re.sub(r"[^a-z0-9]+", "-", text).strip("-")


def _owner(plain: str, several: Sequence[Path], known: Known) -> Path | None:
    """Return the path of several that has the plain code, if one has."""
    there = known.get(plain)
    name = there and there.get("file_name")
    if name:
        named = [path for path in several if path.name == name]
        if named:
            return named[0]
        # Another file, or another format of it: who bought one must not get the other.
        return None
    return several[0] if len(several) == 1 else None


def _code_of_version_0_1(path: Path) -> str:
    """Return the code that version 0.1 made, to recognise a file imported by it."""
    text = unicodedata.normalize("NFKC", str(path)).casefold()
    code = re.sub(r"[^\w-]+", "-", text).strip("-")
    return code[-MAX_CODE:].strip("-") or "file"
