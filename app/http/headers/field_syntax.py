"""Lists and parameters in header fields (RFC 9110, section 5.6), each in one pass.

Every character is looked at a bounded number of times, whatever the field holds: no
regular expression runs from one unclosed quote to the end, again and again.
"""

import re
from collections.abc import MutableMapping
from typing import Any

from app.errors import BadRequest, HeaderTooLarge

MAX_FIELD = 8190
"""Characters of a field that are read: what gunicorn and nginx accept, too."""

MAX_MEMBERS = 64
"""Members of a list in a field."""

LISTS = (
    "Accept",
    "Accept-Encoding",
    "Accept-Language",
    "Content-Digest",
    "If-Match",
    "If-None-Match",
    "Prefer",
    "Range",
    "Repr-Digest",
    "Upload-Metadata",
)
"""The fields with a list that are read."""

_KEYS = {f"HTTP_{name.upper().replace('-', '_')}": name for name in LISTS}
_PARAMETER = re.compile(r";\s*([^\s;=\"]+)\s*=\s*", re.ASCII)
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_BARE = re.compile(r"[^;]*")


def ensure_bounded(environ: MutableMapping[str, Any]) -> None:
    """Raise an error for fields and lists that are longer than anybody needs.

    A field that is too long is removed, so that the answer costs nothing more. Raise
    `HeaderTooLarge` and `BadRequest`.
    """
    for key, value in list(environ.items()):
        if not key.startswith("HTTP_") and key != "CONTENT_TYPE":
            continue
        text = str(value)
        if len(text) > MAX_FIELD:
            del environ[key]
            name = key.removeprefix("HTTP_").replace("_", "-").title()
            raise HeaderTooLarge(
                f"the header {name} has {len(text)} characters; at most {MAX_FIELD} "
                "are read"
            )
        if key in _KEYS and text.count(",") >= MAX_MEMBERS:
            raise BadRequest(
                f"the header {_KEYS[key]} has more than {MAX_MEMBERS} members"
            )


def list_members(field: str) -> list[str]:
    """Split a field at the commas outside of quotes."""
    if '"' not in field:
        return field.split(",")
    members, start, is_quoted, is_escaped = [], 0, False, False
    for position, character in enumerate(field):
        if is_escaped:
            is_escaped = False
        elif is_quoted and character == "\\":
            is_escaped = True
        elif character == '"':
            is_quoted = not is_quoted
        elif character == "," and not is_quoted:
            members.append(field[start:position])
            start = position + 1
    return [*members, field[start:]]


def field_parameters(field: str) -> dict[str, str]:
    """Return the `;name=value` pairs of a field, names in lower case.

    The first of several with a name counts. Quotes are removed and escapes are kept,
    since each field has its own. A quote that is never closed ends the field.
    """
    found: dict[str, str] = {}
    position = field.find(";")
    while position >= 0:
        name = _PARAMETER.match(field, position)
        if name is None:
            position = field.find(";", position + 1)
            continue
        value, end = _value(field, name.end())
        found.setdefault(name[1].lower(), value)
        position = field.find(";", end)
    return found


def _value(field: str, start: int) -> tuple[str, int]:
    """Return the value that begins at `start`, without its quotes, and its end."""
    if quoted := _QUOTED.match(field, start):
        return quoted[1], quoted.end()
    if field.startswith('"', start):
        return field[start + 1 :], len(field)
    bare = _BARE.match(field, start)
    # Not a token, but written: `filename=my song.mp3`.
    return (bare[0].rstrip(), bare.end()) if bare else ("", start)
