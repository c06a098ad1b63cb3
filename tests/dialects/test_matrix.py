"""What is made in one dialect, or in hypermedia, is seen in each of the others."""

import base64
import hashlib
import io
from dataclasses import dataclass

import pytest

from tests.conftest import Api

CONTENT = b"la la la"
LIMIT = 2


@dataclass
class Shop:
    """A store as a client of one system sees it."""

    api: Api

    def json(self, method, path, **options):
        answer = self.api.request(method, path, **options)
        assert answer.status_code in {200, 201, 204}, answer.text
        return answer.json

    def uuid(self, item):
        return self.json("GET", f"/downloadables/{item}")["uuid"]

    def item(self, uuid):
        query = {"uuid": uuid}
        page = self.json("GET", "/stores/1/downloadables", query_string=query)
        [found] = page["_embedded"]["fx:downloadables"]
        return int(found["_links"]["self"]["href"].rpartition("/")[2])


class Hypermedia(Shop):
    def make(self):
        """Make a product with a file; give its id in hypermedia."""
        data = {
            "name": "Song",
            "code": "song",
            "price": "3",
            "item_category_id": "2",
            "max_downloads_per_customer": str(LIMIT),
            "file": (io.BytesIO(CONTENT), "song.mp3"),
        }
        made = self.json("POST", "/stores/1/downloadables", data=data)
        return int(made["_links"]["self"]["href"].rpartition("/")[2])

    def seen(self, item):
        """Give name, price, and the file's name and size, as far as they are shown."""
        shown = self.json("GET", f"/downloadables/{item}")
        assert shown["max_downloads_per_customer"] == LIMIT
        return {
            "name": shown["name"],
            "price": shown["price"],
            "file": shown["file_name"],
            "size": shown["file_size"],
        }

    def grant(self, item):
        """Let somebody buy it; give the id of the purchase."""
        bought = {"downloadable_id": item, "order_id": "7", "customer_id": "ada"}
        made = self.json("POST", "/stores/1/downloadable_purchases", json=bought)
        return int(made["_links"]["self"]["href"].rpartition("/")[2])


class SureCart(Shop):
    base = "/surecart/v1"

    def make(self):
        # Products are only read there.
        values = {
            "name": "Song",
            "code": "song",
            "price": 3,
            "item_category_id": 2,
            "max_downloads_per_customer": LIMIT,
        }
        made = self.json("POST", "/stores/1/downloadables", json=values)
        digest = hashlib.md5(CONTENT, usedforsecurity=False).digest()
        blob = {
            "filename": "song.mp3",
            "byte_size": len(CONTENT),
            "checksum": base64.b64encode(digest).decode(),
        }
        slot = self.json(
            "POST", f"{self.base}/direct_upload/private", json={"blob": blob}
        )
        self.json("PUT", slot["direct_upload"]["url"], data=CONTENT)
        media = {"media": {"direct_upload_signed_id": slot["signed_id"]}}
        media = self.json("POST", f"{self.base}/medias", json=media)
        download = {"product": made["uuid"], "media": media["id"]}
        self.json("POST", f"{self.base}/downloads", json={"download": download})
        return self.item(made["uuid"])

    def seen(self, item):
        uuid = self.uuid(item)
        query = {"product_ids[]": uuid, "expand[]": ["media", "product"]}
        page = self.json("GET", f"{self.base}/downloads", query_string=query)
        [download] = page["data"]
        product, media = download["product"], download["media"]
        return {
            "name": product["name"],
            "price": product["metrics"]["min_price_amount"] / 100,
            "file": media["filename"],
            "size": media["byte_size"],
        }


class EasyCart(Shop):
    def seen(self, item):
        made = self.json("POST", "/easycart/downloads", json={"product_id": item})
        name = made["download_file_name"]
        self.json("DELETE", f"/easycart/downloads/{made['download_id']}")
        return {"file": name}

    def grant(self, item):
        bought = {"product_id": item, "order_id": 7}
        made = self.json("POST", "/easycart/downloads", json=bought)
        return int(made["download_id"])


