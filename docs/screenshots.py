"""Take the screenshots of the pages: ``python docs/screenshots.py``.

It needs Chromium (Debian: chromium) and Playwright, which ``.[dev]`` installs.
"""

import json
import shutil
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from playwright.sync_api import Page, sync_playwright

FOLDER = Path(__file__).parent / "screenshots"
DESKTOP = {"width": 1280, "height": 800}
PHONE = {"width": 390, "height": 760}
SOLD = (1, 1, 1, 2, 2, 3, 4, 1, 5)
"""The downloadables of the demo catalogue that somebody buys and downloads."""

PAGES = {
    "sign-in": "/sign-in",
    "dashboard": "/stores/1",
    "downloadables": "/stores/1/downloadables",
    "downloadable": "/downloadables/1",
    "purchases": "/stores/1/downloadable_purchases",
    "statistics": "/stores/1/statistics?group=downloadable",
    "raw-view": "/browser?url=/downloadables/1&as=siren",
    "error": "/stores/1/downloadables?price=cheap",
}


class Shop(NamedTuple):
    """A server that runs: its address, and a token for it."""

    url: str
    token: str

    def post(self, path: str, values: dict[str, Any]) -> Any:
        """Send JSON, and return the answer."""
        request = urllib.request.Request(  # noqa: S310 - it is our own server
            self.url + path,
            json.dumps(values).encode(),
            {
                "Authorization": f"Bearer {self.token}",
                "Content-Type": "application/json",
            },
        )
        with urllib.request.urlopen(request) as answer:  # noqa: S310
            return json.load(answer)


@contextmanager
def running_shop() -> Iterator[Shop]:
    """Start a server with the demo catalogue, of which some has been sold."""
    with tempfile.TemporaryDirectory() as folder:
        options = ("--port", "0", "--json", "--demo", "--data-dir", f"{folder}/data")
        process = subprocess.Popen(  # noqa: S603
            [sys.executable, "-m", "app", "serve", *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        try:
            assert process.stdout is not None  # noqa: S101
            said = json.loads(process.stdout.readline())
            yield Shop(said["url"].rstrip("/"), said["token"])
        finally:
            process.terminate()
            process.wait()


def sell(shop: Shop) -> str:
    """Grant purchases and download them; return the link of the last customer."""
    link = ""
    for number, item in enumerate(SOLD):
        values = {
            "downloadable_id": item,
            "order_id": f"2026-{1001 + number}",
            "customer_email": f"customer{number + 1}@example.com",
        }
        made = shop.post("/stores/1/downloadable_purchases", values)
        link = made["_links"]["fx:download_url"]["href"]
        for _ in range(number % 2 + 1):
            urllib.request.urlopen(link).read()  # noqa: S310
    return str(link.replace("/dl?", "/dl/files?"))


def take(page: Page, name: str) -> None:
    """Write a screenshot, and say so."""
    page.screenshot(path=FOLDER / f"{name}.png")
    print(f"docs/screenshots/{name}.png")


def main() -> None:
    """Take all screenshots."""
    FOLDER.mkdir(exist_ok=True)
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    with running_shop() as shop, sync_playwright() as playwright:
        customers = sell(shop)
        browser = playwright.chromium.launch(
            executable_path=program, args=["--no-sandbox"]
        )
        page = browser.new_page(base_url=shop.url, viewport=DESKTOP)
        page.goto("/sign-in")
        take(page, "sign-in")
        page.click("text=Use an access token")
        page.fill("#token", shop.token)
        page.click("text=Sign in with the token")
        for name, path in PAGES.items():
            if name != "sign-in":
                page.goto(path)
                take(page, name)
        take_form(page)
        page.set_viewport_size(PHONE)
        page.goto("/stores/1/downloadables")
        take(page, "phone")
        page.set_viewport_size(DESKTOP)
        page.goto(customers)
        take(page, "customer")
        browser.close()


def take_form(page: Page) -> None:
    """Take a form that was refused."""
    page.goto("/downloadables/1")
    page.click("details.update > summary")
    # The code of another downloadable.
    page.fill("#do-update-downloadable-code", "tides")
    page.click("#do-update-downloadable button.main")
    page.wait_for_selector("p.error")
    page.evaluate("document.querySelector('details.update').scrollIntoView()")
    take(page, "form")


if __name__ == "__main__":
    main()
