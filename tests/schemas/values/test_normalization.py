"""One text, however it is composed or cased, in linear time."""

import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.values.normalization import MAX_MARKS, fold, nfc

SAME = [
    ("Über Straße", "u\u0308ber STRASSE"),
    ("Червоний", "ЧЕРВОНИЙ"),
    ("ΒΌΡΡΑΣ", "βόρρας"),
    ("İstanbul", "istanbul"),
    ("ISPARTA", "ısparta"),
    ("ﬁle", "FILE"),
    ("ｶﾞ", "ガ"),
    ("Ⅷ", "viii"),
    ("co\u00adoperate", "cooperate"),
    ("ΐ", "\u0399\u0308\u0301"),
    ("한", "\u1112\u1161\u11ab"),
    ("résumé", "RE\u0301SUME\u0301"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_texts_are_folded_to_one(one, other):
    assert fold(one) == fold(other)
    assert fold(fold(one)) == fold(one)


@given(st.text())
def test_nfc_is_what_unicode_says(text):
    assert nfc(text) == unicodedata.normalize("NFC", text)


@given(st.text())
def test_how_a_text_is_composed_does_not_matter(text):
    assert nfc(unicodedata.normalize("NFD", text)) == nfc(text)
    assert fold(unicodedata.normalize("NFD", text)) == fold(text)
    assert fold(unicodedata.normalize("NFKC", text)) == fold(text)


@pytest.mark.parametrize(
    "marks", ["\u0301\u0316", "\uff9e\u0316", "\u0f73\u0f72", "\u0344"]
)
def test_many_marks_take_linear_time(marks):
    text = "e" + marks * 100_000
    start = time.perf_counter()
    fold(text)
    nfc(text)
    # 100,000 of them took Python's own function minutes.
    assert time.perf_counter() - start < 3
    assert len(nfc("e" + "\u0301" * MAX_MARKS * 3)) == MAX_MARKS * 3
