"""Offset pagination: the page that is asked for, and the links to the others."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import quote

from app.errors import BadRequest, Problem
from representations import Link

DEFAULT_LIMIT = 20
MAX_LIMIT = 300
MAX_OFFSET = 2**53

_NUMBER = re.compile(r"[0-9]{1,16}", re.ASCII)
# What a query may hold unencoded and readable (RFC 3986, section 3.4).
_SAFE = "-._~!$'()*,;:@/?"

Query = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Window:
    """The part of a collection that a page shows."""

    limit: int
    offset: int


def window(query: Query) -> Window:
    """Read limit and offset. Raises `BadRequest` that names each that is wrong."""
    found = {"limit": DEFAULT_LIMIT, "offset": 0}
    problems = []
    for name, value in query:
        if name not in found:
            continue
        if _NUMBER.fullmatch(value) and int(value) <= MAX_OFFSET:
            found[name] = int(value)
        else:
            problems.append(
                Problem(
                    f"{name} must be a whole number from 0, not {value[:40]!r}",
                    "not_a_number",
                    name,
                )
            )
    if problems:
        raise BadRequest(problems=problems)
    return Window(min(found["limit"], MAX_LIMIT), found["offset"])


def page_links(
    url: str, query: Query, shown: Window, *, total: int, returned: int, foxy: bool
) -> list[Link]:
    """Link a page to itself and to the others; all other parameters are kept.

    `foxy` is Foxy's wire: prev and next are on every page, and next of a page that
    is not full is the page itself, since its clients stop only there. Otherwise
    prev and next are left out at the ends.
    """
    limit, offset = shown.limit, shown.offset
    last = (total - 1) // limit * limit if limit and total else 0
    previous: int | None = max(0, offset - limit)
    following: int | None = offset + limit
    if foxy:
        if returned < limit:
            following = offset
    else:
        if offset == 0:
            previous = None
        elif offset >= total:
            previous = last
        if offset + limit >= total or not limit:
            following = None
    pages = [
        ("first", 0, "First"),
        ("prev", previous, "Previous"),
        ("next", following, "Next"),
        ("last", last, "Last"),
    ]
    others = with_query(url, [(n, v) for n, v in query if n != "offset"])
    start = f"{others}{'&' if '?' in others else '?'}offset="
    return [
        Link("self", with_query(url, query), "This Collection"),
        *(
            Link(rel, f"{start}{position}", f"{name} Page of this Collection")
            for rel, position, name in pages
            if position is not None
        ),
    ]


def with_query(url: str, query: Query) -> str:
    """Write a URL with a query."""
    if not query:
        return url
    return f"{url}?" + "&".join([_encoded(name, value) for name, value in query])


@lru_cache(maxsize=1024)
def _encoded(name: str, value: str) -> str:
    return f"{quote(name, safe=_SAFE + '[]')}={quote(value, safe=_SAFE)}"
