"""Accept-Encoding: which coding is chosen, and what each one makes of a body."""

import gzip

import brotli
import pytest
import zstandard

from app.http.headers.accept_encoding import CODINGS, IDENTITY, choose_coding

DECODE = {
    "gzip": gzip.decompress,
    "br": brotli.decompress,
    "zstd": lambda body: zstandard.ZstdDecompressor().decompress(body),
}
BODY = b"a body that repeats itself, " * 500


@pytest.mark.parametrize(
    ("header", "coding"),
    [
        ("gzip", "gzip"),
        ("GZIP", "gzip"),
        ("gzip, br, zstd", "zstd"),
        ("gzip;q=1.0, br;q=0.9, zstd;q=0.8", "gzip"),
        ("gzip;q=0.5, br ; q=0.9", "br"),
        ("*", "zstd"),
        ("*;q=0.1, br", "br"),
        ("zstd;q=0, *", "br"),
        ("gzip;q=0", IDENTITY),
        ("identity", IDENTITY),
        ("identity;q=0.5, gzip;q=0.4", IDENTITY),
        ("identity;q=0.5, gzip;q=0.5", "gzip"),
        ("compress, deflate", IDENTITY),
        ("gzip;q=nonsense", IDENTITY),
        ("gzip;q=2", IDENTITY),
        (", ,gzip", "gzip"),
        (",".join([*["x"] * 31, "gzip"]), "gzip"),
        (",".join([*["x"] * 32, "gzip"]), IDENTITY),
    ],
)
def test_the_best_coding_that_is_accepted_is_chosen(header, coding):
    assert choose_coding(header) == coding


@pytest.mark.parametrize("coding", CODINGS)
def test_a_coded_body_is_smaller_and_the_same_again(coding):
    coded = CODINGS[coding](BODY)
    assert len(coded) < len(BODY) / 10
    assert DECODE[coding](coded) == BODY


def test_a_compressed_body_is_the_same_each_time():
    assert CODINGS["gzip"](BODY) == CODINGS["gzip"](BODY)
