"""Stores: created by operators, sealed from each other."""

import pytest

from app.models import METADATA
from app.services.catalogue import stores
from tests.conftest import Api

STORE = {
    "store_name": "Harbour Sounds",
    "store_domain": "harbour",
    "store_url": "https://harbour.example",
    "store_email": "hello@harbour.example",
    "postal_code": "20457",
    "region": "HH",
    "country": "DE",
    "currency": "EUR",
    "timezone": "Europe/Berlin",
}


@pytest.fixture
def other(operator, app) -> Api:
    """A client of a second store."""
    created = operator.post("/stores", json=STORE).json
    return Api(app.test_client(), created["token"])


def test_an_operator_creates_a_store_and_gets_its_token(operator, app):
    response = operator.post("/stores", json=STORE)
    assert response.status_code == 201
    assert response.headers["Location"] == "http://localhost/stores/2"
    assert response.json["message"] == "store 2 created successfully."
    client = Api(app.test_client(), response.json["token"])
    store = client.get("/stores/2").json
    assert store["store_name"] == "Harbour Sounds"
    assert store["is_active"] is True
    assert store["locale_code"] == "en_US"
    assert store["date_created"][-5:] in {"+0100", "+0200"}


def test_a_store_is_born_with_its_default_category(other):
    page = other.get("/stores/2/item_categories").json
    [category] = page["_embedded"]["fx:item_categories"]
    assert category["code"] == "DEFAULT"
    assert category["name"] == "Default for all products"
    assert page["total_items"] == 1


def test_other_tokens_create_no_store(api, reader):
    for client in (api, reader):
        assert client.post("/stores", json=STORE).status_code == 403


def test_each_token_lists_what_it_sees(api, other, operator):
    def listed(client):
        stores = client.get("/stores").json["_embedded"]["fx:stores"]
        return [store["store_name"] for store in stores]

    assert listed(api) == ["My Store"]
    assert listed(other) == ["Harbour Sounds"]
    assert listed(operator) == ["My Store", "Harbour Sounds"]


def test_all_missing_properties_are_named_at_once(operator):
    response = operator.post("/stores", json={})
    assert response.status_code == 422
    required = set(STORE) - {"currency", "timezone"}
    assert api_errors(operator, response) == dict.fromkeys(required, "required")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("country", "XX"),
        ("country", "de"),
        ("currency", "EURO"),
        ("currency", "ZZZ"),
        ("timezone", "Mars/Base"),
        ("store_url", "ftp://x"),
        ("store_url", "https://user:pw@x"),
        ("store_url", "javascript:alert(1)"),
        ("store_email", "nobody"),
        ("store_name", "x" * 51),
        ("store_name", "bell\x07"),
        ("store_name", None),
        ("store_name", 5),
        ("is_maintenance_mode", "perhaps"),
        ("webhook_url", "/relative"),
    ],
)
def test_a_wrong_value_is_named(api, name, value):
    response = api.patch("/stores/1", json={name: value})
    assert response.status_code == 422, response.text
    assert set(api.errors(response)) == {name}


def test_a_webhook_needs_its_address(api):
    response = api.patch("/stores/1", json={"use_webhook": True})
    assert api.errors(response) == {"webhook_url": "required"}
    assert "when use_webhook is true" in response.text


def test_a_domain_belongs_to_one_store(operator):
    operator.post("/stores", json=STORE)
    assert operator.post("/stores", json=STORE).status_code == 409
    response = operator.patch("/stores/1", json={"store_domain": "harbour"})
    assert response.status_code == 409
    assert "harbour" in response.text


def test_a_put_replaces_and_a_patch_changes(api):
    changed = api.patch("/stores/1", json={"locale_code": "de_DE"}).json
    assert changed["locale_code"] == "de_DE"
    replaced = api.put("/stores/1", json=STORE).json
    assert replaced["locale_code"] == "en_US"
    assert replaced["store_name"] == "Harbour Sounds"


def test_the_time_zone_shows_in_all_dates(api):
    path = f"/downloadables/{api.add()}"
    assert api.get(path).json["date_created"].endswith("+0000")
    api.patch("/stores/1", json={"timezone": "Asia/Tokyo"})
    assert api.get(path).json["date_created"].endswith("+0900")


def test_a_currency_that_is_too_coarse_for_a_price_is_refused(api):
    path = f"/downloadables/{api.add(price='9.95')}"
    response = api.patch("/stores/1", json={"currency": "JPY"})
    assert response.status_code == 409
    assert "1 downloadable has a price with more decimals than JPY" in response.text
    api.patch(path, json={"price": 10})
    assert api.patch("/stores/1", json={"currency": "JPY"}).status_code == 200


def test_deletion_is_offered_only_where_it_would_be_done(operator):
    def offered(path):
        actions = operator.get(f"{path}?format=siren").json["actions"]
        return any(action["class"] == ["delete"] for action in actions)

    assert offered("/stores/1")
    assert offered("/item_categories/2")
    assert not offered("/item_categories/1")
    operator.add()
    assert not offered("/stores/1")
    assert not offered("/item_categories/2")


def test_a_store_that_sells_something_is_not_deleted(operator):
    number = operator.add()
    response = operator.delete("/stores/1")
    assert response.status_code == 409
    assert "1 downloadable;" in response.text
    operator.delete(f"/downloadables/{number}")
    assert operator.delete("/stores/1").status_code == 200
    assert operator.get("/stores/1").status_code == 404


