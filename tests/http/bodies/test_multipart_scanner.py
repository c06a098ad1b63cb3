"""The parts of a multipart body, however it is cut."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.http.bodies.multipart_scanner import (
    MAX_PART_HEADERS,
    MalformedParts,
    PartBegin,
    PartData,
    PartScanner,
)

BOUNDARY = b"b"


def scan(pieces):
    """The parts as (headers, content), and whether the end was seen."""
    scanner, parts = PartScanner(BOUNDARY), []
    for piece in pieces:
        for event in scanner.feed(piece):
            if isinstance(event, PartBegin):
                parts.append((event.headers, bytearray(), []))
            elif isinstance(event, PartData):
                parts[-1][1].extend(event.view)
            else:
                parts[-1][2].append("end")
    ended = all(len(ends) == 1 for _, _, ends in parts)
    return [(h, bytes(c)) for h, c, _ in parts], scanner.is_done and ended


def written(contents, preamble=b"", padding=b""):
    parts = [
        b"--b" + padding + b"\r\nA: %d\r\n\r\n" % n + content + b"\r\n"
        for n, content in enumerate(contents)
    ]
    return preamble + b"".join(parts) + b"--b--\r\n"


TRICKY = [
    b"",
    b"\r",
    b"\n",
    b"\r\n",
    b"\r\n-",
    b"\r\n--",
    b"x\r\n--bb\r\n",
    b"x\r\n--b-x",
    b"x\r\n--b x\r\n--",
    b"\r\n--bx\r\n--b",
    b"\r\n\r\n",
    bytes(1000),
    b"\r\n--b" + b" " * 100,
]


@pytest.mark.parametrize("content", TRICKY)
@pytest.mark.parametrize("size", [1, 2, 3, 5, 7, 1000])
def test_content_is_exact_however_it_is_cut(content, size):
    if content.endswith(b"\r\n--b"):
        content += b"x"
    body = written([content, b"second"], b"preamble\r\n", b" \t")
    pieces = [body[i : i + size] for i in range(0, len(body), size)]
    parts, is_done = scan(pieces)
    assert is_done
    assert parts == [({"a": "0"}, content), ({"a": "1"}, b"second")]


PIECES = st.sampled_from(
    [b"\r", b"\n", b"-", b"b", b"--b", b"\r\n--b", b" ", b"x", b"\0"]
)


@given(
    st.lists(st.lists(PIECES, max_size=12).map(b"".join), max_size=3),
    st.lists(st.integers(1, 9), min_size=1, max_size=30),
)
def test_any_content_without_a_boundary_line_comes_through(contents, sizes):
    body = written(contents)
    # What contains a boundary line itself is not the same message.
    lines = body.split(b"\r\n")
    found = [
        line
        for line in lines
        if line.rstrip(b" \t") in {b"--b", b"--b--"} or line.startswith(b"--b--")
    ]
    if len(found) != len(contents) + 1:
        return
    pieces, position = [], 0
    while position < len(body):
        size = sizes[len(pieces) % len(sizes)]
        pieces.append(body[position : position + size])
        position += size
    parts, is_done = scan(pieces)
    assert is_done
    assert [content for _, content in parts] == contents


def test_a_part_may_have_no_headers():
    assert scan([b"--b\r\n\r\nx\r\n--b--"]) == ([({}, b"x")], True)


def test_a_part_may_have_no_content_not_even_an_empty_line():
    body = b"--b\r\nA: 1\r\n\r\n--b\r\nA: 2\r\n\r\n--b-x\r\n--b--"
    for size in (1, 2, 3, 100):
        parts, is_done = scan(body[i : i + size] for i in range(0, len(body), size))
        assert parts == [({"a": "1"}, b""), ({"a": "2"}, b"--b-x")]
        assert is_done


NEAR_BOUNDARIES = [
    b"\r\n--bx",
    b"\r\n--b y",
    b"\r\n--b-",
    b"\r\n--",
    b"\r\n",
    b"\r",
    b"-",
]


@pytest.mark.parametrize("pattern", NEAR_BOUNDARIES)
def test_content_that_is_nearly_a_boundary_is_handed_on_in_large_pieces(pattern):
    """Each event costs a write: content must not decide on their number."""
    scanner = PartScanner(BOUNDARY)
    content = pattern * (2**20 // len(pattern))
    body = written([content + b"."])
    events, received = 0, bytearray()
    for i in range(0, len(body), 65_536):
        for event in scanner.feed(body[i : i + 65_536]):
            if isinstance(event, PartData):
                events += 1
                received += event.view
    assert received == content + b"."
    assert events <= len(body) // 65_536 + 2


def test_folded_headers_are_one():
    [(headers, _)], _ = scan([b"--b\r\nA: 1;\r\n  x=2\r\nB: 3\r\n\r\n\r\n--b--"])
    assert headers == {"a": "1;  x=2", "b": "3"}


def test_what_follows_the_end_does_not_matter():
    parts, is_done = scan([b"--b--", b"\r\nepilogue\r\n--b\r\nA: 1\r\n\r\n"])
    assert (parts, is_done) == ([], True)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"x",
        b"--b",
        b"--b\r\n",
        b"--b\r\nA: 1\r\n\r\nx",
        b"--b\r\nA: 1\r\n\r\nx\r\n--b",
        b"\n--b--",
        b"--b\r\nA: 1\r\n\r\nx\r\n--b-",
    ],
)
def test_a_body_without_its_end_is_not_done(body):
    assert scan([body])[1] is False


def test_headers_without_end_or_colon_are_malformed():
    with pytest.raises(MalformedParts, match="no end"):
        scan([b"--b\r\n" + b"x" * (MAX_PART_HEADERS + 10)])
    with pytest.raises(MalformedParts, match="no colon"):
        scan([b"--b\r\nnonsense\r\n\r\n"])


@given(st.binary(max_size=200))
def test_any_bytes_are_scanned_or_malformed(noise):
    for body in (noise, b"--b\r\n" + noise, b"--b\r\nA: 1\r\n\r\n" + noise):
        with contextlib.suppress(MalformedParts, UnicodeDecodeError):
            scan([body])


@pytest.mark.parametrize("odd", ["a\nb", "a\rb", "a\0b", "\n", "a\n\tb"])
@pytest.mark.parametrize("name", ["Content-Disposition", "X-Other", "Content-Digest"])
def test_a_header_with_a_control_character_is_broken(api, name, odd):
    """Of a mutated request this was a 500."""
    body = f'--X\r\n{name}: form-data; name="name"; x="{odd}"\r\n\r\na\r\n--X--\r\n'
    found = api.post(
        "/stores/1/downloadables",
        data=body.encode(),
        content_type="multipart/form-data; boundary=X",
    )
    assert found.status_code == 400
    assert "control character" in found.text
