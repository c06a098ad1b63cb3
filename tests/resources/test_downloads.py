"""The customer's link: what counts, what is refused and how, and what is kept of it."""

import re
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from email.utils import parsedate_to_datetime

import pytest

from app import create_app
from app.errors import ConfigurationError
from app.services import clock
from app.services.sales import downloads, signed_links
from tests import storages
from tests.conftest import Api, settings_for, wait_until

PATH = "/stores/1/downloadable_purchases"
CONTENT = bytes(range(256)) * 40


@pytest.fixture
def item(api):
    return api.upload(CONTENT, "songs.zip")


@pytest.fixture
def buy(api, item):
    def bought(**values):
        response = api.post(PATH, json={"downloadable_id": item, **values})
        assert response.status_code == 201, response.text
        made = response.json
        return made["_links"]["fx:download_url"]["href"], response.headers["Location"]

    return bought


@pytest.fixture
def later(monkeypatch):
    """Let time pass, in seconds."""
    passed = [0]
    real = clock.now
    for module in (
        *("app.services.sales.downloads", "app.services.rows.changes"),
        *("app.resources.downloads", "app.resources.purchases"),
    ):
        monkeypatch.setattr(f"{module}.now", lambda: real() + passed[0])

    def wait(seconds):
        passed[0] += seconds

    return wait


def count(api, href):
    return api.get(href).json["number_of_downloads"]


def test_a_customer_gets_the_file_without_an_account(anonymous, buy):
    answer = anonymous.get(buy()[0])
    assert answer.status_code == 200
    assert answer.data == CONTENT
    disposition = answer.headers["Content-Disposition"]
    assert disposition.startswith('attachment; filename="songs.zip"')
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert answer.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert answer.headers["Repr-Digest"].startswith("sha-256=:")


def test_requests_within_an_hour_are_one_download(api, anonymous, buy, later):
    url, href = buy(max_downloads=2)
    part = anonymous.get(url, headers={"Range": "bytes=0-99"})
    assert part.status_code == 206
    rest = anonymous.get(url, headers={"Range": "bytes=100-"})
    assert part.data + rest.data == CONTENT
    assert anonymous.get(url).status_code == 200
    assert count(api, href) == 1
    later(3601)
    assert anonymous.get(url).status_code == 200
    assert count(api, href) == 2
    later(3601)
    assert anonymous.get(url).status_code == 410


def part(start, stop):
    return {"Range": f"bytes={start}-{stop - 1}"}


def test_a_session_slides_while_bytes_flow(api, anonymous, buy, later):
    url, href = buy(max_downloads=1)
    quarter = len(CONTENT) // 4
    got = b""
    for number in range(4):
        start = number * quarter
        stop = start + quarter if number < 3 else len(CONTENT)
        answer = anonymous.get(url, headers=part(start, stop))
        assert answer.status_code == 206
        got += answer.data
        later(3500)
    assert got == CONTENT
    assert count(api, href) == 1
    later(3601)
    assert anonymous.get(url).status_code == 410


def test_a_session_slides_no_further_once_all_was_sent_twice(
    api, anonymous, buy, later
):
    url, href = buy(max_downloads=1)
    for _ in range(3):
        assert anonymous.get(url).status_code == 200
        later(1700)
    assert anonymous.get(url).status_code == 410
    assert count(api, href) == 1


def test_a_byte_an_hour_keeps_no_session_open_for_ever(api, anonymous, buy, later):
    url, href = buy(max_downloads=1)
    answers = []
    for number in range(40):
        answers.append(anonymous.get(url, headers=part(number, number + 1)).status_code)
        later(3500)
    assert answers[:20] == [206] * 20
    assert answers[-5:] == [410] * 5
    assert count(api, href) == 1


def test_a_redirect_slides_no_session(api, anonymous, later):
    url = "https://files.example/a"
    values = {"name": "A", "code": "a", "price": 1, "item_category_id": 2, "url": url}
    number = int(
        api.post("/stores/1/downloadables", json=values)
        .headers["Location"]
        .rpartition("/")[2]
    )
    bought = api.post(PATH, json={"downloadable_id": number, "max_downloads": 1}).json
    link = bought["_links"]["fx:download_url"]["href"]
    assert anonymous.get(link).status_code == 302
    later(3500)
    assert anonymous.get(link).status_code == 302
    later(200)
    assert anonymous.get(link).status_code == 410


