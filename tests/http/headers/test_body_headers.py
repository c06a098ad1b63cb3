"""Headers that change what a body means are honoured or refused, never ignored."""

import base64
import hashlib
import io
import re

import pytest

from app.errors import RequestError
from app.http.environ import APPLIED
from app.http.headers.body_headers import ensure_supported

PATH = "/stores/1/downloadables"
ITEM = {"name": "A", "code": "a", "price": 1, "item_category_id": 2}
PROBLEM = "application/problem+json, */*;q=0.1"
RAW = {"Content-Type": "application/octet-stream"}
JSON = {"Content-Type": "application/json"}
REFUSED = [
    ({"Content-Range": "bytes 0-3/8"}, 400, "a part of a file"),
    ({"Content-Range": "bytes */8"}, 400, "a part of a file"),
    ({"Content-Encoding": "gzip"}, 415, "send it uncompressed"),
    ({"Content-Encoding": "identity, br"}, 415, "send it uncompressed"),
    ({"Content-Encoding": "aws-chunked"}, 415, "send it uncompressed"),
    ({"Transfer-Encoding": "gzip, chunked"}, 400, "send chunked alone"),
    ({"Content-Transfer-Encoding": "base64"}, 415, "send its bytes as they are"),
    ({"Upload-Concat": "partial"}, 400, "parallelUploads: 1"),
    ({"Upload-Concat": "final;/uploads/a /uploads/b"}, 400, "parallelUploads: 1"),
    ({"Upload-Complete": "?0"}, 400, "send the whole file"),
    ({"Upload-Complete": "maybe"}, 400, "send the whole file"),
    ({"Upload-Incomplete": "?1"}, 400, "send the whole file"),
    ({"Expect": "200-ok"}, 417, "100-continue"),
    ({"Expect": "100-continue, else"}, 417, "100-continue"),
]
HONOURED = [
    {"Content-Encoding": "identity"},
    {"Content-Encoding": ""},
    {"Upload-Complete": "?1"},
    {"Upload-Complete": "?1;a=b"},
    {"Upload-Incomplete": "?0"},
    {"Expect": "100-Continue"},
    {"Upload-Length": "5"},
    {"Content-Transfer-Encoding": "binary"},
]


@pytest.fixture
def item(api):
    return api.post(PATH, json=ITEM).headers["Location"]


@pytest.fixture
def slot(api, item):
    return api.post(f"{item}/upload_url", json={}).json["upload_url"]


def requests(api, item, slot):
    """Send a body in each way in which there is one."""
    form = {"name": "B", "file": (io.BytesIO(b"half"), "a.bin")}
    tus = {"Tus-Resumable": "1.0.0", "Upload-Length": "4"}
    offset = {"Tus-Resumable": "1.0.0", "Upload-Offset": "0"}
    chunk = {"Content-Type": "application/offset+octet-stream"}
    post, put, patch = api.post, api.put, api.patch
    return [
        lambda h: post(PATH, data=b"{}", headers={**JSON, **h}),
        lambda h: patch(item, data=b'{"name":"B"}', headers={**JSON, **h}),
        lambda h: patch(item, data={**form}, headers=h),
        lambda h: put(f"{item}/file", data=b"half", headers={**RAW, **h}),
        lambda h: put(slot, data=b"half", headers={**RAW, **h}),
        lambda h: post(slot, data=b"half", headers={**tus, **chunk, **h}),
        lambda h: patch(slot, data=b"half", headers={**offset, **chunk, **h}),
        lambda h: post("/token", data={"grant_type": "x"}, headers=h),
        lambda h: post("/easycart/downloads", data=b"{}", headers={**JSON, **h}),
        lambda h: post(
            "/stores/1/downloadables",
            data={"limit": "1"},
            headers={"X-HTTP-Method-Override": "GET", **h},
        ),
    ]


@pytest.mark.parametrize(("headers", "status", "says"), REFUSED)
def test_what_cannot_be_honoured_is_refused(api, item, slot, headers, status, says):
    for number, send in enumerate(requests(api, item, slot)):
        if number == 9 and "Upload" in str(headers):
            continue
        form = next(iter(headers))
        answer = send(dict(headers))
        assert answer.status_code == status, (number, form, answer.text)
        assert says in answer.text
    shown = api.get(item).json
    assert (shown["name"], shown["file_size"]) == ("A", None)


@pytest.mark.parametrize("headers", HONOURED)
def test_what_changes_nothing_is_honoured(api, item, headers):
    put = api.put(f"{item}/file", data=b"whole", headers={**RAW, **headers})
    assert put.status_code == 200, put.text
    assert api.get(f"{item}/file").data == b"whole"


