"""Read and change the texts of rows in several languages.

Tested in `tests/resources/test_translations.py`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.database import Row, Snapshot, Transaction


@dataclass(frozen=True, slots=True)
class Localization:
    """The functions of a table whose texts are translated.

    `names` are the columns with texts. `localize` returns rows in the best of some
    language ranges, and the languages that they are in. `language_of` returns the
    language in which a record would be read, None for its own; `put` sets texts.
    """

    names: tuple[str, ...]
    localize: Callable[
        [Snapshot, Sequence[str], Sequence[Row], Sequence[str]],
        tuple[list[Row], set[str]],
    ]
    language_of: Callable[[Snapshot, Any, Sequence[str]], str | None]
    put: Callable[[Transaction, Any, str, Mapping[str, Any]], None]