def test_a_download_under_way_longer_than_its_session_can_be_resumed(
    api, anonymous, buy, later, installation
):
    url, href = buy(max_downloads=1)
    installation.active_downloads._pause = 0.02
    slow = anonymous.client.get(url, buffered=False)
    assert slow.status_code == 200
    later(3601)

    def resumed():
        answer = anonymous.get(url, headers=part(0, 1))
        return answer.status_code == 206

    assert wait_until(resumed)
    assert count(api, href) == 1
    later(3500)
    slow.close()
    assert resumed()
    later(3500)
    assert resumed()


def test_what_was_reset_is_not_kept_open_by_bytes_that_flow(
    api, anonymous, buy, later, installation
):
    url, href = buy(max_downloads=1)
    installation.active_downloads._pause = 0.02
    slow = anonymous.client.get(url, buffered=False)
    later(3601)
    assert api.post(f"{href}/reset_usage").status_code == 200
    time.sleep(0.1)
    slow.close()
    assert anonymous.get(url).status_code == 200
    assert count(api, href) == 1


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Purpose": "prefetch"},
        {"Sec-Purpose": "prefetch;prerender"},
        {"Sec-Purpose": "prefetch;anonymous-client-ip"},
        {"Purpose": "prefetch"},
        {"Purpose": "Preview"},
        {"X-Purpose": "preview"},
        {"X-Moz": "prefetch"},
    ],
)
def test_a_prefetch_is_not_counted_and_gets_no_bytes(api, anonymous, buy, headers):
    url, href = buy(max_downloads=1)
    for accept in ("text/html,*/*;q=0.8", "*/*"):
        answer = anonymous.get(url, headers={**headers, "Accept": accept})
        assert answer.status_code == 503
        assert answer.headers["Cache-Control"] == "no-store"
    assert count(api, href) == 0
    assert anonymous.get(url, headers={"Sec-Purpose": ""}).status_code == 200


@pytest.mark.parametrize(
    "after",
    [
        *(
            ".",
            ")",
            ">",
            "%20",
            ").",
            "%3E",
            ",",
            ";",
            '"',
            "%E2%80%9D",
            "%0A",
            "/",
            "=",
        ),
        *("%E2%80%8B", "%EF%BB%BF", "%E3%80%82", "%EF%BC%89", "|", "~", "%26", "\\"),
    ],
)
def test_what_stands_around_a_link_in_a_text_is_no_part_of_it(anonymous, buy, after):
    url, _ = buy()
    assert anonymous.get(url + after).status_code == 200
    assert anonymous.get(url.replace("p=", "p=%3C") + after).status_code == 200


def test_a_range_does_not_get_by_the_count(api, anonymous, buy, later):
    url, href = buy(max_downloads=1)
    assert anonymous.get(url, headers={"Range": "bytes=5-9"}).status_code == 206
    assert count(api, href) == 1
    later(3601)
    refused = anonymous.get(url, headers={"Range": "bytes=5-9"})
    assert refused.status_code == 410


@pytest.mark.parametrize(
    ("method", "headers", "status"),
    [
        ("HEAD", {}, 200),
        ("HEAD", {"Range": "bytes=0-1"}, 200),
        ("GET", {"If-None-Match": "tag"}, 304),
        ("GET", {"If-Match": '"other"'}, 412),
        ("GET", {"Range": "bytes=99999-"}, 416),
        ("OPTIONS", {}, 200),
    ],
)
def test_what_gives_no_bytes_is_not_counted(
    api, anonymous, item, buy, method, headers, status
):
    url, href = buy()
    tag = api.get(f"/downloadables/{item}/file").headers["ETag"]
    headers = {n: tag if v == "tag" else v for n, v in headers.items()}
    answer = anonymous.request(method, url, headers=headers)
    assert answer.status_code == status
    assert count(api, href) == 0


