"""A client of WP EasyCart, pointed here: the same purchases, in its words."""

import base64
import io
import re

import pytest

from app import create_app
from tests import storages
from tests.conftest import Api, settings_for

PATH = "/easycart/downloads"
KEYS = [
    "download_id",
    "date_created",
    "product_id",
    "order_id",
    "download_count",
    "download_file_name",
    "is_amazon",
    "amazon_key",
]


@pytest.fixture
def item(api):
    return api.upload(b"one", "one.zip")


@pytest.fixture
def add(api, item):
    def added(**values):
        answer = api.post(PATH, json={"product_id": item, **values})
        assert answer.status_code == 200, answer.text
        return answer.json

    return added


def params(answer):
    assert answer.headers["Content-Type"].startswith("application/json")
    assert answer.json["data"]["status"] == answer.status_code
    return set(answer.json["data"].get("params", {}))


def test_the_sample_of_the_reference_is_answered_alike(api, item):
    """Ids and the file's name are replaced; the file is where our files are."""
    sample = {
        "product_id": item,
        "order_id": 0,
        "download_count": 0,
        "download_file_name": "one.zip",
    }
    made = api.post(PATH, json=sample)
    assert made.status_code == 200
    assert list(made.json) == KEYS
    assert {name: made.json[name] for name in sample} == sample
    assert re.fullmatch("[0-9a-zA-Z]+", made.json["download_id"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", made.json["date_created"])
    assert made.json["is_amazon"] is storages.is_s3()
    assert bool(made.json["amazon_key"]) is storages.is_s3()
    one = f"{PATH}/{made.json['download_id']}"
    assert api.get(one).json == made.json
    assert api.get(PATH).json == [made.json]
    gone = api.delete(one)
    assert (gone.status_code, gone.json) == (200, made.json)
    assert api.get(one).status_code == 404
    assert api.get(PATH).json == []


def test_what_is_made_in_one_is_seen_in_the_other(api, item, add):
    made = add(order_id=77)
    href = f"/downloadable_purchases/{made['download_id']}"
    purchase = api.get(href).json
    assert (purchase["order_id"], purchase["number_of_downloads"]) == ("77", 0)
    guest = Api(api.client, None)
    assert guest.get(purchase["_links"]["fx:download_url"]["href"]).data == b"one"
    assert api.get(f"{PATH}/{made['download_id']}").json["download_count"] == 1
    theirs = {"downloadable_id": item, "order_id": "A-5"}
    api.post("/stores/1/downloadable_purchases", json=theirs)
    listed = api.get(PATH).json
    assert [one["order_id"] for one in listed] == [77, 0]


def test_an_object_of_the_bucket_can_be_registered(data_dir):
    """It is copied: what was sold does not change when the object does."""
    url = storages.s3_url(data_dir / "registered")
    app = create_app(settings_for(data_dir, storage_url=url))
    installation = app.extensions["sirenhall"]
    api, prefix = (
        Api(app.test_client(), installation.starter_token),
        url.partition("?")[0],
    )
    prefix = prefix.rpartition("/")[2]
    bucket = storages.client()
    for name in ("inbox/1/song.mp3", "inbox/2/theirs.mp3", "elsewhere.mp3"):
        bucket.put_object(Bucket=storages.BUCKET, Key=f"{prefix}/{name}", Body=b"la")
    item = api.upload(b"one", "one.zip")
    key = f"{prefix}/inbox/1/song.mp3"
    made = api.post(PATH, json={"product_id": item, "amazon_key": key})
    assert made.status_code == 200, made.text
    assert made.json["is_amazon"] is True
    assert made.json["download_file_name"] == "song.mp3"
    assert made.json["amazon_key"].startswith(f"{prefix}/blobs/")
    bucket.delete_object(Bucket=storages.BUCKET, Key=key)
    href = f"/downloadable_purchases/{made.json['download_id']}"
    link = api.get(href).json["_links"]["fx:download_url"]["href"]
    answer = Api(api.client, None).get(link)
    assert (answer.data, answer.headers["Content-Type"]) == (b"la", "audio/mpeg")
    # The others still get what they bought.
    assert api.get(f"/downloadables/{item}").json["file_name"] == "one.zip"
    assert (
        api.patch(f"{PATH}/{made.json['download_id']}", json=made.json).json
        == made.json
    )
    for name in (
        "inbox/2/theirs.mp3",
        "elsewhere.mp3",
        "inbox/1/../2/theirs.mp3",
        "inbox/1/",
        "inbox/1//song.mp3",
        "inbox/1/nothing",
        made.json["amazon_key"].removeprefix(f"{prefix}/").replace("blobs", "partial"),
    ):
        refused = api.post(
            PATH, json={"product_id": item, "amazon_key": f"{prefix}/{name}"}
        )
        assert (refused.status_code, params(refused)) == (422, {"amazon_key"}), name
    assert len(api.get(PATH).json) == 1
    bucket.close()
    installation.close()


def test_limits_are_those_of_the_product(api, item, add):
    api.patch(f"/downloadables/{item}", json={"max_downloads_per_customer": 2})
    made = add(order_id=1)
    href = f"/downloadable_purchases/{made['download_id']}"
    purchase = api.get(href).json
    assert purchase["max_downloads"] == 2
    link = purchase["_links"]["fx:download_url"]["href"]
    answer = api.patch(f"{PATH}/{made['download_id']}", json={"download_count": 2})
    assert answer.json["download_count"] == 2
    assert Api(api.client, None).get(link).status_code == 410
    api.patch(f"{PATH}/{made['download_id']}", json={"download_count": 0})
    assert Api(api.client, None).get(link).status_code == 200


def test_an_order_has_a_product_once(add):
    assert add(order_id=5) == add(order_id=5)
    assert add()["download_id"] != add()["download_id"]


def test_the_file_of_one_download_can_be_another(api, item, add):
    api.put(f"/downloadables/{item}/file", data=b"two")
    api.patch(
        f"/downloadables/{item}",
        data={"file": (io.BytesIO(b"three"), "three.zip")},
    )
    made = add()
    assert made["download_file_name"] == "three.zip"
    one = f"{PATH}/{made['download_id']}"
    changed = api.patch(one, json={"download_file_name": "one.zip"})
    assert changed.json["download_file_name"] == "one.zip"
    link = api.get(f"/downloadable_purchases/{made['download_id']}").json["_links"]
    guest = Api(api.client, None)
    # The newest of that name.
    assert guest.get(link["fx:download_url"]["href"]).data == b"two"


def test_an_external_file_shows_its_address(api, add, item):
    url = "https://cdn.example/one.zip"
    api.patch(f"/downloadables/{item}", json={"url": url})
    assert add()["download_file_name"] == url


def test_one_download_can_get_a_file_from_elsewhere(api, add, item):
    made, other = add(), add()
    url = "https://cdn.example/for-one.zip"
    one = f"{PATH}/{made['download_id']}"
    assert api.patch(one, json={"download_file_name": url}).json == {
        **made,
        "download_file_name": url,
        "is_amazon": False,
        "amazon_key": "",
    }
    purchase = api.get(f"/downloadable_purchases/{made['download_id']}").json
    assert purchase["url"] == url
    answer = Api(api.client, None).get(purchase["_links"]["fx:download_url"]["href"])
    assert (answer.status_code, answer.headers["Location"]) == (302, url)
    assert api.get(f"{PATH}/{other['download_id']}").json == other
    back = api.patch(one, json={"download_file_name": "one.zip"}).json
    assert back["download_file_name"] == "one.zip"
    wrong = api.patch(one, json={"download_file_name": "https://"})
    assert params(wrong) == {"download_file_name"}


def test_lists_are_paged_sorted_and_searched(api, add):
    for number in (3, 1, 2):
        add(order_id=number, download_count=number)

    def orders(**query):
        answer = api.get(PATH, query_string=query)
        assert answer.status_code == 200, answer.text
        return [one["order_id"] for one in answer.json]

    assert orders() == [3, 1, 2]
    assert orders(page=2, perpage=2) == [2]
    assert orders(sortby="download_count") == [1, 2, 3]
    assert orders(sortby="download_count", sortdir="desc") == [3, 2, 1]
    assert orders(search="2") == [2]
    assert orders(page=9) == []


@pytest.mark.parametrize(
    ("query", "wrong"),
    [
        ({"page": 0}, {"page"}),
        ({"perpage": "x"}, {"perpage"}),
        ({"sortby": "price"}, {"sortby"}),
        ({"sortdir": "up"}, {"sortdir"}),
        ({"limit": 5}, {"limit"}),
    ],
)
def test_a_query_that_is_wrong_is_explained(api, query, wrong):
    answer = api.get(PATH, query_string=query)
    assert answer.status_code == 400
    assert params(answer) == wrong


@pytest.mark.parametrize(
    ("values", "status", "wrong"),
    [
        ({}, 422, {"product_id"}),
        ({"product_id": 999}, 422, {"product_id"}),
        ({"product_id": "x"}, 422, {"product_id"}),
        ({"order_id": -1}, 422, {"order_id"}),
        ({"download_count": -1}, 422, {"download_count"}),
        ({"download_count": 1.5}, 422, {"download_count"}),
        ({"colour": "red"}, 422, {"colour"}),
        ({"download_file_name": "none.zip"}, 422, {"download_file_name"}),
        ({"amazon_key": "somewhere/else"}, 422, {"amazon_key"}),
    ],
)
def test_a_body_that_is_wrong_leaves_nothing(api, item, values, status, wrong):
    if values and "product_id" not in values:
        values = {"product_id": item, **values}
    answer = api.post(PATH, json=values)
    assert answer.status_code == status
    assert params(answer) == wrong
    assert api.get(PATH).json == []


def test_a_product_stays_what_was_bought(api, add, item):
    made = add()
    answer = api.patch(f"{PATH}/{made['download_id']}", json={"product_id": item + 1})
    assert params(answer) == {"product_id"}
    same = api.patch(f"{PATH}/{made['download_id']}", json={"product_id": item})
    assert same.status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", f"{PATH}/999", 404),
        ("GET", f"{PATH}/abc", 404),
        ("GET", f"{PATH}/{'9' * 40}", 404),
        ("GET", "/easycart/nothing", 404),
        ("PUT", PATH, 405),
        ("POST", PATH, 400),
    ],
)
def test_errors_have_the_shape_of_wordpress(api, method, path, status):
    options = {"data": b"{", "content_type": "application/json"}
    answer = api.request(method, path, **(options if method == "POST" else {}))
    assert answer.status_code == status
    assert set(answer.json) == {"code", "message", "data"}
    assert params(answer) == set()


