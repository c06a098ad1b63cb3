"""Case-insensitive search, over texts that are folded before they are stored.

`fold` ignores case, width and invisible characters, but not accents. It runs here,
because databases fold case each in its own way, and SQLite only that of ASCII.

Tested in `tests/services/rows/test_changes.py`.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from schemas.values.normalization import fold

MAX_WORDS = 20
MAX_WORD = 100
"""Letters of one word."""


def search_text(values: Mapping[str, Any], names: Iterable[str]) -> str:
    """Return the search text of a row: the named texts, one a line."""
    return "\n".join(fold(str(values.get(name) or "")) for name in names)


def search_words(text: str) -> list[str]:
    """Return the words of a search. Raise `ValueError` where they are too many."""
    words = text.split()
    if len(words) > MAX_WORDS:
        raise ValueError(f"has more than {MAX_WORDS} words")
    if any(len(word) > MAX_WORD for word in words):
        raise ValueError(f"has a word of more than {MAX_WORD} letters")
    return words


def contains_pattern(word: str) -> str:
    """Return the pattern of texts that a word, folded, is somewhere in."""
    # Folded like the stored text; folding the column in SQL would differ between
    # databases.
    return f"%{escape_like(fold(word))}%"


def escape_like(text: str) -> str:
    """Escape the wildcards of LIKE in a text."""
    return text.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")
