"""The raw view: what programs get, coloured, with links to follow."""

import html
import re
from urllib.parse import parse_qs, urlsplit

import pytest

from app.resources.pages.raw_view import expand, variables
from representations.html.source import highlight
from tests.browsing import Person

BASE = "http://localhost"


@pytest.fixture
def person(app, api):
    person = Person(app.test_client())
    person.sign_in(api.token)
    return person


def shown(page):
    """The text of the document on the page."""
    [source] = re.findall(r'<pre class="source".*?</pre>', page.text, re.DOTALL)
    return html.unescape(re.sub(r"<[^>]+>", "", source))


@pytest.mark.parametrize(
    ("name", "media_type", "text"),
    [
        ("hal", "application/hal+json", '"_links": {\n    "curies": '),
        ("xml", "application/hal+xml", "<store_name>"),
        ("siren", "application/vnd.siren+json", '"class": [\n    "store"\n  ]'),
        ("hal-forms", "application/prs.hal-forms+json", '"_templates": {'),
    ],
)
def test_each_format_is_shown_with_the_headers_that_programs_get(
    person, name, media_type, text
):
    page = person.get(f"/browser?url={BASE}/stores/1&as={name}")
    assert page.status_code == 200, page.text
    assert text in shown(page)
    assert f"Content-Type: {media_type}" in page.text
    assert f"Accept: {media_type}" in html.unescape(page.text)
    assert f"{BASE}/stores/1" in page.text
    assert "200 OK" in page.text
    assert "Set-Cookie" not in page.text


def test_it_opens_at_the_home_resource(person):
    page = person.get("/browser")
    assert '"fx:store": {' in shown(page)
    assert f'value="{BASE}/"' in page.text


def test_links_of_a_document_are_followed(person, api):
    api.add(name="Night Song")
    page = person.get(f"/browser?url={BASE}/stores/1/downloadables&as=siren")
    source = re.search(r'<pre class="source".*?</pre>', page.text, re.DOTALL)
    hrefs = [html.unescape(h) for h in re.findall(r'href="([^"]+)"', source[0])]
    assert hrefs
    items = [
        h for h in hrefs if "/downloadables/" in parse_qs(urlsplit(h).query)["url"][0]
    ]
    found = person.get(items[0])
    assert found.status_code == 200
    assert "Night Song" in shown(found)
    assert 'aria-current="true">Siren' in found.text


def test_a_templated_link_is_filled_in_by_a_form(person, api):
    api.add(name="Night Song", code="night")
    api.add(name="Other", code="other")
    page = person.get("/browser")
    templates = re.findall(r'name="template" value="([^"]+)"', page.text)
    template = next(html.unescape(t) for t in templates if "downloadables" in t)
    values = {"template": template, "var.search": "night"}
    found = person.get("/browser", query_string=values)
    assert found.status_code == 200
    assert ("Night Song" in shown(found), "Other" in shown(found)) == (True, False)
    assert "search=night" in html.unescape(found.text)


@pytest.mark.parametrize(
    ("url", "text"),
    [
        ("https://other.example/", "an address of another server"),
        (f"{BASE}.other.example/", "an address of another server"),
        ("javascript:alert(1)", "an address of another server"),
        (f"{BASE}/" + "a" * 4000, "at most 4,000 characters"),
        ("/sign-out", ""),
        ("/sign-in?code=x", "a file or a page"),
        ("/downloadables/1/file", "a file or a page"),
        ("/dl?passcode=x", "a file or a page"),
        ("/browser?url=/browser", "a file or a page"),
    ],
)
def test_what_is_no_document_of_this_server_is_said(person, api, url, text):
    page = person.get("/browser", query_string={"url": url})
    assert page.status_code == 200
    assert text in page.text
    assert ('<pre class="source"' in page.text) == (not text)


def test_errors_are_documents_too(person):
    page = person.get("/browser?url=/stores/999")
    assert (page.status_code, "404 NOT FOUND" in page.text) == (200, True)
    assert '"logref"' in shown(page)


def test_who_has_not_signed_in_is_led_there_and_back(anonymous):
    answer = anonymous.get("/browser?url=/stores/1")
    assert answer.status_code == 303
    next_of = parse_qs(urlsplit(answer.headers["Location"]).query)["next"]
    assert next_of == ["/browser?url=/stores/1"]


