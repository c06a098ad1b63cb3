"""No parser of what a client sends costs more than linear time.

The same hostile unit, repeated for n and for 4n bytes, may cost at most eight times as
much (quadratic: sixteen), and 256 KiB of it never more than half a second.
"""

import gc
import io
import json
import time
from contextlib import suppress
from typing import Any, cast

import pytest
from werkzeug.datastructures import Headers

from app.errors import RequestError
from app.http.bodies import hal_xml, json_body, json_patch
from app.http.bodies.file_names import file_name
from app.http.bodies.form_data import MultipartReader
from app.http.bodies.multipart_scanner import MalformedParts
from app.http.headers import (
    accept_encoding,
    accept_language,
    digest_fields,
    prefer,
    tus,
)
from app.http.headers.accept import parse_accept
from app.http.headers.byte_ranges import byte_ranges
from app.http.headers.conditional import Validators, evaluate_conditions
from app.http.headers.content_disposition import parse_disposition
from app.http.headers.field_syntax import (
    LISTS,
    MAX_FIELD,
    field_parameters,
    list_members,
)
from app.http.headers.structured_fields import parse_item
from app.http.query.lexer import Mistake, characters, keyed, path_of, range_of, split_at
from app.http.query.query_limits import MAX_QUERY
from schemas.base.filter_values import Unreadable, text_value
from schemas.values.normalization import fold, nfc

KIB = 1024
SIZE = 256 * KIB
NOISE = 0.05
"""Seconds within which a difference says nothing, on a machine that is busy.

A text is measured whole and by its first quarter: four times the time is linear,
sixteen times quadratic, and eight is between them.
"""

REFUSALS = (RequestError, Mistake, MalformedParts, Unreadable, ValueError)
UNITS = (
    *("a", " ", ",", ";", '"', "\\", "=", "*", "|", ":", "[", "]", ".", "/", "<", "é"),
    *('";a="\\', ';a="\\";', 'a="\\"', "a ", "a, ", "a=", ";q=0.0", "a;", "a/b;c,"),
    *(
        'W/"',
        '"a',
        "-a",
        "a-",
        "0-,",
        "\\*",
        "*|",
        "a:b:",
        "a[",
        "..",
        "%",
        "&a",
        "&a=",
    ),
    *(
        "a  =",
        '{"a":',
        "[",
        '"a":1,',
        "1",
        "<a>",
        "<a/>",
        "&#65;",
        "\\u0041",
        "\r\n",
        "--x",
    ),
)


class Request:
    """The headers of a request, for functions that take nothing else of it."""

    def __init__(self, name: str, value: str) -> None:
        self.headers = Headers({name: value})


def _header(read, name):
    return lambda text: read(Request(name, text))


def _json(text):
    return json_body.read_json(text.encode(), max_depth=32)


def _duplicates(text):
    # A name twice is found at its second; those before are all different.
    number = len(text) // 9
    pairs = ",".join(f'"{i:05x}":1' for i in range(number))
    return _json(f'{{{pairs},"x":1,"x":1}}')


def _multipart():
    return MultipartReader(
        boundary=b"x",
        file_fields=(),
        new_writer=cast(Any, io.BytesIO),
        max_file_size=SIZE * 4,
        max_fields_size=SIZE * 4,
        max_parts=10_000,
    )


def _part_header(text):
    reader = _multipart()
    room = 15 * KIB
    for start in range(0, len(text), room):
        value = text[start : start + room].replace("\r", "").replace("\n", "")
        head = f'Content-Disposition: form-data; name="a"; {value}'
        reader.feed(f"--x\r\n{head}\r\n\r\nb\r\n".encode())
    reader.feed(b"--x--")
    return reader.close()


def _part_content(text):
    reader = _multipart()
    head = '--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n'
    body = f"{head}{text}\r\n--x--".encode()
    for start in range(0, len(body), 64 * KIB):
        reader.feed(body[start : start + 64 * KIB])
    return reader.close()


def _condition(name):
    known = Validators('"1-00000000"', 1)
    return lambda text: evaluate_conditions({name: text}.get, known, is_read=True)


