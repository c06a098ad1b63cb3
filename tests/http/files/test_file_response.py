"""The bytes of a file, as the merchant gets them."""

import base64
import hashlib
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.http.files.file_response import content_disposition

CONTENT = bytes(range(256)) * 4
SIZE = len(CONTENT)


@pytest.fixture
def path(api):
    return f"/downloadables/{api.upload(CONTENT, 'naïve “x”.png')}/file"


def test_the_whole_file_with_its_headers(api, path):
    response = api.get(path)
    digest = hashlib.sha256(CONTENT)
    assert response.status_code == 200
    assert response.data == CONTENT
    headers = response.headers
    assert headers["Content-Type"] == "image/png"
    assert headers["Content-Length"] == str(SIZE)
    assert headers["ETag"] == f'"{digest.hexdigest()}"'
    assert headers["Repr-Digest"] == (
        f"sha-256=:{base64.b64encode(digest.digest()).decode()}:"
    )
    assert headers["Accept-Ranges"] == "bytes"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert headers["Cache-Control"] == "private, no-store"
    assert headers["Last-Modified"].endswith("GMT")
    assert headers["Content-Disposition"] == (
        'attachment; filename="na_ve _x_.png"; '
        "filename*=UTF-8''na%C3%AFve%20%E2%80%9Cx%E2%80%9D.png"
    )


@pytest.mark.parametrize(
    ("wanted", "start", "stop"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=10-19", 10, 20),
        ("bytes=-10", SIZE - 10, SIZE),
        ("bytes=1000-", 1000, SIZE),
        ("bytes=1000-5000", 1000, SIZE),
    ],
)
def test_one_range(api, path, wanted, start, stop):
    response = api.get(path, headers={"Range": wanted})
    assert response.status_code == 206
    assert response.data == CONTENT[start:stop]
    assert response.headers["Content-Range"] == f"bytes {start}-{stop - 1}/{SIZE}"
    assert response.headers["Content-Length"] == str(stop - start)
    assert response.headers["ETag"]


def test_several_ranges_come_as_parts(api, path):
    response = api.get(path, headers={"Range": "bytes=0-3,100-103,-4"})
    assert response.status_code == 206
    assert int(response.headers["Content-Length"]) == len(response.data)
    found = re.fullmatch(
        r"multipart/byteranges; boundary=(\w+)", response.headers["Content-Type"]
    )
    assert found
    parts = response.data.split(b"\r\n--" + found[1].encode())
    bodies = [part.partition(b"\r\n\r\n")[2] for part in parts[1:-1]]
    assert bodies == [CONTENT[:4], CONTENT[100:104], CONTENT[-4:]]
    assert parts[-1] == b"--\r\n"
    assert f"Content-Range: bytes 100-103/{SIZE}".encode() in parts[2]


def test_a_range_beyond_the_end_is_416(api, path):
    response = api.get(path, headers={"Range": f"bytes={SIZE}-"})
    assert response.status_code == 416
    assert response.headers["Content-Range"] == f"bytes */{SIZE}"
    assert "1024 bytes" in response.text


@pytest.mark.parametrize("wanted", ["items=0-1", "bytes=x", "bytes=5-1", "0-1"])
def test_what_is_no_byte_range_is_ignored(api, path, wanted):
    response = api.get(path, headers={"Range": wanted})
    assert (response.status_code, response.data) == (200, CONTENT)


def test_head_has_the_headers_of_get_and_is_never_206(api, path):
    get = api.get(path)
    head = api.request("HEAD", path, headers={"Range": "bytes=0-1"})
    assert head.status_code == 200
    assert head.data == b""
    assert dict(head.headers) == dict(get.headers)


def test_if_range_protects_a_resumed_download(api, path):
    etag = api.get(path).headers["ETag"]
    for condition, status in ((etag, 206), ('"other"', 200), (f"W/{etag}", 200)):
        response = api.get(path, headers={"Range": "bytes=5-", "If-Range": condition})
        assert response.status_code == status
        assert response.data == (CONTENT[5:] if status == 206 else CONTENT)


def test_what_is_known_is_not_sent_again(api, path):
    headers = api.get(path).headers
    for condition in (
        {"If-None-Match": headers["ETag"]},
        {"If-Modified-Since": headers["Last-Modified"]},
    ):
        response = api.get(path, headers=condition)
        assert (response.status_code, response.data) == (304, b"")
        assert response.headers["ETag"] == headers["ETag"]
    failed = api.get(path, headers={"If-Match": '"other"', "Range": "bytes=0-1"})
    assert failed.status_code == 412
    assert len(failed.data) < 500


@pytest.mark.parametrize("wanted", ["bytes=0-1", "bytes=0-1,5-6", "items=0"])
def test_a_file_deleted_meanwhile_is_a_404(
    api, path, installation, monkeypatch, wanted
):
    opened = type(installation.storage).open

    def delete_first(storage, key):
        api.delete(path.removesuffix("/file"))
        return opened(storage, key)

    monkeypatch.setattr(type(installation.storage), "open", delete_first)
    response = api.get(path, headers={"Range": wanted})
    assert response.status_code == 404


def test_accept_does_not_matter_for_bytes_but_for_errors(api, path):
    assert api.get(path, accept="image/webp").status_code == 200
    missing = api.get("/downloadables/99/file", accept="application/xml")
    assert missing.status_code == 404
    assert missing.content_type == "application/xml"


def test_without_a_file_there_is_no_link_and_a_404(api):
    number = api.add()
    assert "fx:file" not in api.get(f"/downloadables/{number}").json["_links"]
    assert api.get(f"/downloadables/{number}/file").status_code == 404


def test_a_file_kept_elsewhere_is_redirected_to(api):
    number = api.add(url="https://cdn.example/a.zip")
    link = api.get(f"/downloadables/{number}").json["_links"]["fx:file"]["href"]
    response = api.get(link)
    assert response.status_code == 302
    assert response.headers["Location"] == "https://cdn.example/a.zip"


@given(st.text(min_size=1, max_size=80))
def test_a_disposition_is_one_clean_header(name):
    header = content_disposition(name.encode("utf-8", "replace").decode())
    assert header.isascii()
    assert header.isprintable()
    found = re.fullmatch(
        r"attachment; filename=\"([^\"\\%]+)\"; filename\*=UTF-8''(\S+)", header
    )
    assert found
    assert "/" not in found[1]
    assert "/" not in found[2]
