"""Structured header fields (RFC 9651), parsed by the library of their editor.

Tested in `tests/http/headers/test_field_syntax.py`.
"""

from typing import Any

import http_sf

Parameters = dict[str, Any]


def parse_dictionary(value: str) -> dict[str, tuple[Any, Parameters]]:
    """Return the members of a dictionary, each a bare item and its parameters.

    An inner list is a list of such pairs. Raise `ValueError`, which says what is
    wrong and where.
    """
    parsed: Any = http_sf.parse(_octets(value), tltype="dictionary")
    return dict(parsed)


def parse_item(value: str) -> tuple[Any, Parameters]:
    """Return a bare item and its parameters. Raise `ValueError`."""
    parsed: Any = http_sf.parse(_octets(value), tltype="item")
    item, parameters = parsed
    return item, parameters


def _octets(value: str) -> bytes:
    # WSGI hands header fields over as Latin-1 (PEP 3333).
    return value.encode("latin-1", "replace")