@pytest.mark.parametrize("minutes", [0])
def test_without_sessions_each_request_is_a_download(
    api, installation, buy, item, data_dir, minutes
):
    from app import create_app
    from tests.conftest import settings_for

    url, href = buy(max_downloads=3)
    app = create_app(settings_for(data_dir, download_session_minutes=minutes))
    other = Api(app.test_client(), None)
    for expected in (1, 2, 3):
        assert other.get(url).status_code == 200
        assert count(api, href) == expected
    assert other.get(url).status_code == 410
    app.extensions["sirenhall"].close()


@pytest.mark.parametrize(
    ("values", "change", "seconds", "status", "code"),
    [
        ({}, {"is_active": False}, 0, 410, "purchase_revoked"),
        ({}, {"expires_at": "2020-01-01T00:00:00Z"}, 0, 410, "purchase_expired"),
        ({"download_window_hours": 2}, {}, 7200, 410, "download_window_over"),
        ({"download_window_hours": 2}, {}, 7100, 200, ""),
        ({"download_window_hours": 0}, {}, 10**8, 200, ""),
        ({"max_downloads": 0, "download_window_hours": 0}, {}, 0, 200, ""),
    ],
)
def test_the_limits_decide(
    api, anonymous, buy, later, values, change, seconds, status, code
):
    url, href = buy(**values)
    if change:
        assert api.patch(href, json=change).status_code == 200
    later(seconds)
    for method in ("HEAD", "GET"):
        answer = anonymous.request(method, url)
        assert answer.status_code == status, answer.text
    if code:
        assert anonymous.errors(anonymous.get(url)) == {"": code}
        page = anonymous.get(url, accept="text/html")
        assert page.status_code == status
        assert f"/problems/{code}" in page.text
        assert "http://localhost/rels" not in page.text
        assert count(api, href) == 0


def test_a_purchase_ends_at_its_moment_and_not_before(api, anonymous, buy, monkeypatch):
    url, _ = buy(expires_at="2030-01-01T00:00:00Z", download_window_hours=0)
    end = 1_893_456_000
    monkeypatch.setattr("app.resources.downloads.now", lambda: end - 1)
    assert anonymous.request("HEAD", url).status_code == 200
    monkeypatch.setattr("app.resources.downloads.now", lambda: end)
    assert anonymous.request("HEAD", url).status_code == 410


def test_what_was_downloaded_since_is_no_304_by_date(
    api, anonymous, buy, later, monkeypatch
):
    url, href = buy()
    item = api.get(href).json["_links"]["fx:downloadable"]["href"]
    later(100)
    assert anonymous.get(url).status_code == 200
    # Within its second nothing has a date yet.
    real = clock.now
    monkeypatch.setattr(clock, "now", lambda: real() + 200)
    for path in (href, item):
        answer = api.get(path)
        shown = datetime.fromisoformat(answer.json["date_modified"])
        assert parsedate_to_datetime(answer.headers["Last-Modified"]) > shown


def test_what_is_restored_can_be_downloaded_again(api, anonymous, buy):
    url, href = buy()
    api.patch(href, json={"is_active": False})
    assert anonymous.get(url).status_code == 410
    api.patch(href, json={"is_active": True})
    assert anonymous.get(url).status_code == 200


def test_a_quantity_multiplies_the_limit(api, anonymous, buy, later):
    url, href = buy(max_downloads=1, quantity=3, download_window_hours=0)
    for _ in range(3):
        assert anonymous.get(url).status_code == 200
        later(3601)
    refused = anonymous.get(url)
    assert refused.status_code == 410
    assert "3 downloads, and all have been used" in refused.text
    assert count(api, href) == 3


def test_a_download_that_began_in_time_is_gone_on_with(anonymous, buy, later):
    url, _ = buy(max_downloads=1, download_window_hours=1)
    later(3000)
    assert anonymous.get(url, headers={"Range": "bytes=0-99"}).status_code == 206
    later(1000)
    # The window is over and the count used up, but it is the same download.
    assert anonymous.get(url, headers={"Range": "bytes=100-"}).status_code == 206


