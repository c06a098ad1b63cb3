"""What bodies are read, and what is said of those that cannot be."""

import io
import json

import pytest

JSON = {"name": "Unicorn", "code": "unicorn", "price": 10, "item_category_id": 2}
FORM = "name=Unicorn&code=unicorn&price=10&item_category_id=2"
XML = (
    "<resource><name>Unicorn</name><code>unicorn</code><price>10</price>"
    "<item_category_id>2</item_category_id></resource>"
)
MULTIPART = "multipart/form-data; boundary=b"
COLLECTION = "/stores/1/downloadables"


def post(api, data, content_type):
    return api.post(COLLECTION, data=data, content_type=content_type)


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json", json.dumps(JSON)),
        ("application/json; charset=utf-8", json.dumps(JSON)),
        ("application/hal+json", json.dumps({**JSON, "_links": {}, "_embedded": {}})),
        ("application/vnd.hal+json", json.dumps(JSON)),
        (
            "application/vnd.siren+json",
            json.dumps({"class": ["x"], "properties": JSON, "links": []}),
        ),
        ("application/vnd.siren+json", json.dumps(JSON)),
        ("text/plain;charset=UTF-8", json.dumps(JSON)),
        ("application/json", b"\xef\xbb\xbf" + json.dumps(JSON).encode()),
        ("application/x-www-form-urlencoded", FORM),
        ("application/xml", XML),
        ("application/hal+xml", XML),
        ("text/xml", '<?xml version="1.0"?>' + XML),
        ("application/vnd.hal+xml", XML.replace("<resource>", '<resource xmlns="x">')),
    ],
)
def test_every_type_creates_the_same(api, content_type, body):
    response = post(api, body, content_type)
    assert response.status_code == 201, response.text
    assert response.json["name"] == "Unicorn"
    assert response.json["price"] == 10


@pytest.mark.parametrize("accept", ["hal", "siren", "xml"])
@pytest.mark.parametrize("path", ["/stores/1", "/item_categories/2", "item"])
def test_what_was_got_can_be_put_back(api, accept, path):
    if path == "item":
        path = f"/downloadables/{api.upload(description='é & <b>')}"
        api.patch(path, json={"url": "http://a/b?c=1&d=2"})
    got = api.get(f"{path}?format={accept}")
    before = api.get(path).json
    put = api.put(path, data=got.data, content_type=got.content_type)
    assert put.status_code == 200, put.text
    assert api.get(path).json == before


@pytest.mark.parametrize(
    ("content_type", "body", "status", "says"),
    [
        ("application/json", "{", 400, "broken at line 1, column 2"),
        ("application/json", "[1]", 400, "must be an object"),
        ("application/json", '"x"', 400, "must be an object"),
        ("application/json", '{"price": NaN}', 400, "NaN"),
        ("application/json", '{"price": Infinity}', 400, "Infinity"),
        ("application/json", '{"a": 1, "a": 2}', 400, "'a' twice"),
        ("application/json", b'{"name": "\xff"}', 400, "not UTF-8"),
        ("application/json", '{"price": ' + "1" * 5000 + "}", 400, "digits"),
        ("application/json", '{"a": ' + "[" * 40 + "]" * 40 + "}", 413, "deeper than"),
        (
            "application/json",
            '{"a": ' + "[" * 60_000 + "]" * 60_000 + "}",
            413,
            "SIRENHALL_MAX_JSON_DEPTH",
        ),
        ("text/plain", "[object FormData]", 400, "JSON body is broken"),
        ("application/xml", "<resource>", 400, "broken at line 1"),
        ("application/xml", "<store/>", 400, "must be <resource>"),
        (
            "application/xml",
            "<resource><name>a</name><name>b</name></resource>",
            400,
            "<name> twice",
        ),
        (
            "application/xml",
            "<resource><name><b>x</b></name></resource>",
            400,
            "text only",
        ),
        (
            "application/xml",
            '<!DOCTYPE r [<!ENTITY e "x">]><resource><name>&e;</name></resource>',
            400,
            "DOCTYPE",
        ),
        ("application/xml", "<!DOCTYPE resource><resource/>", 400, "DOCTYPE"),
        (
            "application/xml",
            "<resource>" + "<a>" * 50 + "</a>" * 50 + "</resource>",
            413,
            "SIRENHALL_MAX_XML_DEPTH",
        ),
        (
            "application/xml",
            "<resource>" + "<a>" * 5000 + "</a>" * 5000 + "</resource>",
            413,
            "SIRENHALL_MAX_XML_DEPTH",
        ),
        ("application/xml", b"\xff\xfe\x00", 415, "XML body"),
        ("application/x-www-form-urlencoded", "name=%FF", 400, "not UTF-8"),
        ("application/x-www-form-urlencoded", "name=a&name=b", 422, "more than once"),
        (
            "application/x-www-form-urlencoded",
            "&".join(f"f{n}=1" for n in range(80)),
            413,
            "SIRENHALL_MAX_FIELDS",
        ),
        ("application/x-www-form-urlencoded", b"name=\xff", 400, "not UTF-8"),
        ("application/pdf", "x", 415, "application/hal+json"),
        ("application/json-patch+json", "[]", 415, "application/json"),
        ("application/merge-patch+json", "{}", 415, "application/json"),
        ("multipart/form-data", "x", 400, "boundary"),
        ("multipart/mixed; boundary=b", "x", 415, "multipart/form-data"),
        ("", "x", 415, "without a Content-Type"),
    ],
)
def test_what_cannot_be_read_is_said(api, content_type, body, status, says):
    response = api.post(COLLECTION, data=body, headers={"Content-Type": content_type})
    assert response.status_code == status, response.text
    assert says in response.json["_embedded"]["fx:errors"][0]["message"]
    assert api.get(COLLECTION).json["total_items"] == 0