def test_one_sees_what_one_may_see(app, operator, api, anonymous):
    own = anonymous.get("/browser?url=/stores/1&as=hal", headers=bearer(api))
    assert '"store_name"' in shown(own)
    values = {
        "store_name": "B",
        "store_domain": "b",
        "store_url": "https://b.example",
        "store_email": "b@example.com",
        "postal_code": "1",
        "region": "BY",
        "country": "DE",
    }
    made = operator.post("/stores", json=values).headers["Location"]
    other = anonymous.get(f"/browser?url={made}", headers=bearer(api))
    assert "404 NOT FOUND" in other.text


def bearer(api):
    return {"Authorization": f"Bearer {api.token}"}


def test_nothing_that_is_shown_is_run(person, api):
    evil = "<script>alert(1)</script>\"' & </span>"
    api.add(name=evil)
    for name in ("hal", "xml", "siren", "csv"):
        page = person.get(f"/browser?url=/stores/1/downloadables&as={name}")
        assert "<script>alert" not in page.text
        assert "alert(1)" in shown(page)
    page = person.get("/browser", query_string={"url": f"/{evil}"})
    assert "<script>alert" not in page.text


# -- templates ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("template", "values", "expected"),
    [
        ("/a{?x,y}", {"var.x": "1", "var.y": "2"}, "/a?x=1&y=2"),
        ("/a{?x,y}", {"var.y": "a b&c"}, "/a?y=a%20b%26c"),
        ("/a{?x,y}", {}, "/a"),
        ("/a?z=1{&x}", {"var.x": "é"}, "/a?z=1&x=%C3%A9"),
        ("/rels/{rel}", {"var.rel": "a/b"}, "/rels/a%2Fb"),
        ("/rels/{rel}", {}, "/rels/"),
        ("/{+x}", {"var.x": "1"}, "/{+x}"),
    ],
)
def test_a_template_is_expanded(template, values, expected):
    assert expand(template, values) == expected


def test_the_variables_of_a_template_are_named_once():
    assert variables("/a{?x,y}{&x}/{z}") == ["x", "y", "z"]


# -- colours --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{}", "{}"),
        ("[]", "[]"),
        ('{"a":[]}', '{\n  "a": []\n}'),
        ('{"a":1.50,"b":null}', '{\n  "a": 1.50,\n  "b": null\n}'),
        ('[[1,"x:y"],{}]', '[\n  [\n    1,\n    "x:y"\n  ],\n  {}\n]'),
        (r'{"a\"b":"c\\"}', '{\n  "a\\"b": "c\\\\"\n}'),
    ],
)
def test_json_is_indented_and_otherwise_as_it_was(text, expected):
    source = highlight(text, "application/hal+json", BASE, str)
    assert html.unescape(re.sub(r"<[^>]+>", "", source.markup)) == expected


def test_only_addresses_of_this_server_are_links():
    text = f'["{BASE}","{BASE}/a","{BASE}.other/","{BASE}/b{{?c}}","https://o.example"]'
    source = highlight(text, "application/json", BASE, lambda url: f"?{url}")
    assert re.findall('href="([^"]+)"', source.markup) == [f"?{BASE}", f"?{BASE}/a"]
    assert source.templates == [f"{BASE}/b{{?c}}"]


def test_xml_is_indented_with_its_entities_as_text():
    text = f'<a href="{BASE}/x?y=1&amp;z=2"><b>1 &lt; 2</b></a>'
    source = highlight(text, "application/hal+xml", BASE, lambda url: url)
    bare = html.unescape(re.sub(r"<[^>]+>", "", source.markup))
    assert bare == f'<a href="{BASE}/x?y=1&amp;z=2">\n  <b>1 &lt; 2</b>\n</a>\n'
    assert f'href="{BASE}/x?y=1&amp;z=2"' in source.markup


@pytest.mark.parametrize(
    ("media_type", "text"),
    [
        ("application/hal+json", '{"a":"b\\"'),
        ("application/hal+json", '["' + '\\"' * 140_000),
        ("application/hal+json", '{"a":["b"'),
        ("application/hal+xml", '<a b="c"><d>e</'),
        ("application/hal+xml", "<a><b"),
        ("application/hal+xml", ""),
    ],
)
def test_what_was_cut_is_shown_all_the_same(media_type, text):
    source = highlight(text, media_type, BASE, str)
    bare = html.unescape(re.sub(r"<[^>]+>", "", source.markup))
    assert re.sub(r"\s", "", bare) == re.sub(r"\s", "", text)


def test_what_is_long_is_cut():
    source = highlight("x" * 400_000, "text/csv", BASE, str)
    assert (len(source.markup), source.is_cut) == (300_000, True)