class Zid(Shop):
    path = "/zid/v1/products/"

    def make(self):
        product = {
            "product_class": "downloadable",
            "name": {"en": "Song"},
            "price": 3,
            "meta": {"download_limit": LIMIT},
        }
        made = self.json("POST", self.path, json=product)
        files = f"{self.path}{made['id']}/downloadables/"
        slot = self.json("POST", f"{files}generate-s3-presigned-url/", json={})
        form = {**slot["fields"], "file": (io.BytesIO(CONTENT), "song.mp3")}
        self.json("POST", slot["url"], data=form)
        self.json("POST", files, json={"key": slot["fields"]["key"]})
        return self.item(made["id"])

    def seen(self, item):
        one = f"{self.path}{self.uuid(item)}/"
        product = self.json("GET", one)
        assert product["meta"]["download_limit"] == LIMIT
        [file] = self.json("GET", f"{one}downloadables/")["results"]
        return {
            "name": product["name"]["en"],
            "price": product["price"],
            "file": file["file"]["meta"]["name"],
            "size": file["file"]["meta"]["size"],
        }


MAKERS, READERS = (Hypermedia, SureCart, Zid), (Hypermedia, SureCart, EasyCart, Zid)
GRANTERS = (Hypermedia, EasyCart)


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("maker", MAKERS)
def test_a_product_made_in_one_is_seen_in_the_other(api, maker, reader):
    item = maker(api).make()
    seen = reader(api).seen(item)
    whole = {"name": "Song", "price": 3, "file": "song.mp3", "size": len(CONTENT)}
    assert seen == {name: whole[name] for name in seen}
    assert "file" in seen


@pytest.mark.parametrize("granter", GRANTERS)
@pytest.mark.parametrize("maker", MAKERS)
@pytest.mark.parametrize("settings", [{"download_session_minutes": 0}])
def test_limits_set_in_one_hold_for_what_is_granted_in_the_other(
    api, anonymous, maker, granter
):
    item = maker(api).make()
    number = granter(api).grant(item)
    purchase = api.get(f"/downloadable_purchases/{number}").json
    assert purchase["max_downloads"] == LIMIT
    link = purchase["_links"]["fx:download_url"]["href"]
    for _ in range(LIMIT):
        assert anonymous.get(link).data == CONTENT
    assert anonymous.get(link).status_code == 410
    shown = api.get(f"/easycart/downloads/{number}").json
    assert shown["download_count"] == LIMIT
    uuid = api.get(f"/downloadables/{item}").json["uuid"]
    assert api.get(f"/zid/v1/products/{uuid}/").json["sold_products_count"] == 1


@pytest.mark.parametrize("maker", MAKERS)
def test_what_a_customer_bought_is_exposed(api, anonymous, maker):
    item = maker(api).make()
    Hypermedia(api).grant(item)
    page = api.get("/surecart/v1/medias").json["data"]
    media = next(one for one in page if one["filename"] == "song.mp3")
    path = f"/surecart/v1/customers/ada/expose/{media['id']}"
    assert anonymous.get(api.get(path).json["url"]).data == CONTENT


@pytest.mark.parametrize("maker", MAKERS)
def test_what_is_deleted_in_one_is_gone_in_all(api, maker):
    item = maker(api).make()
    uuid = api.get(f"/downloadables/{item}").json["uuid"]
    assert api.delete(f"/zid/v1/products/{uuid}/").status_code == 204
    assert api.get(f"/downloadables/{item}").status_code == 404
    assert api.get(f"/surecart/v1/products/{uuid}").status_code == 404
    assert api.get("/surecart/v1/downloads").json["data"] == []
    refused = api.post("/easycart/downloads", json={"product_id": item})
    assert refused.status_code == 422
