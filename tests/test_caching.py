"""Caches whose keys come from clients keep short keys only."""

import pytest

from app.caching import cache_short_keys


@pytest.fixture
def computed():
    return []


@pytest.fixture
def double(computed):
    @cache_short_keys(len, entries=2, largest=3)
    def double(text: str) -> str:
        """Write a text twice."""
        computed.append(text)
        return text * 2

    return double


def test_a_short_key_is_computed_once(double, computed):
    assert [double("abc"), double("abc")] == ["abcabc", "abcabc"]
    assert computed == ["abc"]


def test_a_long_key_is_computed_each_time(double, computed):
    assert [double("abcd"), double("abcd")] == ["abcdabcd", "abcdabcd"]
    assert computed == ["abcd", "abcd"]


def test_the_entry_that_was_not_used_the_longest_goes_first(double, computed):
    for text in ("a", "b", "a", "c", "a", "b"):
        double(text)
    assert computed == ["a", "b", "c", "b"]


def test_an_error_is_not_cached():
    @cache_short_keys(len)
    def refuse(text: str) -> str:
        raise ValueError(text)

    for _ in range(2):
        with pytest.raises(ValueError, match="a"):
            refuse("a")