@pytest.mark.parametrize("query", ["", "?p=", "?p=x", "?p=a&p=b", "?q=1", "?p=%00"])
def test_a_link_that_leads_nowhere_is_a_404(anonymous, query):
    answer = anonymous.get(f"/dl{query}")
    assert answer.status_code in {400, 404}
    if answer.status_code == 404:
        assert "copied the whole link" in answer.text


def test_a_file_that_is_not_there_yet_is_said_so(api, anonymous):
    item = api.add(code="later")
    made = api.post(PATH, json={"downloadable_id": item}).json
    answer = anonymous.get(made["_links"]["fx:download_url"]["href"])
    assert answer.status_code == 503
    assert answer.headers["Retry-After"]
    assert anonymous.errors(answer) == {"": "file_not_there"}


def test_a_closed_store_asks_to_wait(api, anonymous, buy):
    url, href = buy()
    api.patch("/stores/1", json={"is_maintenance_mode": True})
    answer = anonymous.get(url)
    assert answer.status_code == 503
    assert count(api, href) == 0


def test_a_file_kept_elsewhere_is_counted_the_same(api, anonymous, later):
    item = api.add(code="away", url="https://files.example/a.zip")
    made = api.post(PATH, json={"downloadable_id": item, "max_downloads": 1})
    url = made.json["_links"]["fx:download_url"]["href"]
    answer = anonymous.get(url)
    assert answer.status_code == 302
    assert answer.headers["Location"] == "https://files.example/a.zip"
    assert count(api, made.headers["Location"]) == 1
    later(3601)
    assert anonymous.get(url).status_code == 410


def test_the_link_stays_when_the_file_does_not(api, anonymous, item, buy):
    url, _ = buy()
    pinned, _ = buy(version_uri="http://localhost/versions/1")
    import io

    api.patch(f"/downloadables/{item}", data={"file": (io.BytesIO(b"new"), "b.zip")})
    assert anonymous.get(url).data == b"new"
    assert anonymous.get(pinned).data == CONTENT


def test_32_at_once_are_served_as_often_as_allowed(app, api, installation, buy):
    for limit in (1, 3, 31, 32):
        url, href = buy(max_downloads=limit)
        # Each a download of its own.
        record = None
        with installation.database.reading() as db:
            passcode = url.rpartition("=")[2]
            record = downloads.find_by_passcode(db, passcode)

        def begin(_number, record=record):
            customer = downloads.Customer("", "")
            try:
                downloads.begin_download(
                    installation.database, record, customer, minutes=0
                )
            except Exception as error:  # noqa: BLE001 - counted below
                return type(error).__name__
            return "served"

        with ThreadPoolExecutor(32) as pool:
            outcomes = list(pool.map(begin, range(32)))
        assert outcomes.count("served") == limit
        assert set(outcomes) <= {"served", "DownloadsUsedUp"}
        assert count(api, href) == limit


def test_each_download_is_kept(api, anonymous, item, buy):
    url, href = buy()
    headers = {"User-Agent": "curl/8"}
    anonymous.get(
        url,
        headers={**headers, "Range": "bytes=0-99"},
        environ_base={"REMOTE_ADDR": "203.0.113.77"},
    )
    page = api.get(f"{href}/downloads").json
    [kept] = page["_embedded"]["fx:downloads"]
    assert (kept["outcome"], kept["bytes_sent"]) == ("broken", 100)
    anonymous.get(url, headers={**headers, "Range": "bytes=100-"})
    [kept] = api.get(f"{href}/downloads").json["_embedded"]["fx:downloads"]
    assert (kept["outcome"], kept["bytes_sent"]) == ("completed", len(CONTENT))
    assert (kept["version"], kept["file_name"]) == (1, "songs.zip")
    assert kept["address"] == "203.0.113.0"
    assert kept["user_agent"] == "curl/8"
    assert kept["downloadable_purchase_uri"] == href
    for path in (f"/downloadables/{item}/downloads", "/stores/1/downloads"):
        assert api.get(path).json["total_items"] == 1
    table = api.get("/stores/1/downloads?format=csv").text.splitlines()
    assert len(table) == 2
    assert "completed" in table[1]
    own = api.get(kept["_links"]["self"]["href"])
    assert own.status_code == 200
    assert api.delete(kept["_links"]["self"]["href"]).status_code == 405
    assert api.get(f"/downloadables/{item}").json["number_of_downloads"] == 1


