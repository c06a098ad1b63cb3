"""The lexer of the query language: escapes, separators, ranges and wildcards.

An error knows its position, so that a client author finds it in a long URL.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from app.http.query.query_limits import MAX_WILDCARDS
from app.services.rows.search_text import escape_like
from schemas.base.filter_values import Unreadable, text_value

SPECIAL = "*|,.=\\"


class Mistake(Exception):
    """An error, and the character of a value or name where it is, from 1 (0: all)."""

    def __init__(
        self,
        text: str,
        position: int = 0,
        code: str = "invalid",
        *,
        is_in_name: bool = False,
    ) -> None:
        self.text = text
        self.position = position
        self.code = code
        self.is_in_name = is_in_name
        super().__init__(text)

    def moved(self, by: int) -> "Mistake":
        """Place what is wrong with a name inside a value."""
        if not self.is_in_name:
            return self
        position = self.position and self.position + by
        return Mistake(self.text, position, self.code)


Character = tuple[str, bool, int]
"""A character, whether it was escaped, and its position, from 1."""

Text = Sequence[Character]


@dataclass(frozen=True, slots=True)
class Step:
    """One name of a parameter's path, with its position, and what is in brackets."""

    name: str
    position: int
    selector: str | None = field(default=None)


def characters(text: str) -> list[Character]:
    """Resolve the escapes of a value."""
    found, position = [], 0
    while position < len(text):
        is_escaped = text[position] == "\\"
        if is_escaped:
            position += 1
            # Any other escape is refused rather than kept: it may get a meaning later.
            if text[position : position + 1] not in SPECIAL or position == len(text):
                raise Mistake(
                    rf"after a \ comes one of {' '.join(SPECIAL)}; "
                    r"write a backslash itself as \\",
                    position,
                )
        found.append((text[position], is_escaped, position + 1))
        position += 1
    return found


def split_at(text: Text, separator: str) -> list[Text]:
    """Split at a separator that is not escaped."""
    parts, start = [], 0
    for index, (character, is_escaped, _) in enumerate(text):
        if character == separator and not is_escaped:
            parts.append(text[start:index])
            start = index + 1
    return [*parts, text[start:]]


def keyed(text: Text) -> tuple[str, Text]:
    """Split an alternative of a filter into its parameter and its value."""
    depth = 0
    for index, (character, is_escaped, _) in enumerate(text):
        # An equals sign inside brackets belongs to the selector of an attribute.
        depth += (character == "[") - (character == "]")
        if character == "=" and not is_escaped and depth <= 0:
            return plain(text[:index]), text[index + 1 :]
    return "", text


def path_of(key: str) -> list[Step]:
    """Split a parameter into its steps; a selector may hold anything but `]`."""
    steps, position = [], 0
    while position <= len(key):
        end = position
        while end < len(key) and key[end] not in ":[":
            end += 1
        name, start, selector = key[position:end], position + 1, None
        if end < len(key) and key[end] == "[":
            closing = key.find("]", end)
            if closing < 0:
                raise Mistake("has a [ without its ]", end + 1, is_in_name=True)
            # A name in brackets is the merchant's own, so it may hold colons.
            selector = key[end + 1 : closing]
            readable(selector)
            end = closing + 1
            if end < len(key) and key[end] != ":":
                raise Mistake(
                    "has something between a ] and the next :", end + 1, is_in_name=True
                )
        # The prefix of our own relations may be there.
        if name != "fx":
            steps.append(Step(name, start, selector))
        position = end + 1
    return steps or [Step(key, 1)]


def range_of(value: Text) -> tuple[Text, Text] | None:
    """Return the ends of a range, None if the value is none."""
    was_dot = False
    for index, (character, is_escaped, _) in enumerate(value):
        is_dot = character == "." and not is_escaped
        if is_dot and was_dot:
            # The first two dots divide; further ones belong to the end of the range.
            return value[: index - 1], value[index + 1 :]
        was_dot = is_dot
    return None


def is_any(value: Text) -> bool:
    """Return whether a value is the wildcard alone."""
    return len(value) == 1 and value[0][:2] == ("*", False)


def plain(value: Text) -> str:
    """Return a value without its escapes."""
    return "".join([character for character, _, _ in value])


def without_wildcard(value: Text) -> str:
    """Return the value for an operator that takes no wildcards."""
    for character, is_escaped, position in value:
        # Refused rather than taken as it is: who writes one expects a pattern.
        if character == "*" and not is_escaped:
            raise Mistake(
                r"a * has no meaning here; write \* for the character", position
            )
    return plain(value)


def pattern(value: Text) -> str:
    """Return the pattern of SQL that a value with wildcards means."""
    if wildcards(value) > MAX_WILDCARDS:
        raise Mistake(f"has more than {MAX_WILDCARDS} wildcards", start_of(value))
    # Read for its errors alone, such as a character that no text can have.
    read_value(text_value, plain(value), value)
    return "".join(
        "%" if character == "*" and not is_escaped else escape_like(character)
        for character, is_escaped, _ in value
    )


def wildcards(value: Text) -> int:
    """Count the wildcards."""
    return sum(c == "*" and not is_escaped for c, is_escaped, _ in value)


def start_of(value: Text) -> int:
    """Return the position of a value's first character."""
    return value[0][2] if value else 1


def read_value(read: Callable[[str], Any], text: str, value: Text) -> Any:
    """Read a text; a complaint is about the position of the value."""
    try:
        return read(text)
    except Unreadable as error:
        raise Mistake(str(error), start_of(value)) from None


def readable(text: str) -> str:
    """Check that the database can store a text."""
    return str(read_value(text_value, text, ()))


def members(value: str, separator: str) -> Iterator[tuple[str, int]]:
    """Yield the members of a list of names, with their positions."""
    position = 1
    for part in value.split(separator):
        if part.strip():
            yield part.strip(), position + len(part) - len(part.lstrip())
        position += len(part) + 1


def unknown(
    what: str,
    name: str,
    known: Iterable[str],
    position: int,
    *,
    hint: str = "",
    others: Sequence[str] = (),
    is_in_name: bool = True,
) -> Mistake:
    """Return the error for an unknown name, with the known ones."""
    separator = "" if not hint else " " if hint.endswith("?") else "; "
    also = f"; parameters are {', '.join(others)}" if others else ""
    return Mistake(
        f"{name[:100]!r} is not a known {what} ({hint}{separator}known are "
        f"{', '.join(known)}{also})",
        position,
        "unknown",
        is_in_name=is_in_name,
    )
