"""Compression of representations, never of files."""

import gzip

import brotli
import pytest
import zstandard

from app.http.headers.accept_encoding import choose_coding

DECODERS = {
    "gzip": gzip.decompress,
    "br": brotli.decompress,
    "zstd": lambda body: zstandard.ZstdDecompressor().decompress(body),
}


@pytest.mark.parametrize(
    ("header", "coding"),
    [
        ("gzip", "gzip"),
        ("gzip, deflate, br, zstd", "zstd"),
        ("gzip, br", "br"),
        ("GZIP;Q=0.5, br;q=0.4", "gzip"),
        ("br;q=0", "identity"),
        ("*", "zstd"),
        ("*;q=0", "identity"),
        ("zstd;q=0, *", "br"),
        ("identity", "identity"),
        ("identity;q=0.5, gzip;q=0.4", "identity"),
        ("deflate", "identity"),
        ("", "identity"),
        (";;;", "identity"),
        ("gzip;q=x", "identity"),
    ],
)
def test_the_coding_is_negotiated(header, coding):
    assert choose_coding(header) == coding


@pytest.mark.parametrize("coding", DECODERS)
@pytest.mark.parametrize("accept", ["application/hal+json", "text/xml", "text/html"])
def test_a_representation_comes_compressed(api, coding, accept):
    plain = api.get("/stores/1", accept=accept)
    packed = api.get("/stores/1", accept=accept, headers={"Accept-Encoding": coding})
    assert packed.headers["Content-Encoding"] == coding
    assert DECODERS[coding](packed.data) == plain.data
    assert len(packed.data) < len(plain.data)
    assert int(packed.headers["Content-Length"]) == len(packed.data)
    assert "Accept-Encoding" in plain.headers["Vary"]
    assert packed.headers["Vary"] == plain.headers["Vary"]
    assert packed.headers["ETag"] != plain.headers["ETag"]


def test_a_tag_of_compressed_bytes_is_good_for_304_and_for_a_change(api):
    encoding = {"Accept-Encoding": "gzip"}
    tag = api.get("/stores/1", headers=encoding).headers["ETag"]
    same = api.get("/stores/1", headers={**encoding, "If-None-Match": tag})
    assert same.status_code == 304
    plain = api.get("/stores/1", headers={"If-None-Match": tag})
    assert plain.status_code == 200
    changed = api.patch("/stores/1", json={"region": "x"}, headers={"If-Match": tag})
    assert changed.status_code == 200


def test_a_file_stays_as_it_is(api):
    content = b"text " * 1000
    path = f"/downloadables/{api.upload(content)}/file"
    response = api.get(path, headers={"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in response.headers
    assert response.data == content


def test_what_is_small_stays_as_it_is(api):
    response = api.get("/nowhere", headers={"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in response.headers


def test_head_has_the_headers_of_get(api):
    headers = {"Accept-Encoding": "br"}
    get = api.get("/stores/1", headers=headers)
    head = api.request("HEAD", "/stores/1", headers=headers)
    assert head.data == b""
    for name in ("Content-Encoding", "Content-Length", "ETag", "Vary"):
        assert head.headers[name] == get.headers[name]