def test_a_415_names_the_types_that_are_read(api):
    number = api.add()
    post = api.post(COLLECTION, data="x", content_type="image/png")
    assert "multipart/form-data" in post.headers["Accept-Post"]
    patch = api.patch(f"/downloadables/{number}", data="x", content_type="image/png")
    assert "application/merge-patch+json" in patch.headers["Accept-Patch"]


def test_a_content_type_without_a_body_is_ignored(api):
    for method in ("GET", "DELETE"):
        path = f"/downloadables/{api.add(code=method)}"
        response = api.request(
            method, path, headers={"Content-Type": "application/json", "Accept": "*/*"}
        )
        assert response.status_code == 200
        assert response.content_type == "application/hal+json"


def test_an_empty_body_misses_what_is_required(api):
    response = api.post(COLLECTION)
    assert response.status_code == 422
    assert set(api.errors(response)) == {"item_category_uri", "name", "code", "price"}


def test_an_empty_xml_element_is_null_where_that_may_be(api):
    path = f"/downloadables/{api.add(url='http://a/b', description='text')}"
    body = "<resource><url/><description/></resource>"
    changed = api.patch(path, data=body, content_type="application/xml").json
    assert changed["url"] is None
    assert changed["description"] == ""


@pytest.mark.parametrize("name", ["url", "max_downloads_per_customer"])
def test_an_empty_text_is_null_too_where_that_may_be(api, name):
    path = f"/downloadables/{api.add()}"
    assert api.patch(path, json={name: ""}).json[name] is None


@pytest.mark.parametrize(
    "body",
    [
        '<resource><p:name xmlns:p="urn:x">a</p:name></resource>',
        '<resource><name kind="x">a</name></resource>',
        "<resource>stray<name>a</name></resource>",
        "<resource><name>a</name>stray</resource>",
    ],
)
def test_xml_that_would_be_lost_is_refused(api, body):
    path = f"/downloadables/{api.add()}"
    response = api.patch(path, data=body, content_type="application/xml")
    assert response.status_code == 400
    assert "the XML body" in response.text


def test_a_file_and_an_address_exclude_each_other(api):
    path = f"/downloadables/{api.upload(b'ours')}"
    api.patch(path, json={"url": "https://cdn.example/a"})
    assert api.get(f"{path}/file").status_code == 302
    data = {"url": "https://cdn.example/b", "file": (io.BytesIO(b"x"), "x.txt")}
    response = api.patch(path, data=data)
    assert api.errors(response) == {"url": "exclusive"}
    changed = api.patch(path, data={"file": (io.BytesIO(b"new"), "x.txt")}).json
    assert changed["url"] is None
    assert api.get(f"{path}/file").data == b"new"


def test_what_a_document_has_besides_properties_is_ignored(api):
    path = f"/downloadables/{api.add()}"
    response = api.patch(
        path,
        json={
            "_links": {"self": {"href": "x"}},
            "_embedded": {},
            "_templates": {},
            "message": "x",
            "file_name": "x.png",
            "date_created": "never",
            "number_of_downloads": 5,
            "name": "New",
        },
    )
    assert response.status_code == 200
    assert response.json["name"] == "New"
    assert response.json["number_of_downloads"] == 0


