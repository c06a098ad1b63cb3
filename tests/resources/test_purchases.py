"""What customers bought: granted once for an order, within limits, and revoked."""

import pytest

from tests.conftest import FORMATS, Api

PATH = "/stores/1/downloadable_purchases"


@pytest.fixture
def item(api):
    return api.upload(b"0123456789")


@pytest.fixture
def buy(api, item):
    def bought(**values):
        response = api.post(PATH, json={"downloadable_id": item, **values})
        assert response.status_code in {200, 201}, response.text
        return response

    return bought


def link(response):
    return response.json["_links"]["fx:download_url"]["href"]


@pytest.mark.parametrize("accept", FORMATS.values())
def test_a_purchase_is_granted_in_every_format(api, item, accept):
    response = api.post(PATH, json={"downloadable_id": item}, accept=accept)
    assert response.status_code == 201, response.text
    again = api.get(response.headers["Location"], accept=accept)
    assert again.status_code == 200


def test_the_limits_are_those_of_when_it_was_bought(api, item, buy):
    first = buy().json
    assert (first["max_downloads"], first["download_window_hours"]) == (3, 24)
    assert first["number_of_downloads"] == 0
    assert first["first_download_time"] is None
    values = {"max_downloads_per_customer": 5, "max_downloads_time_period": 0}
    assert api.patch(f"/downloadables/{item}", json=values).status_code == 200
    second = buy().json
    assert (second["max_downloads"], second["download_window_hours"]) == (5, 0)
    self = first["_links"]["self"]["href"]
    assert api.get(self).json["max_downloads"] == 3
    # What is set to null is taken anew.
    assert api.patch(self, json={"max_downloads": None}).json["max_downloads"] == 5


def test_an_order_has_a_downloadable_once(api, item, buy):
    first, again = buy(order_id="a-1"), buy(order_id="a-1", quantity=7)
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.headers["Location"] == first.headers["Location"]
    assert again.json["quantity"] == 1
    assert "is there already" in again.json["message"]
    other = buy(order_id="a-2")
    assert other.status_code == 201
    taken = api.patch(other.headers["Location"], json={"order_id": "a-1"})
    assert taken.status_code == 409
    assert api.errors(taken) == {"order_id": "taken"}
    # Without an order, each is one of its own.
    assert buy().status_code == buy().status_code == 201
    assert api.get(PATH).json["total_items"] == 4


@pytest.mark.parametrize(
    ("values", "errors"),
    [
        ({}, {"downloadable_uri": "required"}),
        ({"downloadable_id": 99}, {"downloadable_uri": "not_found"}),
        ({"quantity": 0}, {"quantity": "too_small"}),
        ({"expires_at": "tomorrow"}, {"expires_at": "not_a_date"}),
        ({"expires_at": "2027-01-01"}, {"expires_at": "not_a_date"}),
        ({"version_uri": "http://localhost/versions/9"}, {"version_uri": "not_found"}),
        ({"download_passcode": "mine"}, {}),
    ],
)
def test_what_is_wrong_is_named(api, item, values, errors):
    sent = {"downloadable_id": item, **values} if values else {}
    response = api.post(PATH, json=sent)
    if errors:
        assert response.status_code == 422
        assert api.errors(response) == errors
    else:
        # Read only, and so left aside.
        assert response.json["download_passcode"] != "mine"


def test_another_store_buys_nothing_here(api, operator, item):
    from tests.conftest import OTHER_STORE, Api

    made = operator.post("/stores", json=OTHER_STORE).json
    other = Api(api.client, made["token"])
    store = made["_links"]["self"]["href"]
    response = other.post(
        f"{store}/downloadable_purchases", json={"downloadable_id": item}
    )
    assert response.status_code == 422
    bought = api.post(PATH, json={"downloadable_id": item}).headers["Location"]
    for path in (bought, f"{bought}/downloads", f"{bought}/signed_url"):
        assert other.get(path).status_code in {404, 405}
        assert other.post(path).status_code in {404, 405}


def test_what_was_bought_stays(api, item, buy):
    made = buy().headers["Location"]
    answer = api.delete(f"/downloadables/{item}")
    assert answer.status_code == 409
    assert "archive it instead" in answer.text
    siren = api.get(f"/downloadables/{item}", accept=FORMATS["siren"]).json
    assert "delete-downloadable" not in [a["name"] for a in siren["actions"]]
    assert api.get(PATH).json["total_items"] == 1
    assert api.delete(made).status_code == 200
    assert api.get(PATH).json["total_items"] == 0
    assert api.delete(f"/downloadables/{item}").status_code == 200