@pytest.mark.parametrize("name", ["Content-Range", "Content-Encoding"])
def test_without_a_body_they_mean_nothing(api, item, name):
    assert api.get(item, headers={name: "gzip"}).status_code == 200
    assert api.delete(item, headers={name: "gzip"}).status_code == 200


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Upload-Length": "100"}, 400),
        ({"Upload-Defer-Length": "1"}, 400),
        ({"Upload-Checksum": "sha1 AAAAAAAAAAAAAAAAAAAAAAAAAAA="}, 400),
        ({"Content-Type": "multipart/byteranges; boundary=x"}, 415),
        ({"Content-Type": "multipart/related; boundary=x"}, 415),
    ],
)
def test_a_raw_body_that_is_no_whole_file_is_refused(api, item, slot, headers, status):
    for path in (f"{item}/file", slot):
        answer = api.put(path, data=b"whole", headers={**RAW, **headers})
        assert answer.status_code == status, answer.text
    assert api.get(item).json["file_size"] is None


GZIP, CHUNKED = {"HTTP_CONTENT_ENCODING": "gzip"}, {"HTTP_TRANSFER_ENCODING": "chunked"}


@pytest.mark.parametrize(
    ("method", "environ", "says"),
    [
        ("PUT", {"HTTP_UPLOAD_OFFSET": "0"}, None),
        ("PUT", {"HTTP_UPLOAD_OFFSET": "5"}, "Upload-Offset: 5 is for PATCH only"),
        ("POST", {"HTTP_UPLOAD_OFFSET": "5"}, "Upload-Offset: 5 is for PATCH only"),
        ("PATCH", {"HTTP_UPLOAD_OFFSET": "5"}, None),
        ("PUT", {"HTTP_UPLOAD_LENGTH": "5", "CONTENT_LENGTH": "5"}, None),
        ("PUT", {"HTTP_UPLOAD_LENGTH": "5"}, "Upload-Length: 5 is not the Content-Len"),
        ("POST", {"HTTP_UPLOAD_LENGTH": "5"}, None),
        (
            "PUT",
            {"HTTP_UPLOAD_DEFER_LENGTH": "1"},
            "Upload-Defer-Length: 1 is for",
        ),
        ("POST", {"HTTP_UPLOAD_DEFER_LENGTH": "1"}, None),
        ("PUT", {"HTTP_TRANSFER_ENCODING": "Chunked"}, None),
        ("PUT", {"HTTP_TRANSFER_ENCODING": "gzip"}, "Transfer-Encoding gzip is not"),
        (
            "PUT",
            {**GZIP, "CONTENT_LENGTH": "1"},
            "a body with the Content-Encoding gzip",
        ),
        ("PUT", {**GZIP, **CHUNKED}, "body with the Content-Encoding gzip"),
        ("PUT", GZIP, None),
        ("PUT", {**GZIP, "CONTENT_LENGTH": ""}, None),
        ("PUT", {**GZIP, "CONTENT_LENGTH": " 0 "}, None),
        (
            "PUT",
            {"HTTP_CONTENT_TRANSFER_ENCODING": "base64", "CONTENT_LENGTH": "1"},
            "a body with the Content-Transfer-Encoding base64",
        ),
        ("PUT", {"HTTP_CONTENT_RANGE": "bytes 0-1/2"}, "Content-Range: bytes 0-1/2"),
        ("DELETE", {"HTTP_CONTENT_RANGE": "bytes 0-1/2"}, None),
        ("PUT", {"HTTP_UPLOAD_COMPLETE": "?0"}, "Upload-Complete: ?0 is not supported"),
        ("PUT", {"HTTP_UPLOAD_COMPLETE": "?"}, "Upload-Complete: ? is not supported"),
        ("PUT", {"HTTP_UPLOAD_INCOMPLETE": "?1"}, "Upload-Incomplete: ?1 is not suppo"),
        ("PUT", {"HTTP_UPLOAD_INCOMPLETE": ""}, "Upload-Incomplete:  is not supported"),
        # What a method without a body says of one means nothing, unless a form
        # overrode the method.
        ("GET", {"HTTP_CONTENT_RANGE": "bytes 0-1/2"}, None),
        ("GET", {"HTTP_CONTENT_RANGE": "bytes 0-1/2", APPLIED: True}, "Content-Range"),
        ("GET", {"HTTP_EXPECT": "200-ok"}, "Expect: 200-ok cannot be met"),
    ],
)
def test_each_header_is_honoured_or_named(method, environ, says):
    sent = {"REQUEST_METHOD": method, **environ}
    if says is None:
        ensure_supported(sent)
    else:
        with pytest.raises(RequestError, match=re.escape(says)):
            ensure_supported(sent)