def test_ids_are_never_given_twice(operator):
    operator.post("/stores", json=STORE)
    operator.delete("/stores/2")
    created = operator.post("/stores", json=STORE)
    assert created.headers["Location"].endswith("/stores/3")


class TestSealedStores:
    """Of another store nothing can be seen, changed, used or told from nothing."""

    @pytest.fixture
    def foreign(self, api):
        return {
            "item": f"/downloadables/{api.upload()}",
            "category": "/item_categories/2",
        }

    @pytest.mark.parametrize("method", ["GET", "HEAD", "PATCH", "PUT", "DELETE"])
    @pytest.mark.parametrize("path", ["/stores/1", "/item_categories/2", "item"])
    def test_its_resources_do_not_exist(self, other, foreign, method, path):
        path = foreign.get(path, path)
        number = path.rpartition("/")[2]
        response = other.request(method, path, json={"name": "x"})
        unknown = other.request(
            method, path.replace(f"/{number}", "/999"), json={"name": "x"}
        )
        assert response.status_code == unknown.status_code == 404
        assert told(response, number) == told(unknown, "999")

    @pytest.mark.parametrize(
        "path",
        [
            "/stores/1/item_categories",
            "/stores/1/downloadables",
            "/item_categories/2/downloadables",
            "item/file",
        ],
    )
    def test_its_collections_and_files_do_not_exist(self, other, foreign, path):
        path = path.replace("item/", foreign["item"] + "/")
        assert other.get(path).status_code == 404
        if path.startswith("/stores"):
            assert other.post(path, json={}).status_code == 404

    def test_its_categories_cannot_be_used(self, other, foreign):
        values = {"name": "x", "code": "x", "price": 1}
        for uri in (foreign["category"], "/item_categories/999"):
            response = other.post(
                "/stores/2/downloadables", json={**values, "item_category_uri": uri}
            )
            assert other.errors(response) == {"item_category_uri": "not_found"}

    def test_its_codes_are_free(self, other, foreign):
        created = other.post(
            "/stores/2/item_categories", json={"code": "DOWNLOADS", "name": "x"}
        )
        assert created.status_code == 201
        assert foreign


def told(response, number):
    """What an answer tells, without its date and the id that was asked for."""
    text = response.text.replace(f"/{number}", "/N")
    start = text.find('"message"')
    return text[start:], response.content_type


def api_errors(client, response):
    return client.errors(response)


# -- nothing of other stores ------------------------------------------------------


def test_a_domain_that_another_store_has_is_answered_like_a_free_one(api, operator):
    operator.post("/stores", json=STORE)
    taken = api.patch("/stores/1", json={"store_domain": STORE["store_domain"]})
    free = api.patch("/stores/1", json={"store_domain": "free"})
    assert taken.status_code == free.status_code == 200
    assert taken.json["store_domain"] == STORE["store_domain"]


@pytest.mark.parametrize("query", ["", "?zoom=downloadables", "?search=a", "?limit=0"])
def test_the_tag_of_the_stores_tells_nothing_of_the_others(api, operator, app, query):
    path = f"/stores{query}"
    before, seen = api.get(path), operator.get(path)
    made = operator.post("/stores", json=STORE).json
    other = Api(app.test_client(), made["token"])
    href = made["_links"]["self"]["href"]
    other.patch(href, json={"store_name": "Renamed"})
    values = {"name": "A", "code": "a", "price": 1, "item_category_id": 3}
    other.post(f"{href}/downloadables", json=values)
    again = api.get(path)
    assert again.headers["ETag"] == before.headers["ETag"]
    assert again.data == before.data
    assert operator.get(path).headers["ETag"] != seen.headers["ETag"]
    api.patch("/stores/1", json={"store_name": "Mine"})
    assert api.get(path).headers["ETag"] != before.headers["ETag"]


@pytest.mark.parametrize(
    "path",
    [
        "/stores/1?zoom=downloadables",
        "/stores/1/downloadables?zoom=item_category,store",
        "/stores/1/downloadables?item_category:code=DOWNLOADS",
        "/stores/1/item_categories?zoom=downloadables",
        "/stores/1/tokens",
        "/stores/1/open_uploads",
    ],
)
def test_the_tag_of_a_page_tells_nothing_of_other_stores(api, operator, app, path):
    api.get("/stores/1")
    before = api.get(path)
    made = operator.post("/stores", json=STORE).json
    other = Api(app.test_client(), made["token"])
    href = made["_links"]["self"]["href"]
    values = {"code": "X", "name": "X", "item_delivery_type": "notshipped"}
    assert other.post(f"{href}/item_categories", json=values).status_code == 201
    other.post(f"{href}/upload_url")
    assert api.get(path).headers["ETag"] == before.headers["ETag"]


GO_WITH_THE_STORE = {
    *("item_categories", "attributes", "tokens", "authorization_codes"),
    *("oauth_clients", "upload_slots", "webhook_deliveries", "collection_states"),
    *("user_roles", "download_days", "refusal_days"),
    *("store_days", "download_months"),
}
GO_WITH_A_DOWNLOADABLE = {
    *("files", "offers", "translations", "downloadable_purchases", "downloads"),
}


def test_what_becomes_of_each_table_is_decided_when_a_store_is_deleted():
    owned = {table.name for table in METADATA.tables.values() if "store_id" in table.c}
    blocking = {
        str(found)
        for statement, _ in stores._CONTENTS
        for found in statement.select.get_final_froms()
    }
    assert owned == blocking | GO_WITH_THE_STORE | GO_WITH_A_DOWNLOADABLE
