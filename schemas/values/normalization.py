"""Unicode normalization and case folding, in linear time.

What is stored, compared and looked up is in NFC; searches compare case-folded texts
(Unicode Standard, section 3.13 and annex 15).
"""

import re
import unicodedata
from collections.abc import Iterator
from typing import Literal

Form = Literal["NFC", "NFKC"]

MAX_MARKS = 30
"""Combining marks in a row that are normalized together (Stream-Safe Text Format).

Sorting them takes quadratic time, so that a text of marks alone would stop a worker.
"""

# Marks that are none by their class, but decompose into some.
_HALFWIDTH_MARKS = "\u0f73\u0f75\u0f81\uff9e\uff9f"
# Soft hyphens, joiners and variation selectors are not seen.
_INVISIBLE = re.compile("[\u00ad\u034f\u200b-\u200f\u2060\ufe00-\ufe0f\ufeff]")
# Turkish: a capital I with a dot is folded to i and a mark, a dotless one to itself.
_TURKISH = {"i\u0307": "i", "\u0131": "i"}


def nfc(text: str) -> str:
    """Return a text in NFC, in linear time."""
    return _normalized("NFC", text)


def fold(text: str) -> str:
    """Return a text that is equal for texts that differ in case or width only."""
    if text.isascii():
        # The common case, which needs no tables.
        return text.lower()
    folded = _normalized("NFKC", _INVISIBLE.sub("", text)).casefold()
    for letters, plain in _TURKISH.items():
        folded = folded.replace(letters, plain)
    # Folding may leave letters and marks apart that have a code point together.
    return _normalized("NFKC", folded)


def _normalized(form: Form, text: str) -> str:
    if text.isascii():
        return text
    return "".join(unicodedata.normalize(form, piece) for piece in _pieces(text))


def _pieces(text: str) -> Iterator[str]:
    """Yield a text in pieces, none of which has too many marks in a row."""
    start = marks = 0
    for position, character in enumerate(text):
        is_mark = unicodedata.combining(character) or character in _HALFWIDTH_MARKS
        marks = marks + 1 if is_mark else 0
        if marks > MAX_MARKS:
            yield text[start:position]
            start, marks = position, 1
    yield text[start:]
