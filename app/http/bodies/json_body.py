"""Parse JSON strictly: exact numbers, unique names, bounded depth.

Tested in `tests/http/bodies/test_unreadable_bodies.py`.
"""

import json
from decimal import Decimal, InvalidOperation
from typing import Any

from app.errors import (
    BadRequest,
    TooLarge,
)

MAX_NUMBER = 100
"""Digits of a JSON number; converting more takes noticeable time."""


def read_json(raw: bytes, *, max_depth: int) -> Any:
    """Read JSON strictly: no NaN, no doubled names, no bottomless nesting.

    Numbers with a fraction become Decimals. Raise `BadRequest` or `TooLarge`.
    """
    try:
        text = raw.decode("utf-8-sig")
        document = json.loads(
            text,
            parse_float=_decimal,
            parse_int=_integer,
            parse_constant=_no_constant,
            object_pairs_hook=_unique,
        )
        depth = _depth(document)
    except UnicodeDecodeError:
        raise BadRequest("the JSON body is not UTF-8") from None
    except json.JSONDecodeError as error:
        raise BadRequest(
            f"the JSON body is broken at line {error.lineno}, column {error.colno}: "
            f"{error.msg}"
        ) from None
    except RecursionError:
        depth = max_depth + 1
        document = {}
    if depth > max_depth:
        raise TooLarge(
            f"the JSON body is nested deeper than {max_depth} levels "
            "(SIRENHALL_MAX_JSON_DEPTH)"
        )
    return document


def _decimal(text: str) -> Decimal:
    try:
        return Decimal(_short(text))
    except InvalidOperation:
        raise BadRequest(
            "the JSON body has a number whose exponent is too large"
        ) from None


def _integer(text: str) -> int:
    return int(_short(text))


def _short(text: str) -> str:
    if len(text) > MAX_NUMBER:
        raise BadRequest(f"the JSON body has a number of over {MAX_NUMBER} digits")
    return text


def _no_constant(name: str) -> Any:
    raise BadRequest(f"the JSON body has {name}, which is no JSON value")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for name, value in pairs:
        if name in result:
            raise BadRequest(f"the JSON body has {name[:100]!r} twice in one object")
        result[name] = value
    return result


def _depth(document: Any) -> int:
    """Count the levels of nesting without recursion."""
    depth, level = 0, [document]
    while level := [value for value in level if isinstance(value, dict | list)]:
        depth += 1
        level = [
            child
            for value in level
            for child in (value.values() if isinstance(value, dict) else value)
        ]
    return depth
