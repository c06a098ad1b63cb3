"""Pages of documents: their titles, links and charts."""

from typing import Any

import pytest

from representations import Action, Display, Link, Resource, Viewer, Vocabulary
from representations.html import Html, page_environment, title_of

ADDRESS = "http://shop.example/songs"
ENVIRONMENT: Any = page_environment()
DISPLAY = Display(
    heading="Song",
    many="songs",
    named_by="code",
    labels={},
    kinds={},
    help={},
    columns=(),
    groups=(),
    sortable=frozenset(),
)


@pytest.mark.parametrize(
    ("resource", "title"),
    [
        (Resource(properties={"name": "a", "code": "c"}, display=DISPLAY), "c"),
        (Resource(properties={"name": "a"}), "a"),
        (Resource(properties={"name": 5, "store_name": "s"}), "s"),
        (Resource(classes=("item_categories", "collection")), "Item categories"),
        (Resource(classes=("songs", "collection"), title="Ours"), "Ours"),
        (Resource(href=f"{ADDRESS}/7", display=DISPLAY, title="x"), "Song 7"),
        (Resource(href=f"{ADDRESS}/7/offer", display=DISPLAY), "Song"),
        (Resource(links=[Link("self", ADDRESS, "Mine")]), "Mine"),
        (Resource(), "Sirenhall"),
    ],
)
def test_a_page_has_the_name_of_what_it_shows(resource, title):
    assert title_of(resource) == title


def test_what_tables_and_forms_have_is_not_linked_again():
    onward = ENVIRONMENT.filters["onward"]
    links = [
        *(Link(rel, ADDRESS) for rel in ("self", "first", "prev", "next", "last")),
        Link("fx:store", "/stores/1"),
        Link("fx:send", "/send", method="POST"),
        Link("fx:other", "/other", method="POST"),
        Link("fx:put", "/put", method="PUT"),
    ]
    actions = [Action("send", "Send", "POST", "/send")]
    resource = Resource(links=links, actions=actions)
    assert [link.rel for link in onward(resource)] == ["fx:store", "fx:other"]


def rendered(resource):
    page = Html().render(resource, Vocabulary(f"{ADDRESS}/rels/", viewer=Viewer({})))
    return page.decode()


def test_a_page_ends_with_a_line_break():
    assert rendered(Resource(title="a")).endswith("</html>\n")


def test_other_formats_keep_the_query_but_not_the_format():
    html = Html(others=[Html()], tables=[Html()])
    resource = Resource(href=f"{ADDRESS}?a=1&format=html&b=2")
    [link] = html._links_elsewhere(resource)
    assert link.href == f"{ADDRESS}?a=1&b=2&format=html"
    resource.properties = {"total_items": 1}
    assert len(html._links_elsewhere(resource)) == 2
    assert html._links_elsewhere(Resource()) == []
    [link] = html._links_elsewhere(Resource(links=[Link("self", ADDRESS)]))
    assert link.href == f"{ADDRESS}?format=html"


def test_days_without_downloads_have_a_bar_too():
    bars_of = ENVIRONMENT.globals["bars_of"]
    period = {"group": "day", "from": "2026-11-29", "to": "2026-12-02"}
    rows = [Resource(properties={"day": "2026-11-30", "downloads": 3})]
    chart = bars_of(Resource(properties=period), rows)
    assert [bar.title for bar in chart.bars] == [
        *("2026-11-29: 0", "2026-11-30: 3", "2026-12-01: 0", "2026-12-02: 0")
    ]


def test_a_chart_of_years_has_the_last_366_days():
    bars_of = ENVIRONMENT.globals["bars_of"]
    period = {"group": "day", "from": "2020-01-01", "to": "2026-12-31"}
    chart = bars_of(Resource(properties=period), [])
    assert len(chart.bars) == 366
    assert chart.bars[-1].title == "2026-12-31: 0"


def test_the_first_twenty_groups_have_bars():
    bars_of = ENVIRONMENT.globals["bars_of"]
    rows = [Resource(properties={"name": f"s{n}", "downloads": n}) for n in range(30)]
    chart = bars_of(Resource(properties={"group": "downloadable"}), rows)
    assert [bar.title for bar in chart.bars][:2] == ["s0: 0", "s1: 1"]
    assert len(chart.bars) == 20
