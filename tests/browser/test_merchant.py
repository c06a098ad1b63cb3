"""A merchant's day in a real browser, with scripts and without."""

import re
import socket
from dataclasses import replace

import pytest

from tests.browser.conftest import PHONE, call, visit
from tests.conftest import start_server, stop_server


@pytest.mark.parametrize(
    "options",
    [{}, {"java_script_enabled": False}, {"viewport": PHONE}],
    ids=["desktop", "without scripts", "phone"],
)
def test_a_merchant_does_everything_there(chromium, shop, tmp_path, options):
    has_scripts = "java_script_enabled" not in options
    with visit(chromium, shop, **options) as page:
        do_everything(page, shop, tmp_path, has_scripts=has_scripts)


def test_a_merchant_does_everything_under_a_path(chromium, tmp_path):
    """Behind a proxy that gives this server one folder of a site."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    address = f"http://127.0.0.1:{port}/our/shop"
    server = start_server(
        tmp_path / "data",
        *("--demo", "--port", port),
        environment={"SIRENHALL_PUBLIC_URL": address},
    )
    try:
        shop = replace(server, url=f"{address}/")
        with visit(chromium, shop) as page:
            do_everything(page, shop, tmp_path, has_scripts=True)
            assert page.url.startswith(f"{address}/")
    finally:
        stop_server(server)


def do_everything(page, shop, folder, *, has_scripts):
    song = folder / "song.txt"
    song.write_text("la la la")
    browse(page, shop)
    add_category(page)
    add_with_a_mistake(page, song, has_scripts=has_scripts)
    page.goto("stores/1/downloadables")
    page.fill("#search", "ballad")
    page.click("form.search button")
    page.click("text=Ballad of the Night")
    href = page.url
    edit_with_a_conflict(page, shop, href)
    grant(page, shop.url + "downloadables/1")
    archive_several(page)
    delete_several(page)
    page.goto(href)
    delete(page)
    page.goto("stores/1")
    page.click("text=Sign out")
    page.goto("stores/1")
    assert "/sign-in" in page.url


def browse(page, shop):
    """Page, sort and filter a long collection, and take the filter away."""
    for number in range(25):
        values = {"name": f"shade{number:02}", "value": "violet"}
        values["visibility"] = "public" if number % 5 else "private"
        call(shop, "POST", "/stores/1/attributes", values)
    page.goto("stores/1/attributes")
    assert "1 to 20 of 25" in page.inner_text(".pager")
    page.click(".pager a[rel=next]")
    assert "21 to 25 of 25" in page.inner_text(".pager")
    if page.viewport_size["width"] > PHONE["width"]:
        page.click("thead a:has-text('Name')")
        page.click("thead a:has-text('Name')")
    else:
        page.click("details.filter > summary")
        page.select_option("#filter-order", "name desc")
        page.click("details.filter button")
    assert page.inner_text("tbody th >> nth=0") == "shade24"
    page.click("details.filter > summary")
    page.select_option("#filter-visibility", "private")
    page.click("details.filter button")
    assert "1 to 5 of 5" in page.inner_text(".pager")
    assert page.inner_text("tbody th >> nth=0") == "shade20"
    page.click(".chips a")
    assert "1 to 20 of 25" in page.inner_text(".pager")


def add_category(page):
    page.goto("stores/1/item_categories")
    page.click("details.create > summary")
    page.fill("#create-name", "Ballads")
    page.fill("#create-code", "BALLADS")
    page.select_option("#create-item_delivery_type", "downloaded")
    page.fill("#create-max_downloads_per_customer", "5")
    page.fill("#create-max_downloads_time_period", "24")
    page.click("#create button.main")
    page.wait_for_selector(".notice")
    assert page.inner_text("h1") == "Ballads"


def add_with_a_mistake(page, song, *, has_scripts):
    page.goto("stores/1/downloadables")
    page.click("details.create > summary")
    page.fill("#create-name", "Ballad of the Night")
    # A code of the demo catalogue.
    page.fill("#create-code", "knots")
    page.fill("#create-price", "4.50")
    page.select_option("#create-item_category_uri", label="Ballads")
    page.set_input_files("#create-file", song)
    page.click("#create button.main")
    page.wait_for_selector("p.error")
    assert page.input_value("#create-name") == "Ballad of the Night"
    page.fill("#create-code", "ballad")
    page.set_input_files("#create-file", song)
    page.click("#create button.main")
    if has_scripts:
        page.wait_for_selector("text=is uploaded")
        page.click("text=Show it")
    else:
        page.wait_for_selector(".notice")
    assert page.inner_text("h1") == "Ballad of the Night"
    assert "song.txt" in page.content()


def edit_with_a_conflict(page, shop, href):
    page.click("details.update > summary")
    call(shop, "PATCH", href, {"price": 7})
    page.fill("#do-update-downloadable-price", "5.25")
    page.click("#do-update-downloadable button.main")
    page.wait_for_selector("text=Somebody changed this")
    assert "7" in page.inner_text(".field:has(#do-update-downloadable-price) .current")
    assert page.input_value("#do-update-downloadable-price") == "5.25"
    page.click("#do-update-downloadable button.main")
    page.wait_for_selector(".notice")
    assert call(shop, "GET", href)["price"] == 5.25


def grant(page, href):
    page.goto("stores/1/downloadable_purchases")
    # An empty collection shows its form at once.
    assert page.is_visible("#create")
    page.select_option("#create-downloadable_uri", value=href)
    page.fill("#create-order_id", "2026-9")
    page.fill("#create-customer_email", "ada@example.com")
    page.click("#create button.main")
    page.wait_for_selector(".notice")
    assert "2026-9" in page.content()


def archive_several(page):
    page.goto("stores/1/downloadables")
    boxes = page.query_selector_all("input[name=_ids]")
    for box in boxes[:2]:
        box.check()
    page.click("#bulk button:has-text('Archive')")
    page.wait_for_selector(".notice")
    assert re.search(r"\b2\b", page.inner_text(".notice"))


def delete_several(page):
    page.goto("stores/1/downloadables")
    before = len(page.query_selector_all("input[name=_ids]"))
    for box in page.query_selector_all("input[name=_ids]")[:2]:
        box.check()
    page.click("#bulk summary")
    page.click("#bulk button.danger")
    page.wait_for_selector(".notice")
    assert page.inner_text(".notice") == "Done for 2."
    assert len(page.query_selector_all("input[name=_ids]")) == before - 2


def delete(page):
    page.click("details.delete > summary")
    page.click("#do-delete-downloadable button.main")
    page.wait_for_selector(".notice")
    assert "/downloadables" in page.url
