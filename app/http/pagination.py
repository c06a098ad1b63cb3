"""Offset pagination: the requested page, and the links to the others."""

import re
from dataclasses import dataclass
from urllib.parse import quote

from app.caching import cache_short_keys
from app.errors import Problem
from representations import Link

DEFAULT_LIMIT = 20
MAX_LIMIT = 300
MAX_OFFSET = 2**53

ALIASES = dict.fromkeys(("perpage", "per_page", "page_size"), "limit")
PAGING = ("limit", "offset", "page", *ALIASES)
"""The parameters that say which page; the others are kept from page to page."""

_NUMBER = re.compile(r"[0-9]{1,16}", re.ASCII)
# What a query may hold unencoded and readable (RFC 3986, section 3.4).
_SAFE = "-._~!$'()*,;:@/?"

Query = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Window:
    """The part of a collection that a page shows."""

    limit: int
    offset: int


def window(query: Query, problems: list[Problem]) -> Window:
    """Read limit and offset, or what stands for them; note each that is wrong."""
    found: dict[str, int] = {}
    sent_as: dict[str, str] = {}
    for name, value in query:
        if name not in PAGING:
            continue
        other = sent_as.setdefault(ALIASES.get(name, name), name)
        if other != name:
            text = f"{other} and {name} say the same: send one of them"
            problems.append(Problem(text, "exclusive", name))
        least = 1 if name == "page" else 0
        if _NUMBER.fullmatch(value) and least <= int(value) <= MAX_OFFSET:
            found[ALIASES.get(name, name)] = int(value)
        else:
            most = MAX_LIMIT if ALIASES.get(name, name) == "limit" else MAX_OFFSET
            text = (
                f"{name} must be a whole number from {least} to {most}, not "
                f"{value[:40]!r}"
            )
            problems.append(Problem(text, "not_a_number", name))
    limit = min(found.get("limit", DEFAULT_LIMIT), MAX_LIMIT)
    if "page" in found and "offset" in found:
        text = "page and offset say the same: send one of them"
        problems.append(Problem(text, "exclusive", "page"))
    offset = found.get("offset", (found.get("page", 1) - 1) * limit)
    return Window(limit, min(offset, MAX_OFFSET))


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
    kept = tuple(
        ("limit", str(limit)) if name in ALIASES else (name, value)
        for name, value in query
        if name not in {"offset", "page"}
    )
    others = with_query(url, kept)
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


@cache_short_keys(lambda name, value: len(name) + len(value))
def _encoded(name: str, value: str) -> str:
    return f"{quote(name, safe=_SAFE + '[]')}={quote(value, safe=_SAFE)}"
