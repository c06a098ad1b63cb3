"""Limit the size of response headers to what proxies accept: 4 KiB in nginx.

All headers but one are short by nature. Link grows with the query, since each page and
each format is linked with all of it; so it leaves out what does not fit.
"""

import re

from flask import Flask, Response

MAX_RESPONSE_HEADERS = 4000
"""Bytes of all headers of an answer together, and its status line."""

RESERVED = 200
"""Of these, for what the WSGI server adds: status line, Server, Date, Connection."""

FIRST = (
    *("profile", "self", "next", "prev", "first", "last"),
    *("service-desc", "service-doc", "alternate"),
)
"""The relations that stay longest; all others are in the body, too."""

_LINK = re.compile(r'<[^>]*>[^",]*(?:"[^"]*"[^",]*)*')
_REL = re.compile(r'; rel="([^"]*)"')


def register_header_limit(app: Flask) -> None:
    """Shorten Link where the headers would be too large for a proxy."""

    @app.after_request
    def _shorten_links(response: Response) -> Response:
        headers = response.headers
        size = RESERVED + sum([len(n) + len(v) + 4 for n, v in headers])
        if size > MAX_RESPONSE_HEADERS and "Link" in headers:
            link = headers["Link"]
            shortened = shorten(link, MAX_RESPONSE_HEADERS - size + len(link))
            if shortened:
                headers["Link"] = shortened
            else:
                del headers["Link"]
        return response


def shorten(link: str, room: int) -> str:
    """Return the members of a Link field that fit into `room` characters.

    They stay in their order. The custom relations go first: none of them is kept
    where anything else had to go. Then go the alternates.
    """
    members = _LINK.findall(link)
    ranks = [_rank(member) for member in members]
    kept: list[int] = []
    has_dropped = False
    for number in sorted(range(len(members)), key=ranks.__getitem__):
        cost = len(members[number]) + 2
        is_custom = ranks[number] == len(FIRST)
        if cost > room or (is_custom and has_dropped):
            has_dropped = has_dropped or not is_custom
            continue
        kept.append(number)
        room -= cost
    return ", ".join(members[number].strip() for number in sorted(kept))


def _rank(member: str) -> int:
    found = _REL.search(member)
    rel = found[1] if found else ""
    return FIRST.index(rel) if rel in FIRST else len(FIRST)