def test_what_was_bought_is_not_changed_into_something_else(api, item, buy):
    made = buy().headers["Location"]
    other = api.add(code="other")
    answer = api.patch(made, json={"downloadable_id": other})
    assert api.errors(answer) == {"downloadable_uri": "fixed"}


@pytest.mark.parametrize("suffix", ["", "/reset_usage"])
def test_usage_is_reset_both_ways(api, anonymous, buy, suffix):
    made = buy(max_downloads=1)
    href = made.headers["Location"]
    assert anonymous.get(link(made)).status_code == 200
    assert api.get(href).json["number_of_downloads"] == 1
    answer = api.post(href + suffix)
    assert answer.status_code == 200
    assert answer.json["number_of_downloads"] == 0
    assert answer.json["first_download_time"] is None
    # What was under way is over: the next one counts.
    assert anonymous.get(link(made)).status_code == 200
    assert api.get(href).json["number_of_downloads"] == 1


def test_siren_offers_what_a_client_may_do(api, buy):
    made = buy().headers["Location"]
    siren = api.get(made, accept=FORMATS["siren"]).json
    actions = {a["name"]: (a["method"], a["href"]) for a in siren["actions"]}
    assert actions["reset-usage"] == ("POST", made)
    method, href = actions["create-signed-url"]
    signed = api.request(method, href, json={"expires_in": 60})
    assert signed.status_code == 201
    assert signed.json["signed_url"].startswith("http://localhost/dl?p=")


def test_purchases_are_found(api, item, buy):
    buy(order_id="o-1", customer_email="ada@example.com", customer_id="7")
    buy(order_id="o-2", customer_email="bob@example.com")
    for query, orders in (
        ("order_id=o-1", ["o-1"]),
        ("customer_email=bob*", ["o-2"]),
        ("customer_id=7", ["o-1"]),
        ("search=ADA", ["o-1"]),
        ("downloadable:code=unicorn&order=order_id desc", ["o-2", "o-1"]),
        ("is_active=false", []),
    ):
        page = api.get(f"{PATH}?{query}&zoom=downloadable").json
        found = page["_embedded"]["fx:downloadable_purchases"]
        assert [p["order_id"] for p in found] == orders
    mine = api.get(f"/downloadables/{item}/downloadable_purchases").json
    assert mine["total_items"] == 2


def test_a_download_is_no_change_of_what_a_merchant_edits(api, anonymous, item, buy):
    made = buy()
    href = made.headers["Location"]
    tags = {
        path: api.get(path).headers["ETag"] for path in (href, f"/downloadables/{item}")
    }
    pages = {path: api.get(path).data for path in (PATH, "/stores/1/downloadables")}
    assert anonymous.get(link(made)).status_code == 200
    for path, tag in tags.items():
        shown = api.get(path, headers={"If-None-Match": tag})
        assert shown.status_code == 200
        assert shown.json["number_of_downloads"] == 1
        changed = api.patch(path, json={}, headers={"If-Match": tag})
        assert changed.status_code == 200
    for path, page in pages.items():
        assert api.get(path).data != page


def test_one_customer_can_get_a_file_from_elsewhere(api):
    item = api.upload()
    url = "https://cdn.example/for-one.zip"
    made = api.post(PATH, json={"downloadable_id": item, "url": url})
    assert made.json["url"] == url
    link = made.json["_links"]["fx:download_url"]["href"]
    answer = Api(api.client, None).get(link)
    assert (answer.status_code, answer.headers["Location"]) == (302, url)
    href = made.headers["Location"]
    assert api.get(href).json["number_of_downloads"] == 1
    pinned = api.get(f"/downloadables/{item}/versions").json["_embedded"]["fx:versions"]
    version = pinned[0]["_links"]["self"]["href"]
    both = api.patch(href, json={"version_uri": version})
    assert api.errors(both) == {"url": "exclusive"}
    assert api.patch(href, json={"url": None}).json["url"] is None
    assert Api(api.client, None).get(link).status_code == 200


def test_a_file_that_one_customer_alone_has_needs_no_name(api):
    item = api.add()
    values = {"downloadable_id": item, "url": "https://cdn.example/a.zip"}
    made = api.post(PATH, json=values).json
    listed = Api(api.client, None).get(made["_links"]["fx:purchased_files"]["href"])
    [file] = listed.json["_embedded"]["fx:purchased_files"]
    assert (file["title"], file["alt"]) == ("", "")
