"""Files are uploaded from a page: with progress, and on after a cut or a reload."""

import hashlib
import os
import time

import pytest

from tests.browser.conftest import visit

MB = 2**20
PIECES = "**/uploads/**"


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    path = tmp_path_factory.mktemp("film") / "film.mp4"
    path.write_bytes(os.urandom(50 * MB))
    return path


def fill_in(page, film):
    page.goto("/stores/1/downloadables")
    page.click("details.create > summary")
    page.fill("#create-name", "Film")
    page.fill("#create-code", "film")
    page.fill("#create-price", "3")
    page.select_option("#create-item_category_uri", index=1)
    page.set_input_files("#create-file", film)


def cut_after(page, number):
    """Let some pieces through, and cut the line then; return what was sent."""
    sent = []

    def handle(route):
        if route.request.method == "PATCH":
            sent.append(int(route.request.headers["upload-offset"]))
            if len(sent) > number:
                route.abort()
                return
        route.continue_()

    page.route(PIECES, handle)
    return sent


def ends_with_the_digest(page, film):
    page.wait_for_selector("text=is uploaded", timeout=60_000)
    digest = hashlib.sha256(film.read_bytes()).hexdigest()
    return digest in page.inner_text(".upload")


def test_a_cut_line_is_waited_for(chromium, shop, film):
    with visit(chromium, shop) as page:
        fill_in(page, film)
        sent = cut_after(page, 4)
        page.click("#create button.main")
        page.wait_for_selector("text=Trying again")
        assert 0 < page.eval_on_selector("progress", "e => e.value") < 1
        page.unroute(PIECES)
        assert ends_with_the_digest(page, film)
        assert sent[0] == 0


def test_an_upload_goes_on_after_a_reload(chromium, shop, film):
    with visit(chromium, shop) as page:
        fill_in(page, film)
        cut_after(page, 4)
        page.click("#create button.main")
        page.wait_for_selector("text=Trying again")
        page.unroute(PIECES)
        page.reload()
        page.wait_for_selector("text=Uploads that are not finished")
        again = cut_after(page, 1000)
        page.set_input_files("section:has-text('not finished') input[type=file]", film)
        assert ends_with_the_digest(page, film)
        # What had arrived is not sent again.
        assert again[0] >= 4 * 5 * MB
        page.click("text=Show it")
        assert page.inner_text("h1") == "Film"


def slowly(route):
    time.sleep(0.05)
    route.continue_()


def test_an_upload_is_paused_and_resumed(chromium, shop, film):
    with visit(chromium, shop) as page:
        fill_in(page, film)
        page.route(PIECES, slowly)
        page.click("#create button.main")
        page.click("text=Pause")
        page.wait_for_timeout(500)
        before = page.eval_on_selector("progress", "e => e.value")
        page.wait_for_timeout(500)
        assert page.eval_on_selector("progress", "e => e.value") == before < 1
        page.unroute(PIECES)
        page.click("text=Resume")
        assert ends_with_the_digest(page, film)


def test_several_files_are_named_after_themselves(chromium, shop, tmp_path):
    files = [tmp_path / "One Song.mp3", tmp_path / "Two Songs.mp3"]
    for path in files:
        path.write_bytes(os.urandom(1000))
    with visit(chromium, shop) as page:
        fill_in(page, files)
        page.click("#create button.main")
        page.locator(".upload:has-text('is uploaded')").nth(1).wait_for()
        page.goto("/stores/1/downloadables")
        assert "One Song" in page.content()
        assert "Two Songs" in page.content()
