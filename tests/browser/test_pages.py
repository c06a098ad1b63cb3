"""Every kind of page: accessible, valid HTML, within a phone's width, and safe."""

import html5lib
import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.browser.conftest import PHONE, call, visit

PAGES = [
    "/",
    "/stores/1",
    "/stores/1/statistics?group=downloadable",
    "/stores/1/item_categories",
    "/stores/1/downloadables",
    "/stores/1/downloadables?search=nothing-like-it",
    "/stores/1/downloadables?price:greaterthan=1&order=price",
    "/stores/1/downloadable_purchases",
    "/stores/1/downloads",
    "/stores/1/library_files",
    "/stores/1/users",
    "/stores/1/tokens",
    "/stores/1/webhook_deliveries",
    "/item_categories/2",
    "/downloadables/1",
    "/downloadables/1/files",
    "/downloadables/1/attributes",
    "/downloadables/1/translations",
    "/downloadable_purchases/1",
    "/browser",
    "/browser?url=/downloadables/1&as=xml",
    "/sign-in",
    "/rels/downloadables",
    "/problems/not_found",
    "/docs",
    "/stores/999",
]
EVIL = (
    "<script>document.title='run'</script>",
    "<img src=x onerror=\"document.title='run'\">",
    "\"'><svg onload=document.title='run'>",
    "{{7*7}} ]]> &lt;b&gt;",
)


@pytest.fixture
def filled(shop):
    """A shop in which every collection has something, with evil texts."""
    number = 0
    for number, evil in enumerate(EVIL):
        values = {
            "name": evil,
            "code": f"evil-{number}",
            "price": 1,
            "description": evil,
        }
        values["item_category_id"] = 2
        made = call(shop, "POST", "/stores/1/downloadables", values)
        own = made["_links"]["self"]["href"]
        call(shop, "POST", f"{own}/attributes", {"name": evil, "value": evil})
    values = {"downloadable_id": 1, "order_id": EVIL[0], "customer_id": EVIL[1]}
    call(shop, "POST", "/stores/1/downloadable_purchases", values)
    return shop


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_are_accessible(chromium, filled, scheme):
    found = {}
    with visit(chromium, filled, color_scheme=scheme) as page:
        for path in PAGES:
            page.goto(path)
            page.eval_on_selector_all(
                "details", "all => all.forEach(d => d.open = true)"
            )
            for violation in Axe().run(page).response["violations"]:
                nodes = [node["html"][:150] for node in violation["nodes"][:3]]
                found.setdefault(violation["id"], (path, nodes))
    assert found == {}


def test_nothing_but_code_scrolls_sideways_on_a_phone(chromium, filled):
    with visit(chromium, filled, viewport=PHONE) as page:
        for path in PAGES:
            page.goto(path)
            page.eval_on_selector_all(
                "details", "all => all.forEach(d => d.open = true)"
            )
            width = page.evaluate("document.documentElement.scrollWidth")
            assert width <= PHONE["width"], path


def test_pages_are_valid_and_run_nothing_that_is_in_them(chromium, filled):
    parser = html5lib.HTMLParser(strict=False)
    with visit(chromium, filled) as page:
        for path in [*PAGES, f"/stores/1/downloadables?search={EVIL[0]}", "/<svg>"]:
            answer = page.goto(path)
            text = answer.text()
            parser.parse(text)
            assert parser.errors == [], (path, parser.errors)
            assert page.title() != "run", path
            assert "<script>document" not in text
            assert "49 ]]" not in text
        page.goto("/stores/1/downloadables")
        shown = page.inner_text("table")
        for evil in EVIL:
            assert evil in shown
