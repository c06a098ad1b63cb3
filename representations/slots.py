"""Slots of a document, which a row template fills.

Tested in `tests/representations/test_row_template.py`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Slot:
    """A value of the row: its position, and how it is written.

    `to_text` turns a value that is not None into text; None where str() does. It is
    also given the value at the position `context_index`, if there is one.
    `is_text` values are strings, which `is_plain` ones need no escaping for; those
    that are not `nullable` are never None. A `is_fragment` is written already.
    """

    index: int
    to_text: Callable[..., str] | None
    is_text: bool
    nullable: bool
    is_plain: bool = False
    context_index: int | None = None
    is_fragment: bool = False


@dataclass(frozen=True, slots=True)
class Rendered:
    """Embedded resources that a compiled template has already written.

    `is_one` tells the only target of a relation from a list with one member.
    """

    fragments: Sequence[str]
    is_one: bool = False
