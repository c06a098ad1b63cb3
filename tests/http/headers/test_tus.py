"""Headers of resumable uploads (tus 1.0.0), as the pure functions read them."""

import base64
import hashlib

import pytest
from flask import Request
from werkzeug.datastructures import Headers
from werkzeug.test import EnvironBuilder

from app.errors import (
    BadRequest,
    ChecksumMismatch,
    PreconditionFailed,
    RequestError,
    TooLarge,
)
from app.http.headers import tus


def request(**headers):
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return Request(EnvironBuilder(headers=Headers(sent)).get_environ())


def b64(text):
    return base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize("sent", [{}, {"Tus_Resumable": " 1.0.0 "}])
def test_version_1_is_spoken_also_by_those_who_name_none(sent):
    tus.ensure_version(request(**sent))


def test_another_version_is_refused_with_the_one_that_is_supported():
    with pytest.raises(
        PreconditionFailed, match=r"'2\.0\.0' is not supported"
    ) as found:
        tus.ensure_version(request(Tus_Resumable="2.0.0"))
    assert found.value.headers == {"Tus-Version": "1.0.0"}


@pytest.mark.parametrize(
    ("sent", "expected"), [("0", 0), (" 17 ", 17), ("9" * 100, int("9" * 100))]
)
def test_a_number_of_bytes_is_read(sent, expected):
    assert tus.upload_number(request(Upload_Offset=sent), "Upload-Offset") == expected


@pytest.mark.parametrize("sent", [None, "", "-1", "1.5", "0x1", "٣", "9" * 101, "1 2"])
def test_what_is_no_number_of_bytes_is_named(sent):
    headers = {} if sent is None else {"Upload_Offset": sent.encode().decode("latin-1")}
    with pytest.raises(BadRequest, match="Upload-Offset must be a whole number of byt"):
        tus.upload_number(request(**headers), "Upload-Offset")


@pytest.mark.parametrize(("length", "error"), [(9, None), (10, None), (11, TooLarge)])
def test_a_file_may_be_as_large_as_the_limit_says(length, error):
    sent = request(Upload_Length=str(length))
    if error is None:
        assert tus.upload_length(sent, 10) == length
    else:
        with pytest.raises(error, match=r"has 11 bytes; at most 10 .*MAX_FILE_SIZE"):
            tus.upload_length(sent, 10)


@pytest.mark.parametrize(
    ("sent", "error"),
    [
        ({"Upload_Defer_Length": "1", "Upload_Length": "5"}, "known from the start"),
        ({}, "Upload-Length must be a whole number"),
    ],
)
def test_the_length_has_to_be_known_from_the_start(sent, error):
    with pytest.raises(BadRequest, match=error):
        tus.upload_length(request(**sent), 10)


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ({}, {}),
        ({"Upload_Metadata": ""}, {}),
        (
            {"Upload_Metadata": f"filename {b64('é.txt')}, FileType {b64('a/b')}"},
            {"filename": "é.txt", "filetype": "a/b"},
        ),
        # A key may come without a value, and a list may have empty members.
        (
            {"Upload_Metadata": f"is_private,,name {b64('a')},"},
            {"is_private": "", "name": "a"},
        ),
        ({"Upload_Metadata": f"name   {b64('a')}  "}, {"name": "a"}),
    ],
)
def test_metadata_are_pairs_of_a_key_and_base64(sent, expected):
    assert tus.upload_metadata(request(**sent)) == expected


@pytest.mark.parametrize("value", ["é", "YQ=", "YQ==!", "/w==", "YQ== YQ=="])
def test_metadata_that_are_no_base64_of_utf_8_are_named(value):
    sent = request(Upload_Metadata=f"Name {value.encode().decode('latin-1')}")
    with pytest.raises(BadRequest, match="the value of Name must be UTF-8 in Base64"):
        tus.upload_metadata(sent)


def test_no_checksum_is_none():
    assert tus.upload_checksum(request()) is None


@pytest.mark.parametrize("name", ["sha1", "SHA1", "sha256", "Sha256"])
def test_a_checksum_is_compared_with_the_bytes(name):
    digest = hashlib.new(name.lower(), b"data").digest()
    value = f"{name} {base64.b64encode(digest).decode()}"
    for data, is_right in ((b"data", True), (b"date", False)):
        found = tus.upload_checksum(request(Upload_Checksum=value))
        found.update(data)
        if is_right:
            tus.ensure_checksum(found)
        else:
            upper = name.upper()
            right = base64.b64encode(hashlib.new(name.lower(), data).digest()).decode()
            says = (
                f"the {upper} digest of the body is {right}, which .* Upload-Checksum"
            )
            with pytest.raises(ChecksumMismatch, match=says.replace("+", r"\+")):
                tus.ensure_checksum(found)


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("md5 abc", "must be by one of sha256, sha1"),
        ("", "must be by one of sha256, sha1"),
        ("sha1", "Upload-Checksum must hold a digest by SHA1, of 20 bytes, in Base64"),
        ("sha1 YQ==", "must hold a digest by SHA1, of 20 bytes"),
        ("sha1 YQ== YQ==", "must hold a digest by SHA1, of 20 bytes"),
        ("sha256 !", "must hold a digest by SHA256, of 32 bytes"),
        # Characters of no Base64 are not skipped.
        ("sha1 " + "!" + "A" * 27 + "=", "must hold a digest by SHA1, of 20 bytes"),
    ],
)
def test_a_checksum_that_is_none_is_named(value, says):
    with pytest.raises(RequestError, match=says) as found:
        tus.upload_checksum(request(Upload_Checksum=value))
    assert isinstance(found.value, BadRequest)