def _patch(text):
    operations = [{"op": "test", "path": f"/{text[:40]}", "value": text[:40]}]
    return json_patch.apply_patch(
        operations * (len(text) // 80), {text[:40]: text[:40]}
    )


PARSERS = {
    "list": list_members,
    "parameters": lambda text: field_parameters(f"form-data;{text}"),
    "Accept": parse_accept,
    "Accept-Encoding": accept_encoding.choose_coding,
    "Accept-Language": accept_language.language_ranges,
    "Prefer": prefer.parse_prefer,
    "Range": lambda text: byte_ranges(f"bytes={text}", 10**6),
    "If-None-Match": _condition("If-None-Match"),
    "If-Match": _condition("If-Match"),
    "If-Modified-Since": _condition("If-Modified-Since"),
    "Upload-Metadata": _header(tus.upload_metadata, "Upload-Metadata"),
    "Upload-Checksum": _header(tus.upload_checksum, "Upload-Checksum"),
    "Repr-Digest": _header(
        lambda r: digest_fields.of_headers(r.headers), "Repr-Digest"
    ),
    "Content-MD5": _header(
        lambda r: digest_fields.of_headers(r.headers), "Content-MD5"
    ),
    "Upload-Complete": parse_item,
    "Content-Disposition": lambda text: parse_disposition(f"form-data; {text}"),
    "filename": lambda text: parse_disposition(f'form-data; filename="{text}"'),
    "filename*": lambda text: parse_disposition(f"form-data; filename*=utf-8''{text}"),
    "file_name": file_name,
    "nfc": nfc,
    "fold": fold,
    "JSON": _json,
    "JSON in a text": lambda text: _json(json.dumps({"a": text})),
    "JSON with names": _duplicates,
    "JSON Patch": _patch,
    "XML": lambda text: hal_xml.read_hal_xml(text.encode(), max_depth=32),
    "XML in a property": lambda text: hal_xml.read_hal_xml(
        f"<resource><a>{text}</a></resource>".encode(), max_depth=32
    ),
    "XML properties": lambda text: hal_xml.read_hal_xml(
        f"<resource>{text}</resource>".encode(), max_depth=32
    ),
    "XML declaration": lambda text: hal_xml.read_hal_xml(
        f"<?xml version='1.0' {text}?><resource/>".encode(), max_depth=32
    ),
    "multipart header": _part_header,
    "multipart content": _part_content,
    "query: characters": characters,
    "query: alternatives": lambda text: [
        keyed(t) for t in split_at(characters(text), "|")
    ],
    "query: range": lambda text: range_of(characters(text)),
    "query: path": path_of,
    "query: text": text_value,
}

MAKE_THEIR_OWN = {"JSON with names", "JSON Patch"}
"""Parsers whose text is made from a length alone."""


def _seconds(parse, text):
    """Give the CPU time of a parser, the least of some."""
    best = float("inf")
    # The collector's passes depend on all that is alive, and not on the parser.
    gc.disable()
    try:
        for _ in range(3):
            started = time.thread_time()
            with suppress(*REFUSALS):
                parse(text)
            best = min(best, time.thread_time() - started)
            if best > 1 or best < NOISE:
                break
    finally:
        gc.enable()
    return best


@pytest.mark.parametrize("name", PARSERS)
def test_a_parser_costs_linear_time_whatever_is_repeated(name):
    slow = {}
    # A query is cut off far below: what it costs is measured at eight times of that.
    size = 8 * MAX_QUERY if name.startswith("query") else SIZE
    units = UNITS[:1] if name in MAKE_THEIR_OWN else UNITS
    for unit in units:
        whole = unit * (size // len(unit.encode()))
        full = _seconds(PARSERS[name], whole)
        if full < NOISE:
            continue
        quarter = _seconds(PARSERS[name], whole[: len(whole) // 4])
        if full > 0.5 or full > 8 * quarter + NOISE:
            slow[unit] = (quarter, full)
    assert not slow


# -- through HTTP, where several parsers follow each other -----------------------------

BODIES = {
    "application/json": '{"name": "%s", "code": "c"}',
    "application/x-www-form-urlencoded": "name=%s&code=c",
    "application/hal+xml": "<resource><name>%s</name></resource>",
    "text/plain": "%s",
    "application/json-patch+json": '[{"op": "test", "path": "/%s", "value": 1}]',
}
WHERE = (
    ("POST", "/stores/1/downloadables"),
    ("POST", "/token"),
    ("POST", "/token/introspection"),
    ("POST", "/surecart/v1/downloads"),
    ("POST", "/easycart/downloads"),
    ("POST", "/zid/v1/products/"),
    ("PATCH", "/stores/1"),
)


@pytest.mark.parametrize(("method", "path"), WHERE)
@pytest.mark.parametrize("media_type", BODIES)
def test_a_body_costs_linear_time_at_every_resource(api, method, path, media_type):
    def send(text):
        headers = {"Content-Type": media_type}
        body = (BODIES[media_type] % text).encode()
        assert api.request(method, path, data=body, headers=headers).status_code < 500

    _ensure_linear(
        send, ("a", "=", "&a", "%", '",', "@a.", "http://a", "1", "<a>", "\\")
    )


QUERIES = {
    "/stores/1/downloadables": (
        *("name", "search", "order", "fields", "zoom", "code:in", "limit", "page"),
        *(
            "format",
            "price",
            "date_created",
            "attributes:name[a]",
            "item_category:code",
        ),
    ),
    "/easycart/downloads": ("search", "sortby", "page"),
    "/surecart/v1/downloads": ("query", "ids[]", "sort", "expand[]", "page"),
    "/zid/v1/products/": ("search", "ids", "sku", "page"),
    "/dl": ("p", "expires", "signature", "file"),
}


@pytest.mark.parametrize("path", QUERIES)
def test_a_query_in_an_overridden_form_is_bounded_like_one_in_a_url(api, path):
    def send(name, text):
        headers = {"X-HTTP-Method-Override": "GET"}
        return api.post(path, data={name: text}, headers=headers)

    for name in QUERIES[path]:
        _ensure_linear(
            lambda text, name=name: send(name, text),
            ("a", ",", "|", "id,", "a ", "*", "..", "\\*", "]", "price desc,"),
        )
        answer = send(name, "a" * 200 * KIB)
        assert answer.status_code in {400, 404}, name
    assert "8000 characters" in send("search", "a" * 9000).text


def _ensure_linear(send, units):
    slow = {}
    for unit in units:
        whole = unit * (240 * KIB // len(unit))
        full = _seconds(send, whole)
        if full < NOISE:
            continue
        quarter = _seconds(send, whole[: len(whole) // 4])
        if full > 0.5 or full > 8 * quarter + NOISE:
            slow[unit] = (quarter, full)
    assert not slow


HEADERS = (
    *LISTS,
    *("Authorization", "Content-Type", "Content-Encoding", "Expect", "Host"),
    *("FOXY-API-VERSION", "Idempotency-Key", "If-Range", "If-Modified-Since", "Origin"),
    *("If-Unmodified-Since", "Store-Id", "Role", "Access-Token", "X-Manager-Token"),
    *("X-HTTP-Method-Override", "X-Forwarded-For", "User-Agent", "Upload-Checksum"),
    *("Content-MD5", "Tus-Resumable", "Upload-Offset", "Upload-Length"),
)


@pytest.mark.parametrize("name", HEADERS)
def test_a_header_costs_linear_time_and_a_long_one_is_refused(api, name):
    def send(text):
        status = api.get("/stores/1", headers={name: text}).status_code
        assert status < 500
        return status

    _ensure_linear(send, ("a", ",", '"', " ", ';a="\\', "=", "a=;", "-", "a/b,"))
    assert send("a" * (MAX_FIELD + 1)) in {400, 431}


@pytest.mark.parametrize("name", LISTS)
def test_a_list_in_a_header_has_64_members_at_most(api, name):
    answer = api.get("/stores/1", headers={name: ",".join(["a"] * 65)})
    assert answer.status_code == 400
    assert f"{name} has more than 64 members" in answer.text
    assert api.get("/stores/1", headers={name: "a,b"}).status_code != 400


NUMBERS = ("1e99999999999999999999", "1E-99999999999999999999", "0." + "1" * 200, "-0")
DIALECTS = ("/surecart/v1/downloads", "/easycart/downloads", "/zid/v1/products/")


@pytest.mark.parametrize("path", ["/token", "/stores/1/downloadables", *DIALECTS])
@pytest.mark.parametrize("number", NUMBERS)
def test_no_number_is_a_server_error(api, path, number):
    for body in (f'{{"price": {number}}}', f'[{{"price": {number}}}]', number):
        headers = {"Content-Type": "application/json"}
        assert api.post(path, data=body, headers=headers).status_code < 500
