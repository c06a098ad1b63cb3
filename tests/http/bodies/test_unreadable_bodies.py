"""What cannot be read is refused with what would be right."""

import json
from urllib.parse import urlencode

import pytest

PATH = "/stores/1/downloadables"
XML = (
    "<resource><resource><name>color</name><value>sea green</value></resource>"
    "<resource><name>tempo</name><value>72</value></resource></resource>"
)


NAMED = {"name": "Größe", "code": "g", "price": 1, "item_category_id": 2}
TEXT = json.dumps(NAMED, ensure_ascii=False)
BODIES = [
    ("application/json", TEXT),
    ("application/vnd.siren+json", TEXT),
    ("text/plain", TEXT),
    ("application/x-www-form-urlencoded", urlencode(NAMED)),
    (
        "application/x-www-form-urlencoded",
        "&".join(f"{name}={value}" for name, value in NAMED.items()),
    ),
]


@pytest.mark.parametrize(("media_type", "text"), BODIES)
@pytest.mark.parametrize("charset", ["ISO-8859-1", "windows-1252", "UTF-16", "x", '""'])
def test_a_charset_has_no_effect_on_what_is_utf_8(api, media_type, text, charset):
    headers = {"Content-Type": f"{media_type}; charset={charset}"}
    answer = api.post(PATH, data=text.encode(), headers=headers)
    assert answer.status_code == 201, answer.text
    assert answer.json["name"] == "Größe"


@pytest.mark.parametrize("charset", ["ISO-8859-1", "UTF-16", "UTF-16LE"])
@pytest.mark.parametrize("media_type", ["application/json", "application/xml"])
def test_another_charset_is_a_415(api, media_type, charset):
    is_xml = media_type.endswith("xml")
    text = "<resource><name>Größe</name></resource>" if is_xml else TEXT
    headers = {"Content-Type": f"{media_type}; charset={charset}"}
    answer = api.post(PATH, data=text.encode(charset), headers=headers)
    assert answer.status_code == 415
    assert f"in the charset {charset.lower()}" in answer.text
    assert "send it as UTF-8" in answer.text


def test_a_charset_of_xml_is_believed(api):
    headers = {"Content-Type": "application/xml; charset=ISO-8859-1"}
    text = "<resource><name>Größe</name></resource>".encode()
    assert api.post(PATH, data=text, headers=headers).status_code == 415
    utf_7 = {"Content-Type": "application/xml; charset=UTF-7"}
    text = b"<resource><name>R+AOk-</name></resource>"
    assert api.post(PATH, data=text, headers=utf_7).status_code == 415
    plain = b"<resource><code>a</code></resource>"
    assert api.post(PATH, data=plain, headers=headers).status_code == 422


@pytest.mark.parametrize(
    ("form", "says"),
    [
        (b"code=a&name=Gr%F6%DFe", "the value of name has the byte 0xF6"),
        (b"code=a&name=Gr\xf6\xdfe", "the value of name has the byte 0xF6"),
        (b"code=a&%FF=x", "send it as UTF-8"),
    ],
)
def test_a_form_that_is_not_utf_8_says_where(api, form, says):
    kind = "application/x-www-form-urlencoded"
    answer = api.post(PATH, data=form, content_type=kind)
    assert answer.status_code == 400
    assert says in answer.text


def test_utf_8_may_be_said(api):
    headers = {"Content-Type": "application/json; charset=UTF-8"}
    assert api.post(PATH, data=b"{}", headers=headers).status_code == 422


@pytest.mark.parametrize("encoding", ["iso-8859-1", "utf-16", "utf-7"])
def test_xml_in_another_encoding_is_a_415(api, encoding):
    text = f'<?xml version="1.0" encoding="{encoding}"?><resource/>'
    headers = {"Content-Type": "application/hal+xml"}
    answer = api.post(PATH, data=text.encode(encoding), headers=headers)
    assert answer.status_code == 415
    assert "send it as UTF-8" in answer.text


@pytest.mark.parametrize(
    "url", ["http://[oops", "http://a:99999/", "http://\u2100.com/", "http://a%b/"]
)
def test_an_address_without_a_host_is_none(api, url):
    answer = api.patch("/stores/1", json={"store_url": url})
    assert answer.status_code == 422
    assert api.errors(answer) == {"store_url": "invalid"}


@pytest.mark.parametrize("path", ["/openapi.json", "/profiles/store"])
def test_documents_for_programs_are_known_by_their_bytes(anonymous, path):
    first = anonymous.get(path)
    headers = {"If-None-Match": first.headers["ETag"]}
    assert anonymous.get(path, headers=headers).status_code == 304


@pytest.mark.parametrize(
    ("authorization", "says"),
    [
        ("Basic eDp5", "Basic is for a client at the token endpoint"),
        ("Bearer", "After Bearer there is no token"),
        ("sirenhall_abc", "Bearer is missing before"),
    ],
)
def test_a_token_that_is_sent_otherwise_is_told_how(anonymous, authorization, says):
    answer = anonymous.get("/stores/1", headers={"Authorization": authorization})
    assert answer.status_code == 401
    assert says in answer.json["error_description"]


def test_a_tag_without_its_quotes_is_told_so(api):
    number = api.add()
    tag = api.get(f"/downloadables/{number}").headers["ETag"].strip('"')
    path = f"/downloadables/{number}"
    answer = api.patch(path, json={"price": 2}, headers={"If-Match": tag})
    assert answer.status_code == 412
    assert f'as "{tag}"' in answer.json["_embedded"]["fx:errors"][0]["message"]


def test_attributes_are_put_as_the_documentation_shows_them(api):
    answer = api.put(
        "/stores/1/attributes",
        data=XML,
        headers={"Content-Type": "application/hal+xml"},
    )
    assert answer.status_code == 200, answer.text
    assert answer.json["total_items"] == 2


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("language", "klingonese", "such as german"),
        ("store_domain", "my shop!", "subdomain or domain of letters"),
        ("store_domain", "-x.example", "subdomain or domain of letters"),
    ],
)
def test_a_store_says_what_a_place_must_be(api, name, value, says):
    answer = api.patch("/stores/1", json={name: value})
    assert answer.status_code == 422
    assert says in answer.text
