"""JSON Patch (RFC 6902) for resources, whose properties are all on one level.

It is applied as a whole or not at all; a `test` that fails is a conflict (RFC 5789,
section 2.2).
"""

from collections.abc import Mapping
from typing import Any

from app.errors import BadRequest, Conflict
from schemas.values.normalization import nfc

MEMBERS = {
    "add": {"value"},
    "remove": set(),
    "replace": {"value"},
    "move": {"from"},
    "copy": {"from"},
    "test": {"value"},
}


def apply_patch(patch: Any, document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the document as it is after the patch.

    Raise `BadRequest` where the patch is none, and `Conflict` where it does not fit.
    """
    if not isinstance(patch, list):
        raise BadRequest("a JSON Patch is an array of operations (RFC 6902)")
    result = dict(document)
    for position, operation in enumerate(patch):
        _apply_one(f"operation {position}", operation, result)
    return result


def _apply_one(place: str, operation: Any, document: dict[str, Any]) -> None:
    name, path = _checked(place, operation)
    target = _property(place, path)
    if name in {"move", "copy"}:
        source = _existing(place, _property(place, operation["from"]), document)
        value = document[source]
        if name == "move":
            del document[source]
        document[target] = value
        return
    if name != "add":
        _existing(place, target, document)
    if name == "test":
        if not _equal(document[target], operation["value"]):
            raise Conflict(f"{place}: the value of {target} is another one")
    elif name == "remove":
        del document[target]
    else:
        document[target] = operation["value"]


def _checked(place: str, operation: Any) -> tuple[str, str]:
    if not isinstance(operation, dict):
        raise BadRequest(f'{place} must be an object with "op" and "path"')
    name, path = operation.get("op"), operation.get("path")
    if not isinstance(name, str) or name not in MEMBERS:
        raise BadRequest(f"{place}: op must be one of {', '.join(MEMBERS)}")
    if not isinstance(path, str):
        raise BadRequest(f'{place}: path must be a JSON Pointer, such as "/name"')
    missing = MEMBERS[name] - operation.keys()
    if missing:
        raise BadRequest(f"{place}: {name} needs {', '.join(missing)}")
    return name, path


def _property(place: str, path: Any) -> str:
    if not isinstance(path, str) or not path.startswith("/") or "/" in path[1:]:
        raise BadRequest(
            f'{place}: {str(path)[:100]!r} names no property; write "/name"'
        )
    return path[1:].replace("~1", "/").replace("~0", "~")


def _existing(place: str, name: str, document: Mapping[str, Any]) -> str:
    if name not in document:
        raise Conflict(f"{place}: there is no property {name[:100]}")
    return name


def _equal(one: Any, other: Any) -> bool:
    if isinstance(one, str) and isinstance(other, str):
        # A client's text may be composed otherwise than what is stored.
        return nfc(one) == nfc(other)
    # To Python, true is 1.
    return isinstance(one, bool) == isinstance(other, bool) and bool(one == other)