def test_an_expectation_is_answered_in_the_format_that_is_asked_for(server):
    headers = ("-H", "Expect: 200-ok", "-H", f"Accept: {PROBLEM}")
    answer = server.curl("-w", "%{http_code}", *headers, f"{server.url}stores/1")
    assert answer.stdout.endswith("417")
    assert "/problems/expectation_failed" in answer.stdout


def part(*headers, content=b"half"):
    lines = ['Content-Disposition: form-data; name="file"; filename="a.bin"', *headers]
    return (
        b"--X\r\n"
        + "\r\n".join(lines).encode()
        + b"\r\n\r\n"
        + content
        + b"\r\n--X--\r\n"
    )


PARTS = [
    (f"Content-Length: {'9' * 5000}", 400, "but its Content-Length is 999"),
    ("Content-Length: x", 400, "but its Content-Length is x"),
    ("Transfer-Encoding: gzip", 415, "Transfer-Encoding gzip"),
    (
        "Content-Length: 99",
        400,
        "the part file has 4 bytes, but its Content-Length is 99",
    ),
    ("Content-MD5: XrY7u+Ae7tCTyyK7j1rNww==", 400, "not the one in Content-MD5"),
    (f"Content-Digest: sha-256=:{'A' * 43}=:", 400, "not the one in Content-Digest"),
    ("Content-Transfer-Encoding: base64", 415, "send its bytes as they are"),
    ("Content-Transfer-Encoding: quoted-printable", 415, "RFC 7578"),
    ("Content-Encoding: gzip", 415, "the part file with the Content-Encoding gzip"),
    ("Content-Range: bytes 0-3/8", 400, "send all of the file"),
    ("Content-Type: multipart/mixed; boundary=Y", 415, "each file as a part"),
    ("Content-Disposition: form-data; name=b", 400, "content-disposition twice"),
]


@pytest.mark.parametrize(("header", "status", "says"), PARTS)
def test_a_header_of_a_part_is_refused(api, item, header, status, says):
    kind = "multipart/form-data; boundary=X"
    answer = api.patch(item, data=part(header), content_type=kind)
    assert answer.status_code == status, answer.text
    assert says in answer.text
    assert api.get(item).json["file_size"] is None


@pytest.mark.parametrize("value", ["binary", "8BIT", "7bit", "Binary;", "binary (x)"])
def test_plain_transfer_encodings_are_honoured(api, item, value):
    kind = "multipart/form-data; boundary=X"
    body = part(f"Content-Transfer-Encoding: {value}")
    assert api.patch(item, data=body, content_type=kind).status_code == 200
    assert api.get(f"{item}/file").data == b"half"


def test_what_a_part_announces_may_be_right(api, item):
    """As OkHttp sends it."""
    kind = "multipart/form-data; boundary=X"
    md5 = base64.b64encode(hashlib.md5(b"half", usedforsecurity=False).digest())
    headers = ("Content-Length: 0004", f"Content-MD5: {md5.decode()}")
    body = part(*headers, f"Content-Digest: {sf('sha-512', b'half')}")
    assert api.patch(item, data=body, content_type=kind).status_code == 200


def test_a_form_put_at_a_slot_is_its_file(anonymous, api, item, slot):
    form = {"file": (io.BytesIO(b"song"), "song.mp3")}
    answer = anonymous.put(slot, data=form)
    assert answer.json["message"] == "song.mp3 is version 1 now."
    assert api.get(f"{item}/file").data == b"song"


@pytest.mark.parametrize(
    "field",
    [
        "dztotalchunkcount",
        "chunks",
        "resumableTotalChunks",
        "flowTotalChunks",
        "qqtotalparts",
    ],
)
def test_a_piece_in_a_form_is_no_file(anonymous, api, item, slot, field):
    def form(count):
        return {field: count, "file": (io.BytesIO(b"half"), "song.mp3")}

    answer = anonymous.post(slot, data=form("2"))
    assert answer.status_code == 400
    assert f"{field} says that the file comes in 2 pieces" in answer.text
    assert api.get(item).json["file_size"] is None
    assert anonymous.post(slot, data=form("1")).status_code == 204


def test_a_form_is_no_file(api, item):
    form = {"file": (io.BytesIO(b"song"), "song.mp3")}
    answer = api.put(f"{item}/file", data=form)
    assert answer.status_code == 415
    assert "send the file itself" in answer.text


def test_the_type_that_curl_sends_by_default_says_nothing(api, item):
    headers = {
        "Content-Type": "application/x-www-form-urlencoded",
        "Content-Disposition": "attachment; filename=a.pdf",
    }
    assert api.put(f"{item}/file", data=b"a=b", headers=headers).status_code == 200
    assert api.get(item).json["file_type"] == "application/pdf"


# -- digests --------------------------------------------------------------------