def test_several_ranges_are_counted_as_sent(api, anonymous, buy):
    url, href = buy()
    answer = anonymous.get(url, headers={"Range": "bytes=0-9,100-119"})
    assert answer.status_code == 206
    [kept] = api.get(f"{href}/downloads").json["_embedded"]["fx:downloads"]
    assert kept["bytes_sent"] == 30


# -- temporary links ------------------------------------------------------------


@pytest.fixture
def signed(api, buy):
    def sign(**values):
        _, href = buy()
        answer = api.post(f"{href}/signed_url", json=values)
        assert answer.status_code == 201, answer.text
        return answer.json["signed_url"]

    return sign


def test_a_signed_link_is_good_for_its_time(anonymous, signed, later):
    url = signed(expires_in=60)
    assert anonymous.get(url).status_code == 200
    later(61)
    answer = anonymous.get(url)
    assert answer.status_code == 410
    assert anonymous.errors(answer) == {"": "link_expired"}


@pytest.mark.parametrize("after", [".", ")", "%20", ">"])
def test_a_signed_link_with_something_behind_it_is_good(anonymous, signed, after):
    assert anonymous.get(signed() + after).status_code == 200


def test_whatever_else_is_signed_leads_nowhere(anonymous, signed, buy):
    url = signed()
    path, _, query = url.partition("?")
    parts = dict(part.split("=") for part in query.split("&"))
    other = str(int(parts["p"]) + 1)
    wrong = [
        {**parts, "p": other},
        {**parts, "expires": str(int(parts["expires"]) + 1)},
        {**parts, "signature": ""},
        {**parts, "signature": parts["signature"][:-1]},
        {**parts, "signature": parts["signature"] + "0"},
        {**parts, "signature": parts["signature"].upper()},
        {k: v for k, v in parts.items() if k != "signature"},
        {k: v for k, v in parts.items() if k != "expires"},
        {"p": parts["p"]},
    ]
    for position in range(0, 64, 7):
        digits = list(parts["signature"])
        digits[position] = "0" if digits[position] != "0" else "1"
        wrong.append({**parts, "signature": "".join(digits)})
    for sent in wrong:
        query = "&".join(f"{n}={v}" for n, v in sent.items())
        assert anonymous.get(f"{path}?{query}").status_code == 404, sent
    # In whatever order they come.
    turned = "&".join(f"{n}={v}" for n, v in reversed(parts.items()))
    assert anonymous.get(f"{path}?{turned}").status_code == 200


def test_a_shop_that_knows_the_passcode_signs_itself(api, anonymous, buy):
    _, href = buy()
    record = api.get(href).json
    number = int(re.search(r"\d+$", href)[0])
    for seconds, status in ((100, 200), (86_500, 404)):
        moment = clock.now() + seconds
        sent = signed_links.link_parameters(number, record["download_passcode"], moment)
        query = "&".join(f"{n}={v}" for n, v in sent.items())
        assert anonymous.get(f"/dl?{query}").status_code == status


@pytest.mark.parametrize("seconds", [0, 86_401, "soon"])
def test_a_time_that_is_none_is_refused(api, buy, seconds):
    _, href = buy()
    answer = api.post(f"{href}/signed_url", json={"expires_in": seconds})
    assert answer.status_code == 422


def test_limits_as_large_as_they_can_be_are_counted(anonymous, buy):
    most = 2**31 - 1
    url, _ = buy(max_downloads=most, quantity=1_000_000, download_window_hours=most)
    assert anonymous.get(url).status_code == 200