def test_a_typo_is_never_lost_in_silence(api):
    response = api.post(COLLECTION, json={**JSON, "prise": 1, "zzz": 2})
    assert api.errors(response) == {"prise": "unknown", "zzz": "unknown"}
    assert "did you mean price?" in response.text


@pytest.mark.parametrize("number", ["12.5", 12.5])
def test_numbers_may_be_texts_and_choices_lists_of_one(api, number):
    response = api.post(
        COLLECTION,
        json={
            **JSON,
            "price": number,
            "item_category_uri": ["http://localhost/item_categories/2"],
            "is_published": "0",
            "is_archived": "false",
        },
    )
    assert response.status_code == 201, response.text
    assert response.json["price"] == 12.5
    assert response.json["is_published"] is False


class TestLimits:
    """Each limit is a setting, and its error names it."""

    @pytest.fixture
    def settings(self):
        return {
            "max_body_size": 1000,
            "max_file_size": 2000,
            "max_fields": 5,
            "max_json_depth": 3,
            "max_xml_depth": 3,
        }

    def test_a_body_over_the_limit_is_refused_unread(self, api):
        body = json.dumps({**JSON, "description": "x" * 2000})
        response = post(api, body, "application/json")
        assert response.status_code == 413
        assert "SIRENHALL_MAX_BODY_SIZE" in response.text

    def test_a_body_at_the_limit_is_read(self, api):
        body = json.dumps(JSON)
        body += " " * (1000 - len(body))
        assert post(api, body, "application/json").status_code == 201

    def test_a_file_over_the_limit_is_refused_and_gone(self, api, data_dir):
        from tests.conftest import blobs

        response = post(api, part("file", b"x" * 2001, "a.txt"), MULTIPART)
        assert response.status_code == 413
        assert "SIRENHALL_MAX_FILE_SIZE" in response.text
        assert blobs(data_dir) == []

    def test_a_file_at_the_limit_is_taken(self, api):
        number = api.upload(b"x" * 2000)
        assert api.get(f"/downloadables/{number}").json["file_size"] == 2000

    def test_texts_of_a_multipart_body_are_limited_together(self, api):
        body = part("name", b"x" * 600) + part("code", b"x" * 600, end=True)
        response = post(api, body, MULTIPART)
        assert response.status_code == 413
        assert "SIRENHALL_MAX_BODY_SIZE" in response.text

    def test_fields_are_counted(self, api):
        form = "&".join(f"f{n}=1" for n in range(6))
        response = post(api, form, "application/x-www-form-urlencoded")
        assert response.status_code == 413
        parts = b"".join(part(f"f{n}", b"1", end=n == 5) for n in range(6))
        response = post(api, parts, MULTIPART)
        assert response.status_code == 413
        assert "SIRENHALL_MAX_FIELDS" in response.text

    def test_properties_are_counted_in_every_format(self, api):
        names = [f"f{n}" for n in range(6)]
        for body, content_type in (
            (json.dumps(dict.fromkeys(names, 1)), "application/json"),
            (
                f"<resource>{''.join(f'<{n}/>' for n in names)}</resource>",
                "application/xml",
            ),
        ):
            response = post(api, body, content_type)
            assert response.status_code == 413
            assert "SIRENHALL_MAX_FIELDS" in response.text

    def test_nesting_is_counted(self, api):
        assert post(api, '{"a": {"b": {}}}', "application/json").status_code == 422
        assert post(api, '{"a": {"b": {"c": {}}}}', "application/json").status_code == (
            413
        )
        deep = "<resource><a><b><c/></b></a></resource>"
        assert post(api, deep, "application/xml").status_code == 413


def part(name, value, filename=None, *, end=False):
    extra = f'; filename="{filename}"'.encode() if filename else b""
    body = b'--b\r\nContent-Disposition: form-data; name="%b"%b\r\n\r\n%b\r\n' % (
        name.encode(),
        extra,
        value,
    )
    return body + (b"--b--\r\n" if end or filename else b"")


@pytest.mark.parametrize("path", ["/token", "/stores/1/downloadables", "/stores/1"])
@pytest.mark.parametrize(
    "number", ["1e99999999999999999999", "-1E+" + "9" * 90, "1e-9"]
)
@pytest.mark.parametrize("media_type", ["application/json", "text/plain"])
def test_a_number_with_any_exponent_is_answered(api, path, number, media_type):
    method = "PATCH" if path == "/stores/1" else "POST"
    body = f'{{"price": {number}, "name": "a"}}'
    answer = api.request(method, path, data=body, headers={"Content-Type": media_type})
    assert 400 <= answer.status_code < 500, answer.text