CONTENT = b'{"name": "B"}'


def sf(name, data):
    algorithm = name.replace("-", "")
    return (
        f"{name}=:{base64.b64encode(hashlib.new(algorithm, data).digest()).decode()}:"
    )


def bodies(api, item, slot):
    return [
        lambda h: api.patch(item, data=CONTENT, headers={**JSON, **h}),
        lambda h: api.put(f"{item}/file", data=CONTENT, headers={**RAW, **h}),
        lambda h: api.put(slot, data=CONTENT, headers={**RAW, **h}),
    ]


RIGHT = [
    sf("sha-256", CONTENT),
    sf("sha-512", CONTENT),
    f'{sf("sha-256", CONTENT)};a="b";c, {sf("sha-512", CONTENT)}',
    f"md5=:AA==:, {sf('sha-512', CONTENT)}",
    "unixsum=30637",
    f"sha-256=:{base64.b64encode(hashlib.sha256(CONTENT).digest()).decode().rstrip('=')}:",
]
MISMATCHED = [
    sf("sha-256", b"other"),
    sf("sha-512", b"other"),
    f"{sf('sha-256', CONTENT)}, {sf('sha-512', b'other')}",
    f"{sf('sha-256', b'other')};a=1",
]
MALFORMED = [
    "sha-256",
    "sha-256=x",
    "sha-256=:%:",
    "sha-256=:AA==:",
    "sha-512=(:AA==:)",
    ",",
]


@pytest.mark.parametrize("field", ["Repr-Digest", "Content-Digest"])
@pytest.mark.parametrize("digest", RIGHT)
def test_a_right_digest_is_no_obstacle(api, item, slot, field, digest):
    for send in bodies(api, item, slot):
        answer = send({field: digest})
        assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("field", ["Repr-Digest", "Content-Digest"])
@pytest.mark.parametrize("digest", MISMATCHED)
def test_a_mismatch_is_a_problem_of_its_own(api, item, slot, field, digest):
    for send in bodies(api, item, slot):
        answer = send({field: digest, "Accept": PROBLEM})
        assert answer.status_code == 400, answer.text
        assert answer.json["type"].endswith("/digest-mismatch")
    shown = api.get(item).json
    assert (shown["name"], shown["file_size"]) == ("A", None)


@pytest.mark.parametrize(
    ("digest", "status"),
    [
        ("SHA-256=right", 200),
        ("sha-256=AAAA", 400),
        ("MD5=XrY7u+Ae7tCTyyK7j1rNww==", 400),
    ],
)
def test_the_digest_field_of_before_is_checked_too(api, item, digest, status):
    right = base64.b64encode(hashlib.sha256(CONTENT).digest()).decode()
    headers = {**RAW, "Digest": digest.replace("right", right)}
    answer = api.put(f"{item}/file", data=CONTENT, headers=headers)
    assert answer.status_code == status, answer.text


@pytest.mark.parametrize("digest", MALFORMED)
def test_a_digest_that_is_none_is_named(api, item, slot, digest):
    for send in bodies(api, item, slot):
        answer = send({"Repr-Digest": digest})
        assert answer.status_code == 400, answer.text
        assert "Repr-Digest must" in answer.text


def test_a_form_with_a_file_is_checked_whole(api, item, data_dir):
    kind = "multipart/form-data; boundary=X"
    body = part()
    wrong = {"Content-Digest": sf("sha-256", b"half")}
    answer = api.patch(item, data=body, content_type=kind, headers=wrong)
    assert answer.status_code == 400
    right = {"Content-Digest": sf("sha-256", body)}
    answer = api.patch(item, data=body, content_type=kind, headers=right)
    assert answer.status_code == 200


def offset(api, slot):
    return api.request("HEAD", slot).headers["Upload-Offset"]


def test_a_piece_of_an_upload_is_checked_alone(api, slot):
    tus = {"Tus-Resumable": "1.0.0"}
    assert api.post(slot, headers={**tus, "Upload-Length": "8"}).status_code == 201
    headers = {**tus, "Content-Type": "application/offset+octet-stream"}
    first = {**headers, "Upload-Offset": "0"}
    wrong = {**first, "Content-Digest": sf("sha-512", b"x")}
    assert api.patch(slot, data=b"half", headers=wrong).status_code == 400
    assert offset(api, slot) == "0"
    right = {**first, "Content-Digest": sf("sha-512", b"half")}
    assert api.patch(slot, data=b"half", headers=right).status_code == 204
    # Of the whole file, which this piece is not.
    whole = {**headers, "Upload-Offset": "4", "Repr-Digest": sf("sha-256", b"halfhalf")}
    assert api.patch(slot, data=b"half", headers=whole).status_code == 204
