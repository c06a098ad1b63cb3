"""A real browser (Debian's Chromium, driven by Playwright) and a server of its own."""

import json
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.conftest import Server, start_server, stop_server
from tests.torture.loads import BROWSER

PHONE = {"width": 390, "height": 800}


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Chromium, until the next module: Playwright keeps an event loop running.

    Tests of clients that use asyncio would find it in their way.
    """
    if BROWSER is None:
        pytest.skip("Chromium is not installed (Debian: chromium)")
    with sync_playwright() as playwright:
        # Without a sandbox it runs as root, too, as in a container.
        browser = playwright.chromium.launch(
            executable_path=BROWSER, args=["--no-sandbox"]
        )
        yield browser
        browser.close()


@pytest.fixture
def shop(tmp_path) -> Iterator[Server]:
    """A server with the demo catalogue, for one test alone."""
    server = start_server(tmp_path / "data", "--demo")
    yield server
    stop_server(server)


@contextmanager
def visit(browser: Browser, shop: Server, **options) -> Iterator[Page]:
    """Sign in with the token of the shop; whatever the console says is an error.

    A violation of the Content-Security-Policy is said there, too.
    """
    context = browser.new_context(base_url=shop.url, **options)
    page = context.new_page()
    page.set_default_timeout(10_000)
    said: list[str] = []
    page.on("console", lambda m: said.append(m.text) if m.type == "error" else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto("sign-in?next=/stores/1")
    page.click("text=Use an access token")
    page.fill("#token", shop.token)
    page.click("text=Sign in with the token")
    page.wait_for_url("**/stores/1")
    try:
        yield page
        # A refused form is a 422 or 412, which the console mentions as well.
        assert [text for text in said if "Failed to load resource" not in text] == []
    finally:
        context.close()


def call(shop: Server, method: str, path: str, values: dict | None = None) -> dict:
    """Send JSON as a program does, and return the answer."""
    address = path if path.startswith("http") else shop.url.rstrip("/") + path
    request = urllib.request.Request(
        address,
        None if values is None else json.dumps(values).encode(),
        {
            "Authorization": f"Bearer {shop.token}",
            "Content-Type": "application/json",
            "Accept": "application/hal+json",
        },
        method=method,
    )
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)