def test_the_last_byte_alone_is_no_whole_download(api, anonymous, buy):
    url, href = buy()
    assert anonymous.get(url, headers={"Range": "bytes=-1"}).status_code == 206
    [kept] = api.get(f"{href}/downloads").json["_embedded"]["fx:downloads"]
    assert (kept["outcome"], kept["bytes_sent"]) == ("broken", 1)


class TestHandedOver:
    """Another server sends the bytes."""

    @pytest.fixture
    def redirecting(self, data_dir):
        url = storages.s3_url(data_dir)
        app = create_app(settings_for(data_dir, storage_url=url, delivery="redirect"))
        yield app
        app.extensions["sirenhall"].close()

    def test_the_s3_sends_it_by_an_address_that_is_signed(self, redirecting):
        there = redirecting.extensions["sirenhall"]
        api = Api(redirecting.test_client(), there.starter_token)
        item = api.upload(CONTENT, "Fjörd 100%.zip")
        bought = api.post(PATH, json={"downloadable_id": item, "max_downloads": 1})
        link = bought.json["_links"]["fx:download_url"]["href"]
        guest = Api(redirecting.test_client(), None)
        assert guest.request("HEAD", link).status_code == 200
        assert count(api, bought.headers["Location"]) == 0
        answer = guest.get(link)
        assert answer.status_code == 302
        assert answer.headers["Cache-Control"] == "private, no-store"
        for _again in range(2):
            got = urllib.request.Request(guest.get(link).headers["Location"])
            got.add_header("Range", "bytes=10-19")
            with urllib.request.urlopen(got) as body:
                assert body.status == 206
                assert body.read() == CONTENT[10:20]
                disposition = body.headers["Content-Disposition"]
        assert "filename*=UTF-8''Fj%C3%B6rd%20100%25.zip" in disposition
        shown = api.get(bought.headers["Location"]).json
        assert shown["number_of_downloads"] == 1
        listed = api.get(shown["_links"]["fx:downloads"]["href"]).json
        [download] = listed["_embedded"]["fx:downloads"]
        assert download["outcome"] == "redirected"
        # The merchant gets it the same way.
        assert api.get(f"/downloadables/{item}/file").status_code == 302
        # An address that somebody has changed is good for nothing.
        forged = answer.headers["Location"].replace(
            "X-Amz-Expires=3600", "X-Amz-Expires=9999"
        )
        with pytest.raises(urllib.error.HTTPError, match="403"):
            urllib.request.urlopen(forged)

    def test_what_the_storage_has_lost_is_not_counted(self, redirecting):
        there = redirecting.extensions["sirenhall"]
        api = Api(redirecting.test_client(), there.starter_token)
        bought = api.post(PATH, json={"downloadable_id": api.upload()})
        [stored] = there.storage.stored()
        there.storage.delete(stored.key)
        link = bought.json["_links"]["fx:download_url"]["href"]
        assert api.get(link).status_code == 503
        assert count(api, bought.headers["Location"]) == 0

    @pytest.mark.parametrize(
        ("delivery", "url", "words"),
        [
            ("redirect", "", "needs the files in an S3"),
            ("x-accel", "s3", "in a folder"),
        ],
    )
    def test_who_cannot_have_the_files_is_not_to_send_them(
        self, data_dir, delivery, url, words
    ):
        where = storages.s3_url(data_dir) if url else f"file:{data_dir / 'files'}"
        with pytest.raises(ConfigurationError, match=words):
            create_app(settings_for(data_dir, storage_url=where, delivery=delivery))


class TestEachCounts:
    """SIRENHALL_DOWNLOAD_SESSION_MINUTES=0: no request goes on with another's."""

    @pytest.fixture
    def settings(self):
        return {"download_session_minutes": 0}

    def test_also_one_that_began_a_second_before(self, api, buy, monkeypatch):
        link, href = buy(max_downloads=1)
        guest = Api(api.client, None)
        assert guest.get(link).status_code == 200
        # The clock of the second request stands where it was before the first.
        early = clock.now() - 1
        monkeypatch.setattr("app.resources.downloads.now", lambda: early)
        assert guest.get(link).status_code == 410
        assert count(api, href) == 1
