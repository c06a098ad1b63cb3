"""Each format writes one document, which has everything, in exactly these bytes."""

from decimal import Decimal
from pathlib import Path

import pytest

from representations import (
    CSV,
    ERROR_REPRESENTATIONS,
    LINK_HEADER,
    Action,
    Field,
    Link,
    Resource,
    Value,
    Vocabulary,
)

VOCABULARY = Vocabulary("https://h/rels/")
MEMBER = Resource(
    classes=("song",),
    href="https://h/songs/1",
    rel="fx:song",
    title="Song 1",
    properties={"name": "A\tB\r\nC", "is_live": True},
    links=[Link("self", "https://h/songs/1", 'The "first"\n one')],
)
NAMELESS = Resource(classes=("line",), properties={"words": {"de": "ä", "": "x"}})
LINKS = [
    Link("self", "https://h/album?a=1&b=<2>", "Album"),
    Link("service-desc", "https://h/openapi.json"),
    Link("fx:songs", "https://h/songs{?q}", "Songs", templated=True),
    Link("fx:songs", "https://h/songs", "Søngs", type="text/html"),
    Link("fx:songs", "https://h/songs/2"),
]
PROPERTIES: dict[str, Value] = {
    "title": "<&>\"'",
    "price": Decimal("80.950"),
    "count": 5,
    "is_open": False,
    "note": "",
    "url": None,
}
FIELDS = (
    Field("name", "Name", value="x", required=True, max_length=9, pattern="[a-z]+"),
    Field("open", "Open", "checkbox", value=True),
    Field("kind", "Kind", "radio", value="", options=("", "a"), required=True),
    Field("price", "Price", "number", value=Decimal("1.50"), minimum=0, maximum=7),
    Field("url", "URL", "url", required=True),
)
ACTIONS = [
    Action("update", "Update", "PATCH", "https://h/album", "application/json", FIELDS),
    Action(
        "upload",
        "Upload",
        "PUT",
        "https://h/album/file",
        "multipart/form-data",
        (Field("file", "File", "file"), Field("note", "Note")),
        ("upload",),
    ),
    Action("delete", "Delete", "DELETE", "https://h/album", classes=("delete",)),
]
ALBUM = Resource(
    classes=("album", "thing"),
    href="https://h/album",
    rel="fx:album",
    title="An Album",
    properties=PROPERTIES,
    links=LINKS,
    embedded={"fx:song": MEMBER, "fx:songs": [MEMBER], "fx:lines": [NAMELESS]},
    actions=ACTIONS,
)
COLLECTION = Resource(
    classes=("songs", "collection"),
    href="https://h/songs",
    properties={"total_items": 2},
    embedded={"fx:songs": [MEMBER, NAMELESS]},
)
ERROR = Resource(
    classes=("error",),
    properties={"total": 1, "error": "invalid_token"},
    embedded={
        "fx:errors": [
            Resource(
                classes=("error",),
                rel="fx:errors",
                properties={"logref": "id-1", "message": "no", "code": "invalid"},
            )
        ]
    },
    problem={"type": "https://h/problems/invalid", "title": "Invalid", "status": 422},
)
BY_NAME = {r.name: r for r in ERROR_REPRESENTATIONS}
DOCUMENTS = {"album": ALBUM, "collection": COLLECTION, "error": ERROR}
EXACT = Path(__file__).parent / "exact"


@pytest.mark.parametrize("expected", sorted(EXACT.iterdir()), ids=lambda p: p.name)
def test_a_document_is_written_as_in_the_file(expected):
    document, _, name = expected.name.partition(".")
    written = BY_NAME[name].render(DOCUMENTS[document], VOCABULARY)
    assert written.decode() == expected.read_bytes().decode()


def test_the_link_header_has_all_links_but_templates():
    assert LINK_HEADER.render_embedded(ALBUM, VOCABULARY) == (
        '<https://h/album?a=1&b=<2>>; rel="self"; title="Album", '
        '<https://h/openapi.json>; rel="service-desc", '
        '<https://h/songs>; rel="https://h/rels/songs"; '
        "title*=UTF-8''S%C3%B8ngs; type=\"text/html\", "
        '<https://h/songs/2>; rel="https://h/rels/songs"'
    )


def test_a_table_has_values_as_texts_and_the_address_last():
    assert CSV.head(["a", "b"], "\ufeff") == b"\xef\xbb\xbfa,b,href\r\n"
    assert CSV.rows([ALBUM, MEMBER]).decode() == (
        '"<&>""\'",80.950,5,false,,,https://h/album\r\n'
        '"A\tB\r\nC",true,https://h/songs/1\r\n'
    )
