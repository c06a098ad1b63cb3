"""Suggestions for parameters in another API's syntax, and for typos."""

import difflib
import re
from collections.abc import Callable, Iterable, Mapping

PARAMETERS: Mapping[str, str] = {
    **dict.fromkeys(("sort", "sort_by", "sortby", "order_by", "orderby"), "order"),
    **dict.fromkeys(("q", "query", "s", "term"), "search"),
    **dict.fromkeys(("expand", "include", "embed", "with"), "zoom"),
    **dict.fromkeys(("select", "only", "columns"), "fields"),
    **dict.fromkeys(("size", "count", "top", "max", "per-page"), "limit"),
    **dict.fromkeys(("skip", "start", "from"), "offset"),
}
OPERATOR_SYNONYMS: Mapping[str, str] = {
    **dict.fromkeys(("gt", "after", "above", "greater"), "greaterthan"),
    **dict.fromkeys(("gte", "ge", "min", "since"), "greaterthanorequal"),
    **dict.fromkeys(("lt", "before", "below", "less"), "lessthan"),
    **dict.fromkeys(("lte", "le", "max", "until"), "lessthanorequal"),
    **dict.fromkeys(("ne", "neq", "isnot"), "not"),
    **dict.fromkeys(("exists", "isset", "has", "present"), "isdefined"),
    "oneof": "in",
}
_RANGES: Mapping[str, str] = dict.fromkeys(("between", "range"), "5..10")
_WILDCARDS: Mapping[str, str] = {
    **dict.fromkeys(("contains", "like", "ilike", "icontains"), "*text*"),
    **dict.fromkeys(("startswith", "starts", "prefix"), "text*"),
    **dict.fromkeys(("endswith", "ends", "suffix"), "*text"),
}
_EQUAL = frozenset({"eq", "is", "equals", "exact"})
_SIGNS: Mapping[str, str] = {
    ">": "greaterthan",
    ">=": "greaterthanorequal",
    "<": "lessthan",
    "<=": "lessthanorequal",
    "!": "not",
    "!=": "not",
}
_COMPARISON = re.compile(r"(\w+)\s*(>=|<=|!=|>|<|!)\s*(.*)", re.DOTALL)


def about_name(
    name: str,
    value: str,
    known: Iterable[str],
    operators: Callable[[str], Iterable[str]],
) -> str:
    """Return a suggestion for an unknown name, or an empty text.

    `operators` gives those that a property has, none for what is no property.
    """
    known = tuple(known)
    compared = _COMPARISON.fullmatch(name)
    if compared and compared[1] in known:
        sign, operand = compared[2], compared[3]
        # Of price>=5 only price> is the name.
        if not operand and value and sign + "=" in _SIGNS:
            sign, operand = sign + "=", value
        if _SIGNS[sign] not in operators(compared[1]):
            return ""
        return f"write {compared[1]}:{_SIGNS[sign]}={operand or value}"
    if name.lower() in {"filter", "where"}:
        return "write property=value"
    meant = PARAMETERS.get(name.lower())
    if meant == "order" and value:
        asked = about_order(value, known).removeprefix("write ")
        direction = asked if not asked.endswith("?") and asked else value
        return f"did you mean order={direction}?"
    return f"did you mean {meant}?" if meant in known else close_to(name, known)


def about_operator(
    operator: str, name: str, known: Iterable[str], *, is_text: bool
) -> str:
    """Return a suggestion for an unknown operator."""
    known = tuple(known)
    word = operator.lower().replace("_", "").replace("-", "")
    if word in _EQUAL:
        return f"write {name}=value"
    if is_text and word in _WILDCARDS:
        return f"write {name}={_WILDCARDS[word]}"
    if word in _RANGES and "lessthan" in known:
        return f"write {name}={'a..m' if is_text else _RANGES[word]}"
    if OPERATOR_SYNONYMS.get(word) in known:
        return f"did you mean {OPERATOR_SYNONYMS[word]}?"
    return close_to(operator, known)


def about_order(name: str, known: Iterable[str]) -> str:
    """Return a suggestion for a direction of an order."""
    bare = name.strip("+- ")
    known = tuple(known)
    if bare.lower() in {"asc", "desc"}:
        return f"write the direction after a space, as price {bare.lower()}"
    if bare in known:
        direction = " desc" if name.startswith("-") else ""
        return f"write {bare}{direction}"
    start, separator, end = re.sub(r"[:.]", " ", name).partition(" ")
    if separator and start in known and end.lower() in {"asc", "desc"}:
        return f"write {start} {end.lower()}"
    return close_to(name, known)


def close_to(name: str, known: Iterable[str]) -> str:
    """Return a suggestion of a similar name, or an empty text."""
    close = difflib.get_close_matches(name[:100].lower(), list(known), n=1)
    return f"did you mean {close[0]}?" if close else ""
