"""Which format an Accept header gets (RFC 9110, section 12.5.1)."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.http.headers.accept import MediaRange, negotiate, parse_accept
from representations import REPRESENTATIONS

HAL = "application/hal+json"
XML = "application/hal+xml"
SIREN = "application/vnd.siren+json"
FORMS = "application/prs.hal-forms+json"
HTML = "text/html"
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"

TABLE = [
    # absent, empty, anything
    ("", HAL),
    (" ", HAL),
    (",", HAL),
    (" , ,", HAL),
    ("*/*", HAL),
    ("*/*;q=0.1", HAL),
    ("application/*", HAL),
    ("APPLICATION/*", HAL),
    ("*", HAL),
    ("text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2", HTML),
    # each name
    ("application/hal+json", HAL),
    ("application/vnd.hal+json", "application/vnd.hal+json"),
    ("application/json", "application/json"),
    ("text/json", "text/json"),
    ("application/hal+xml", XML),
    ("application/vnd.hal+xml", "application/vnd.hal+xml"),
    ("application/xml", "application/xml"),
    ("text/xml", "text/xml"),
    ("application/vnd.siren+json", SIREN),
    ("application/siren+json", "application/siren+json"),
    ("text/html", HTML),
    ("application/xhtml+xml", "application/xhtml+xml"),
    # case
    ("Application/HAL+JSON", HAL),
    ("APPLICATION/XML", "application/xml"),
    ("application/vnd.siren+json;Q=0.5, application/xml;q=0.4", SIREN),
    # the canonical name wherever it is acceptable
    ("application/json, */*", HAL),
    ("application/json, */*;q=0.1", HAL),
    ("application/json, application/hal+json;q=0.1", HAL),
    ("application/json, application/hal+json;q=0", "application/json"),
    ("application/xml, application/*;q=0.5", XML),
    ("application/xml, text/*;q=0.5", "application/xml"),
    ("text/xml, application/xml", "text/xml"),
    ("application/xml, text/xml", "application/xml"),
    # parameters
    ("application/hal+json;profile=x", HAL),
    ('application/hal+json; profile="http://a/b,c;d"', HAL),
    ("application/json; charset=utf-8", "application/json"),
    ('application/json;profile="a\\"b", application/xml;q=0.9', "application/json"),
    (
        "application/xml;charset=utf-8;q=0.9, application/hal+json;q=0.8",
        "application/xml",
    ),
    ("application/hal+json;v=1;q=0, application/hal+json", HAL),
    # a plain range decides before one with parameters, wherever it stands
    ("application/xml;q=0.5, application/hal+json;v=1;q=0.9", HAL),
    (
        "application/xml;q=0.5, application/hal+json;q=0.1, application/hal+json;v=1",
        "application/xml",
    ),
    (
        "application/xml;q=0.5, application/hal+json;v=1, application/hal+json;q=0.1",
        "application/xml",
    ),
    ('application/hal+json;profile="";q=0, application/xml', "application/xml"),
    ("application/hal+json;v=;q=0, application/xml", "application/xml"),
    ("application/hal+json, application/hal+json;v=1;q=0", HAL),
    ("application/hal+json;", HAL),
    ("application/hal+json ; q=1 ; ", HAL),
    # quality
    ("application/xml;q=0.9, application/hal+json;q=0.8", "application/xml"),
    ("application/hal+json;q=0.8, application/xml;q=0.9", "application/xml"),
    ("application/hal+json;q=0.001, text/html;q=0.002", HTML),
    ("application/xml;q=1.000, application/hal+json", "application/xml"),
    ("application/xml;q=0., application/hal+json;q=1.", HAL),
    ("application/xml;q=.9, application/hal+json;q=.8", "application/xml"),
    ("*/*;q=0.5, application/vnd.siren+json", SIREN),
    ("*/*, application/vnd.siren+json;q=0.9", HAL),
    # q=0 excludes the label
    ("application/hal+json;q=0, */*", FORMS),
    ("application/hal+json;q=0, application/*", FORMS),
    ("application/hal+json;q=0, application/prs.hal-forms+json;q=0, */*", SIREN),
    ("application/hal+json;q=0, application/json", "application/json"),
    ("application/hal+json;q=0, application/json, */*;q=0.5", "application/json"),
    ("application/*;q=0, */*", HTML),
    ("application/*;q=0, application/xml;q=0.1", "application/xml"),
    ("text/html;q=0, */*;q=0.1", HAL),
    # specificity decides on q
    ("application/*;q=0.2, application/hal+json;q=0.9, text/html;q=0.5", HAL),
    ("application/*, application/hal+json;q=0.1", FORMS),
    ("*/*;q=0.9, application/*;q=0.1", HTML),
    ("*/*;q=0.9, text/*;q=0.1", HAL),
    # ties: specificity, then the client's order, then ours
    ("*/*, application/xml", XML),
    ("application/*, text/html", HTML),
    ("text/html, application/*", HTML),
    ("application/vnd.siren+json, application/hal+json", SIREN),
    ("application/hal+json, application/vnd.siren+json", HAL),
    ("application/xml, application/json", "application/xml"),
    ("application/json, application/xml", "application/json"),
    ("text/html, application/json", HTML),
    ("application/xml;q=0.5, application/hal+json;q=0.5", "application/xml"),
    ("text/*, application/*", HTML),
    # wildcards ask for a format by its canonical name
    ("text/*", "text/json"),
    ("text/*;q=0.3, application/xml;q=0.2", "text/json"),
    ("text/*;q=0.3, text/json;q=0", "text/xml"),
    ("text/*;q=0.3, text/html", HTML),
    # real clients
    (BROWSER, HTML),
    (BROWSER.replace(",application/xhtml+xml", ",image/avif,image/webp"), HTML),
    (
        "application/prs.hal-forms+json, application/hal+json, application/json, */*",
        FORMS,
    ),
    ("application/hal+json, application/json, */*; q=0.01", HAL),
    ("application/json, text/javascript, */*; q=0.01", HAL),
    ("application/json, text/plain, */*", HAL),
    ("application/hal+json, application/json;q=0.9, */*;q=0.8", HAL),
    ("application/hal+json, application/json; q=0.8", HAL),
    ("*/*; q=0.4, application/hal+json; q=0.5, application/vnd.siren+json; q=0.5", HAL),
    (
        (
            "application/prs.hal-forms+json;q=1.0, application/hal+json;q=0.9, "
            "application/vnd.api+json;q=0.8, application/vnd.siren+json;q=0.8, "
            "application/vnd.collection+json;q=0.8, application/json;q=0.7, "
            "text/html;q=0.6"
        ),
        FORMS,
    ),
    ("application/vnd.siren+json, application/json;q=0.5", SIREN),
    ("application/coreapi+json, application/vnd.coreapi+json, */*", HAL),
    ("image/*, text/html;q=0.9", HTML),
    # malformed members are left out; if nothing is left, anything is acceptable
    ("garbage", HAL),
    ("application/", HAL),
    ("/json", HAL),
    ("*/json", HAL),
    ("application/h*l", HAL),
    ("application/xml;q=high", HAL),
    ("application/xml;q=1.5", HAL),
    ("application/xml;q=-1", HAL),
    ("application/xml;=1", HAL),
    ("garbage, application/xml", "application/xml"),
    ("application/hal+json;q=abc, application/xml;q=0.1", "application/xml"),
    ('application/xml;profile="unbalanced', HAL),
    (";;;q=1", HAL),
    # nothing acceptable
    ("image/png", None),
    ("application/pdf, image/*;q=0.9", None),
    ("*/*;q=0", None),
    ("application/hal+json;q=0", None),
    ("text/plain", None),
    ("application/prs.hal-forms+json", FORMS),
    ("text/csv", None),
    ("application/problem+json", None),
]


@pytest.mark.parametrize(("header", "expected"), TABLE)
def test_accept_gets_the_label(header, expected):
    choice = negotiate(header)
    assert (choice and choice.media_type) == expected


@pytest.mark.parametrize(
    "header", ["", ",", "nonsense", "*", "a/b/c", "*/json", "a*/b"]
)
def test_what_says_nothing_accepts_anything(header):
    assert parse_accept(header) == (MediaRange("*", "*"),)


@pytest.mark.parametrize(
    ("media_range", "media_type", "expected"),
    [
        (MediaRange("*", "*"), "a/b", 0),
        (MediaRange("a", "*"), "a/b", 1),
        (MediaRange("a", "*"), "b/a", None),
        (MediaRange("a", "b", 1.0, has_parameters=True), "a/b", 2),
        (MediaRange("a", "b"), "a/b", 3),
        (MediaRange("a", "b"), "a/c", None),
        (MediaRange("a", "b/c"), "a/b/c", 3),
    ],
)
def test_the_narrower_range_is_the_more_specific(media_range, media_type, expected):
    assert media_range.specificity(media_type) == expected


def test_the_table_is_large_enough():
    assert len(TABLE) >= 80


@pytest.mark.parametrize(
    ("header", "expected"),
    [(header, label) for header, label in TABLE if label in {"text/json", HTML}][:3],
)
def test_text_labels_say_their_charset(header, expected):
    choice = negotiate(header)
    assert choice is not None
    assert choice.content_type == f"{expected}; charset=utf-8"


def test_quotes_that_never_end_are_read_in_one_pass():
    started = time.process_time()
    assert negotiate('"a\\' * 50_000) is not None
    assert time.process_time() - started < 2


LABELS = [label for r in REPRESENTATIONS for label in r.media_types]
RANGES = st.sampled_from([*LABELS, "*/*", "application/*", "text/*", "image/png"])
QUALITIES = st.integers(0, 1000).map(lambda n: n / 1000)
HEADERS = st.lists(st.tuples(RANGES, QUALITIES), min_size=1, max_size=8)


def write(members):
    return ", ".join(f"{media};q={quality:.3f}" for media, quality in members)


def quality_by_rfc(label, members):
    """The quality of a label, the slow way: the most specific range decides."""
    main = label.partition("/")[0]
    for pattern in (label, f"{main}/*", "*/*"):
        found = [quality for media, quality in members if media == pattern]
        if found:
            return max(found)
    return 0.0


@given(HEADERS)
def test_what_is_chosen_is_acceptable_and_nothing_named_is_better(members):
    choice = negotiate(write(members))
    named = {media: quality_by_rfc(media, members) for media, _ in members}
    acceptable = [q for label, q in named.items() if label in LABELS and q > 0]
    if choice is None:
        assert not acceptable
        return
    assert quality_by_rfc(choice.media_type, members) > 0
    best = max(quality_by_rfc(t, members) for t in choice.representation.media_types)
    assert best >= max(acceptable, default=0)


@given(HEADERS)
def test_a_parameter_we_do_not_know_changes_nothing(members):
    plain = ", ".join(f"{m};q={q:.3f}" for m, q in members)
    with_parameter = ", ".join(f"{m};charset=utf-8;q={q:.3f}" for m, q in members)
    assert negotiate(plain) == negotiate(with_parameter)


@given(st.text(max_size=200))
def test_any_text_is_read_as_some_ranges(header):
    assert parse_accept(header)
    negotiate(header)
