"""The form of ids."""

import re

ID = "[1-9][0-9]{0,17}"
"""The pattern of an id: a whole number that fits 64 bits, without leading zeros."""

_ID = re.compile(ID, re.ASCII)


def id_value(text: str) -> int | None:
    """Return the id that a text is, or None if it is none."""
    return int(text) if _ID.fullmatch(text) else None
