"""Documents as they are shown: coloured, with links, and bounded."""

import re
from html import unescape

import pytest

from representations.html.source import LONGEST, highlight

BASE = "http://shop.example"


def shown(text, media_type="application/json"):
    return highlight(text, media_type, BASE, lambda address: f"/browser?url={address}")


def plain(source):
    return unescape(re.sub("<[^>]*>", "", source.markup))


def test_json_has_a_line_for_each_value():
    source = shown('{"a":[1.50,{}],"b":{"c":null},"d":[]}')
    assert plain(source) == (
        '{\n  "a": [\n    1.50,\n    {}\n  ],\n  "b": {\n    "c": null\n  },\n'
        '  "d": []\n}'
    )


def test_names_texts_and_literals_have_their_colours():
    markup = shown('{"a":"<b>","c":true}').markup
    assert '<span class="name">&#34;a&#34;</span>' in markup
    assert '<span class="text">&#34;&lt;b&gt;&#34;</span>' in markup
    assert '<span class="literal">true</span>' in markup


def test_addresses_of_this_server_are_followed_and_others_are_not():
    source = shown(
        f'["{BASE}","{BASE}/a","{BASE}.evil.example/","https://other.example/",'
        f'"{BASE}/a{{?b}}","{BASE}/a{{?b}}"]'
    )
    assert re.findall('href="([^"]+)"', source.markup) == [
        f"/browser?url={BASE}",
        f"/browser?url={BASE}/a",
    ]
    assert source.templates == [f"{BASE}/a{{?b}}"]


def test_xml_is_indented_and_its_attributes_are_followed():
    source = shown(f'<r href="{BASE}/a?x=1&amp;y=2"><p>5 &lt; 6</p></r>', "text/xml")
    assert plain(source).strip() == (
        f'<r href="{BASE}/a?x=1&amp;y=2">\n  <p>5 &lt; 6</p>\n</r>'
    )
    assert f'href="/browser?url={BASE}/a?x=1&amp;y=2"' in source.markup
    assert '<span class="literal">href</span>' in source.markup


def test_broken_xml_is_shown_as_it_is():
    assert plain(shown("<a><b>", "application/xml")) == "<a><b>"


@pytest.mark.parametrize("media_type", ["text/csv", "application/json", "text/xml"])
def test_a_long_document_is_cut(media_type):
    text = "x" * (LONGEST + 1)
    source = shown(text, media_type)
    assert source.is_cut
    assert len(plain(source)) == LONGEST
    assert not shown("x" * LONGEST, media_type).is_cut


def test_other_types_are_text():
    assert shown("<a>,b", "text/csv").markup == "&lt;a&gt;,b"
