"""Statistics: what is summed, for which days, and in every format."""

from datetime import UTC, date, datetime

import pytest

from app.errors import Unavailable
from app.services import clock
from app.services.sales.statistics import Refusals
from tests.browsing import Person
from tests.conftest import FORMATS

PATH = "/stores/1/statistics"
PURCHASES = "/stores/1/downloadable_purchases"
CONTENT = b"0123456789" * 1000


@pytest.fixture
def item(api):
    return api.upload(CONTENT, "songs.zip", name="Night Song", code="night-song")


@pytest.fixture
def buy(api, item):
    def bought(**values):
        values = {"downloadable_id": item, **values}
        made = api.post(PURCHASES, json=values)
        assert made.status_code == 201, made.text
        return made.json["_links"]["fx:download_url"]["href"]

    return bought


@pytest.fixture
def at(monkeypatch):
    """Let a request happen at a second of the Unix epoch."""
    moment = [clock.now()]
    for module in ("services.sales.downloads", "resources.downloads"):
        monkeypatch.setattr(f"app.{module}.now", lambda: moment[0])

    def happen(seconds):
        moment[0] = seconds

    return happen


def sums(api, query="", path=PATH):
    found = api.get(f"{path}?group={query}")
    assert found.status_code == 200, found.text
    rows = found.json["_embedded"]["fx:sums"]
    for row in rows:
        row.pop("_links", None)
    return found.json, rows


def test_a_download_is_summed_when_it_begins_and_when_it_ends(api, anonymous, buy):
    link = buy()
    with anonymous.get(link) as answer:
        assert answer.data == CONTENT
    for _ in range(2):
        # What goes on counts neither as a download nor as a purchase.
        answer = anonymous.get(link, headers={"Range": "bytes=0-99"})
        assert answer.status_code == 206
        answer.close()
    total, [day] = sums(api, "day")
    expected = {"downloads": 1, "purchases": 1, "completed": 1, "redirected": 0}
    assert {name: total[name] for name in expected} == expected
    assert total["unfinished"] == 0
    assert total["bytes_sent"] >= len(CONTENT)
    assert day == {"day": total["to"], **expected, "bytes_sent": total["bytes_sent"]}


def test_a_broken_download_is_unfinished_until_its_rest_is_fetched(api, anonymous, buy):
    link = buy()
    anonymous.get(link, headers={"Range": "bytes=0-99"}).close()
    assert sums(api, "day")[0]["unfinished"] == 1
    anonymous.get(link, headers={"Range": "bytes=100-"}).close()
    total, _ = sums(api, "day")
    assert (total["downloads"], total["unfinished"]) == (1, 0)
    assert total["bytes_sent"] == len(CONTENT)


def test_what_another_server_sends_is_told_apart(api, anonymous, buy):
    link = buy(url="https://files.example/song.zip")
    assert anonymous.get(link).status_code in {302, 303, 307}
    total, _ = sums(api, "day")
    assert (total["redirected"], total["completed"], total["unfinished"]) == (1, 0, 0)


def test_downloadables_are_ranked_and_remembered_when_deleted(
    api, anonymous, buy, item
):
    other = api.upload(b"x", "other.zip", name="Other", code="other")
    for _ in range(2):
        anonymous.get(buy(downloadable_id=other)).close()
    anonymous.get(buy()).close()
    _, rows = sums(api, "downloadable")
    assert [(r["name"], r["downloads"]) for r in rows] == [
        ("Other", 2),
        ("Night Song", 1),
    ]
    total, _ = sums(api, "day", f"/downloadables/{item}/statistics")
    assert total["downloads"] == 1


def test_refusals_are_counted_by_reason(api, anonymous, buy, installation):
    link = buy(max_downloads=1)
    anonymous.get(link).close()
    revoked = buy()
    href = api.get(f"{PURCHASES}?order=id%20desc").json["_embedded"][
        "fx:downloadable_purchases"
    ][0]["_links"]["self"]["href"]
    assert api.patch(href, json={"is_active": False}).status_code == 200
    for method, number in (("HEAD", 1), ("GET", 3)):
        for _ in range(number):
            answer = anonymous.request(method, revoked)
            assert answer.status_code >= 400
    installation.refusals.write(installation.database)
    _, rows = sums(api, "outcome")
    found = {row["outcome"]: row["downloads"] for row in rows}
    assert found.pop("completed") == 1
    assert (found.pop("redirected"), found.pop("unfinished")) == (0, 0)
    # A HEAD counts no refusal, as it counts no download.
    assert list(found.values()) == [3], found


