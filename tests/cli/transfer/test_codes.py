"""Codes of imported files: ASCII, without the ending, and the same in each run."""

from pathlib import Path
from random import Random

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.cli.transfer.codes import codes_of
from schemas.downloadable import MAX_CODE


def codes(*names, known=None):
    paths = [Path(name) for name in names]
    found = codes_of(paths, known or {})
    return [found[path] for path in paths]


def store(**files):
    return {code.replace("_", "-"): {"file_name": name} for code, name in files.items()}


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("Über Größe.mp3", "uber-grosse"),
        ("U\u0308ber Gro\u0308ße.mp3", "uber-grosse"),
        ("songs/Über Fjord.mp3", "songs-uber-fjord"),
        ("Червоний.pdf", "chervoniy"),
        ("日本.pdf", "riben"),
        ("a.b.tar.gz", "a-b"),
        ("Mr. Smith", "mr-smith"),
        ("book v1.2", "book-v1-2"),
        ("book v1.2.pdf", "book-v1-2"),
        ("a.7z", "a"),
        ("….mp3", "file"),
        ("README", "readme"),
        ("x" * 80 + ".mp3", "x" * 50),
    ],
)
def test_a_code_is_an_ascii_transliteration(path, code):
    assert codes(path) == [code]


def test_formats_of_one_title_are_told_apart_by_their_endings():
    assert codes("song.flac", "song.mp3") == ["song-flac", "song-mp3"]


def test_another_format_that_comes_later_changes_no_code():
    known = store(song="song.mp3")
    assert codes("song.flac", "song.mp3", known=known) == ["song-flac", "song"]
    assert codes("song.flac", known=known) == ["song-flac"]
    known |= store(song_flac="song.flac")
    assert codes("song.flac", known=known) == ["song-flac"]
    assert codes("song.mp3", known=known) == ["song"]


def test_names_that_are_the_same_in_ascii_are_told_apart_whatever_comes():
    first = codes("Über.mp3", "Uber.mp3")
    assert len(set(first)) == 2
    assert codes("Uber.mp3", "Über.mp3") == first[::-1]
    known = store(**{first[0]: "Über.mp3", first[1]: "Uber.mp3"})
    assert codes("Über.mp3", "Uber.mp3", known=known) == first
    assert codes("Uber.mp3", known=known) == [first[1]]


def test_names_that_differ_in_their_composition_only_are_two_files():
    first = codes("\u00fcber.txt", "u\u0308ber.txt")
    assert len(set(first)) == 2
    known = {code: {"file_name": "\u00fcber.txt"} for code in first}
    assert codes("\u00fcber.txt", "u\u0308ber.txt", known=known) == first


def test_a_single_file_keeps_the_code_that_it_got_with_its_folder():
    known = store(albums_tide="Tide.mp3", book="Book.pdf")
    assert codes("Tide.mp3", known=known) == ["albums-tide"]
    known |= store(singles_tide="Tide.mp3")
    assert codes("Tide.mp3", known=known) == ["tide"]
    assert codes("Tide.mp3", "Book.pdf", known=known) == ["tide", "book"]


def test_what_an_earlier_version_imported_keeps_its_code():
    known = {"songs-über-fjord-mp3": {"file_name": "Über Fjord.mp3"}}
    assert codes("songs/Über Fjord.mp3", known=known) == ["songs-über-fjord-mp3"]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("C.pdf", "C++.pdf"),
        ("a b.mp3", "a-b.mp3"),
        ("x/a.mp3", "x-a.mp3"),
        ("日.mp3", "ri.mp3"),
        ("song.mp3", "Song.mp3"),
    ],
)
def test_another_file_never_gets_the_code_of_one_that_was_sold(first, second):
    [code] = codes(first)
    known = {code: {"file_name": Path(first).name}}
    [other] = codes(second, known=known)
    assert other != code
    assert codes(first, known=known) == [code]
    both = codes(first, second, known=known)
    assert both[0] == code
    assert both[1] != code


def test_a_downloadable_without_a_file_gets_its_file():
    assert codes("song.mp3", known={"song": {"file_name": None}}) == ["song"]


NAMES = st.lists(
    st.text(st.sampled_from("aäAßé .-_b"), min_size=1, max_size=5).map(
        lambda stem: f"x{stem}"
    ),
    min_size=1,
    max_size=6,
    unique=True,
)


@given(NAMES, st.sampled_from([".mp3", ".flac", ""]), st.randoms())
@example(["x_A_A", "x_A.A"], "", Random(0))  # noqa: S311 - to shuffle
def test_a_second_run_changes_nothing(names, ending, random):
    paths = [Path(f"{name.strip('. ')}{ending}") for name in names]
    paths = list(dict.fromkeys(paths))
    first = codes_of(paths, {})
    assert len(set(first.values())) == len(paths)
    for code in first.values():
        assert code.isascii()
        assert 0 < len(code) <= MAX_CODE
    known = {code: {"file_name": path.name} for path, code in first.items()}
    shuffled = [*paths, Path(f"another{ending}")]
    random.shuffle(shuffled)
    again = codes_of(shuffled, known)
    assert {path: again[path] for path in paths} == first