def pair(text):
    return base64.b64encode(text.encode()).decode()


class TestCredentials:
    """The reference's Bearer, which is Base64 of a pair, and Basic, which reads."""

    def request(self, api, method, authorization, path=PATH, **options):
        headers = {"Authorization": authorization} if authorization else {}
        return Api(api.client, None).request(method, path, headers=headers, **options)

    def test_each_form_is_taken(self, api, item):
        token = api.token
        for sent in (
            f"Bearer {token}",
            f"Bearer {pair(f'user:{token}')}",
            f"Basic {pair(f'anybody:{token}')}",
        ):
            assert self.request(api, "GET", sent).status_code == 200
            test = self.request(api, "POST", sent, "/easycart/authenticate/test")
            assert (test.status_code, test.json) == (200, {"authenticated": True})
        body = {"json": {"product_id": item}}
        assert self.request(api, "POST", f"Bearer {token}", **body).status_code == 200
        basic = self.request(api, "POST", f"Basic {pair(f'a:{token}')}", **body)
        assert basic.status_code == 403

    @pytest.mark.parametrize(
        "sent",
        [None, "Bearer", "Bearer wrong", "Basic !!", "Basic d3Jvbmc=", "Digest x"],
    )
    def test_others_are_refused(self, api, sent):
        for path in (PATH, "/easycart/authenticate/test"):
            method = "GET" if path == PATH else "POST"
            answer = self.request(api, method, sent, path)
            assert answer.status_code == 401
            assert answer.json["code"] == "rest_invalid_token"

    def test_who_may_only_read_only_reads(self, reader, item):
        assert reader.get(PATH).status_code == 200
        assert reader.post(PATH, json={"product_id": item}).status_code == 403

    def test_a_token_is_for_one_store(self, operator):
        assert operator.get(PATH).status_code == 403

    def test_another_store_sees_nothing(self, api, operator, add):
        from tests.conftest import OTHER_STORE

        made = add()
        other = operator.post("/stores", json=OTHER_STORE).json["token"]
        theirs = Api(api.client, other)
        assert theirs.get(PATH).json == []
        assert theirs.get(f"{PATH}/{made['download_id']}").status_code == 404
        bought = {"product_id": made["product_id"]}
        assert theirs.post(PATH, json=bought).status_code == 422