def test_refusals_are_written_once(api, installation, item):
    refusals = Refusals()
    record = {"store_id": 1, "downloadable_id": item, "timezone": "UTC"}
    refusals.record(record, "revoked", clock.now())
    for _ in range(2):
        refusals.write(installation.database)
    refusals.record(record, "revoked", clock.now())
    refusals.write(installation.database)
    _, rows = sums(api, "outcome")
    assert rows[-1] == {"outcome": "revoked", "downloads": 2}


def test_refusals_that_could_not_be_written_are_written_the_next_time(
    api, installation, item, monkeypatch
):
    refusals = Refusals()
    record = {"store_id": 1, "downloadable_id": item, "timezone": "UTC"}
    refusals.record(record, "revoked", clock.now())
    # A store that was deleted meanwhile is no reason to lose the others.
    refusals.record({**record, "store_id": 99}, "revoked", clock.now())

    def busy(*_):
        raise Unavailable("the server is busy")

    with monkeypatch.context() as patched:
        patched.setattr(installation.database, "writing", busy)
        with pytest.raises(Unavailable):
            refusals.write(installation.database)
    refusals.write(installation.database)
    _, rows = sums(api, "outcome")
    assert rows[-1] == {"outcome": "revoked", "downloads": 1}


def test_a_day_is_one_of_the_stores_clock(api, anonymous, buy, at):
    zone = {"timezone": "America/Los_Angeles"}
    assert api.patch("/stores/1", json=zone).status_code == 200
    link = buy()
    at(1_700_000_000)  # 2023-11-14T22:13:20Z, 14:13 there
    anonymous.get(link).close()
    link = buy()
    at(1_700_020_000)  # 2023-11-15T03:46:40Z, still the 14th there
    anonymous.get(link).close()
    _, rows = sums(api, "day&from=2023-11-01&to=2023-11-30")
    assert [(row["day"], row["downloads"]) for row in rows] == [("2023-11-14", 2)]


def test_a_period_has_its_first_and_last_day(api, anonymous, buy, at):
    for day in range(4):
        link = buy()
        at(1_700_000_000 + day * 86_400)
        anonymous.get(link).close()
    total, rows = sums(api, "day&from=2023-11-15&to=2023-11-16")
    days = [row["day"].rpartition("-")[2] for row in rows]
    assert (sorted(days), total["downloads"]) == (["15", "16"], 2)


def test_the_usual_period_is_thirty_days_up_to_today(api):
    total, rows = sums(api, "day")
    assert rows == []
    assert total["downloads"] == 0
    first, last = (date.fromisoformat(total[name]) for name in ("from", "to"))
    assert (last - first).days == 29
    assert abs((datetime.now(UTC).date() - last).days) <= 1


@pytest.mark.parametrize(
    ("query", "name", "text"),
    [
        ("group=week", "group", "group must be one of day, downloadable, outcome"),
        ("from=yesterday", "from", "from must be a day such as 2026-11-30"),
        ("to=2026-02-30", "to", "to must be a day such as 2026-11-30"),
        ("from=20261130", "from", "from must be a day such as 2026-11-30"),
        ("from=2026-11-30&to=2026-11-01", "from", "from must not be after to"),
        ("since=2026-11-30", "since", "since is not known; known are group, from"),
    ],
)
def test_a_mistake_is_named(api, query, name, text):
    answer = api.get(f"{PATH}?{query}")
    assert answer.status_code == 400
    assert text in answer.text, answer.text
    assert f'"{name}"' in answer.text


@pytest.mark.parametrize("accept", FORMATS.values())
@pytest.mark.parametrize("group", ["day", "downloadable", "outcome"])
def test_every_format_has_them(api, anonymous, buy, accept, group):
    anonymous.get(buy()).close()
    found = api.get(f"{PATH}?group={group}", accept=accept)
    assert found.status_code == 200, found.text
    text = found.text
    assert "downloads" in text
    assert "statistics" in text


