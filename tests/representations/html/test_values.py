"""Values as people read them."""

from decimal import Decimal

import pytest

from representations.html.values import (
    choice_text,
    hours_text,
    money_text,
    plain_value,
    size_text,
    value_markup,
)

DASH = '<span class="soft">—</span>'


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 bytes"),
        (999, "999 bytes"),
        (1000, "1 kB"),
        (16_400, "16 kB"),
        (999_400, "999 kB"),
        (1_000_000, "1.0 MB"),
        (3_240_000, "3.2 MB"),
        (99_900_000, "99.9 MB"),
        (100_000_000, "100 MB"),
        (1_500_000_000, "1.5 GB"),
        (20_000_000_000_000, "20.0 TB"),
        (5_000_000_000_000_000, "5000 TB"),
    ],
)
def test_a_size_has_a_unit_that_fits(size, text):
    assert size_text(size) == text


@pytest.mark.parametrize(
    ("hours", "text"),
    [
        (0, "0 hours"),
        (1, "1 hour"),
        (23, "23 hours"),
        (24, "1 day"),
        (36, "36 hours"),
        (48, "2 days"),
        (168, "7 days"),
    ],
)
def test_whole_days_are_days(hours, text):
    assert hours_text(hours) == text


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        (Decimal("4.5"), "EUR", "€4.50"),
        (Decimal(1250), "JPY", "¥1,250"),
        (3, "USD", "$3.00"),
        (Decimal("4.50"), "", "4.50"),
        (Decimal("4.5"), "", "4.5"),
        (3, "", "3"),
    ],
)
def test_money_is_of_a_currency_or_a_number(amount, currency, text):
    assert money_text(amount, currency) == text


@pytest.mark.parametrize(
    ("choice", "text"),
    [
        ("flat_rate", "Flat rate"),
        ("downloadable.created", "Downloadable: created"),
        ("", "None"),
        ("a", "A"),
    ],
)
def test_a_choice_is_written_in_words(choice, text):
    assert choice_text(choice) == text


@pytest.mark.parametrize(
    ("value", "kind", "markup"),
    [
        (None, "text", DASH),
        ("", "money", DASH),
        (True, "text", '<span class="flag yes">Yes</span>'),
        (False, "number", '<span class="flag no">No</span>'),
        (0, "flag", '<span class="flag no">No</span>'),
        (1, "flag", '<span class="flag yes">Yes</span>'),
        (12_345, "text", "12,345"),
        (Decimal("4.5"), "money", "€4.50"),
        (16_400, "bytes", "16 kB"),
        (48, "hours", "2 days"),
        ("<b>", "text", '<bdi dir="auto">&lt;b&gt;</bdi>'),
        ("<b>", "digest", '<code class="digest">&lt;b&gt;</code>'),
        ("flat_rate", "choice", "Flat rate"),
        ("a\n<b>", "text", '<span class="lines" dir="auto">a\n&lt;b&gt;</span>'),
        ("a", "multiline", '<span class="lines" dir="auto">a</span>'),
        ("not a day", "date", "not a day"),
        (
            "2026-12-01T09:05:00+01:00",
            "date",
            (
                '<time datetime="2026-12-01T09:05:00+01:00" '
                'title="2026-12-01T09:05:00+01:00">1 Dec 2026, 09:05</time>'
            ),
        ),
        (
            "https://a.example/?x=1&y=2",
            "text",
            '<a href="https://a.example/?x=1&amp;y=2">a.example/?x=1&amp;y=2</a>',
        ),
        (
            "http://named.example/",
            "address",
            '<a href="http://named.example/">The &lt;Name&gt;</a>',
        ),
        ("javascript:alert(1)", "address", "javascript:alert(1)"),
        (
            {"": "none", "a": "<A>"},
            "text",
            (
                '<ul class="plain"><li><code>&#34;&#34;</code> none</li>'
                "<li><code>a</code> &lt;A&gt;</li></ul>"
            ),
        ),
    ],
)
def test_a_value_is_written_by_its_kind(value, kind, markup):
    names = {"http://named.example/": "The <Name>"}
    assert value_markup(value, kind, "EUR", names) == markup


def test_zero_is_said_in_a_word_where_it_is_no_number():
    assert value_markup(0, "hours", zero="unlimited") == "unlimited"
    assert value_markup(1, "hours", zero="unlimited") == "1 hour"
    assert value_markup(0, "number", zero="<none>") == "&lt;none&gt;"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (True, "true"),
        (False, "false"),
        (None, ""),
        (Decimal("1E+2"), "100"),
        (7, "7"),
        ("x", "x"),
    ],
)
def test_an_input_has_what_a_program_would_send(value, text):
    assert plain_value(value) == text
