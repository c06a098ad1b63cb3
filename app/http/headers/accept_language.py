"""Accept-Language: choose among languages (RFC 9110, section 12.5.4)."""

import re

from app.caching import cache_short_keys

MOST = 20
"""Languages of a header that are looked at."""

_RANGE = re.compile(
    r"\s*(\*|[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*)\s*(?:;\s*q\s*=\s*([01](?:\.[0-9]{0,3})?)\s*)?",
    re.ASCII,
)


@cache_short_keys(len)
def language_ranges(header: str) -> tuple[str, ...]:
    """Return the ranges of a header in small letters, the most wanted first.

    What is malformed, or not wanted at all (q=0), is left out.
    """
    found = []
    for number, part in enumerate(header.split(",")[:MOST]):
        match = _RANGE.fullmatch(part)
        quality = float(match[2] or 1) if match else 0
        if match and quality > 0:
            found.append((-quality, number, match[1].lower()))
    return tuple(name for _, _, name in sorted(found))