def test_csv_has_a_row_for_each_group(api, anonymous, buy, item):
    anonymous.get(buy()).close()
    found = api.get(f"{PATH}?group=downloadable&format=csv")
    head, row = found.text.splitlines()
    assert head == "name,downloads,purchases,completed,redirected,bytes_sent,href"
    assert row == (
        f"Night Song,1,1,1,0,{len(CONTENT)},http://localhost/downloadables/{item}"
    )
    assert found.headers["Content-Disposition"].startswith("attachment")
    empty = api.get(f"{PATH}?from=1999-01-01&to=1999-01-02&format=csv")
    assert (empty.status_code, empty.text.strip()) == (200, "href")


def test_a_siren_client_finds_the_form_to_choose_days(api):
    document = api.get(PATH, accept=FORMATS["siren"]).json
    [action] = [a for a in document["actions"] if a["name"] == "filter-statistics"]
    assert [field["name"] for field in action["fields"]] == ["group", "from", "to"]
    assert action["method"] == "GET"
    store = api.get("/stores/1").json["_links"]["fx:statistics"]["href"]
    assert store.endswith(PATH)


def test_other_stores_have_their_own(api, anonymous, operator, buy):
    anonymous.get(buy()).close()
    made = operator.post(
        "/stores",
        json={
            "store_name": "Second",
            "store_domain": "second",
            "store_url": "https://second.example",
            "store_email": "second@example.com",
            "postal_code": "1",
            "region": "BY",
            "country": "DE",
        },
    )
    other = made.json["_links"]["self"]["href"]
    assert api.get(f"{other}/statistics").status_code == 404
    assert operator.get(f"{other}/statistics").json["downloads"] == 0
    assert operator.get(PATH).json["downloads"] == 1


# -- the dashboard ------------------------------------------------------------


def test_the_page_of_a_store_is_its_dashboard(api, anonymous, buy, app):
    anonymous.get(buy(order_id="2026-77")).close()
    person = Person(app.test_client())
    person.sign_in(api.token)
    page = person.get("/stores/1").text
    for shown in (
        "Downloads in the last 30 days",
        "Top downloadables",
        "How downloads ended",
        "Newest purchases",
        "Night Song",
        "2026-77",
        "10 kB",
        '<svg class="chart"',
    ):
        assert shown in page, shown
    assert "Your webhook is failing" not in page
    # The numbers of the chart are in a table too.
    assert page.count("<table") >= 4


def test_a_failing_webhook_is_said_first(api, app, installation):
    from sqlalchemy import text

    with installation.database.writing() as tx:
        tx.connection.execute(
            text(
                "UPDATE stores SET webhook_failing_since = 1, "
                "webhook_error = 'It answered 500.' WHERE id = 1"
            )
        )
    person = Person(app.test_client())
    person.sign_in(api.token)
    page = person.get("/stores/1").text
    assert page.index("Your webhook is failing") < page.index("Downloads in the last")
    assert "It answered 500." in page


def test_programs_get_no_dashboard(api, queries):
    document = api.get("/stores/1").json
    assert "fx:sums" not in document.get("_embedded", {})
    assert not [q for q in queries if "download_days" in str(q)]


@pytest.mark.parametrize("group", ["day", "downloadable", "outcome"])
@pytest.mark.parametrize(
    ("first", "last"),
    [
        ("0001-01-01", "9999-12-31"),
        ("9999-12-15", "9999-12-31"),
        ("9999-12-31", "9999-12-31"),
        ("0001-01-01", "0001-01-01"),
    ],
)
def test_the_first_and_the_last_day_there_are(api, anonymous, buy, group, first, last):
    anonymous.get(buy())
    for accept in FORMATS.values():
        path = f"{PATH}?group={group}&from={first}&to={last}"
        assert api.get(path, accept=accept).status_code == 200, accept
    found = api.get(f"{PATH}?group={group}&from={first}&to={last}").json
    assert found["downloads"] == (first == "0001-01-01" and last == "9999-12-31")
