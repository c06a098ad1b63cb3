"""What cannot be read is refused with what would be right."""

import pytest

PATH = "/stores/1/downloadables"
XML = (
    "<resource><resource><name>color</name><value>sea green</value></resource>"
    "<resource><name>tempo</name><value>72</value></resource></resource>"
)


@pytest.mark.parametrize(
    ("headers", "says"),
    [
        ({"Content-Encoding": "gzip"}, "send it uncompressed"),
        ({"Content-Type": "application/json; charset=latin-1"}, "send it as UTF-8"),
    ],
)
def test_another_encoding_is_a_415(api, headers, says):
    headers = {"Content-Type": "application/json", **headers}
    answer = api.post(PATH, data=b"{}", headers=headers)
    assert answer.status_code == 415
    assert says in answer.text


def test_utf_8_may_be_said(api):
    headers = {"Content-Type": "application/json; charset=UTF-8"}
    assert api.post(PATH, data=b"{}", headers=headers).status_code == 422


@pytest.mark.parametrize(
    ("authorization", "says"),
    [
        ("Basic eDp5", "Basic is for a client at the token endpoint"),
        ("Bearer", "After Bearer there is no token"),
        ("sirenhall_abc", "sent otherwise"),
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
