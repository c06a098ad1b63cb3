"""A digest of the code, which changes with each build.

Tested in `tests/http/views/test_cached_pages.py`.
"""

import hashlib
from functools import lru_cache
from pathlib import Path

ROOT = Path(__file__).parent.parent
PACKAGES = ("app", "representations", "schemas")
SOURCES = frozenset({".py", ".html", ".css", ".js"})


@lru_cache(maxsize=1)
def build_digest() -> str:
    """Return a digest of the code, the same on all machines that run it.

    It is part of ETags: a row shows other bytes once a property or a link was added to
    its resource, although nobody changed the row.
    """
    digest = hashlib.sha256()
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*")):
            if path.suffix in SOURCES:
                digest.update(f"{path.relative_to(ROOT)}\n".encode())
                digest.update(path.read_bytes())
    return digest.hexdigest()[:16]
