"""A client of SureCart, pointed here: the same files, in its words."""

import base64
import hashlib
import re
import time

import pytest

from tests.conftest import OTHER_STORE, Api, blobs

BASE = "/surecart/v1"
PATH = f"{BASE}/downloads"
UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
NOBODY = "3668c771-7538-4adf-ac71-328b81b63222"
# The answer of the sample, its ids and times aside.
SAMPLE = {
    "id": "cd13e33f-95e4-48fd-838f-28c8c65d4828",
    "object": "download",
    "alt": None,
    "archived": False,
    "archived_at": None,
    "name": None,
    "title": None,
    "url": None,
    "media": "3668c771-7538-4adf-ac71-328b81b63222",
    "product": "608aeae7-52c1-4e7c-a902-603f33f589af",
    "variant": None,
    "created_at": 1778010876,
    "updated_at": 1778010876,
}
BODY = """
{
  "download": {
    "media": "%s",
    "product": "%s"
  }
}
"""


@pytest.fixture
def product(api):
    item = api.add(code="album")
    return api.get(f"/downloadables/{item}").json["uuid"]


@pytest.fixture
def item(api, product):
    page = api.get("/stores/1/downloadables", query_string={"uuid": product}).json
    return page["_embedded"]["fx:downloadables"][0]["_links"]["self"]["href"]


@pytest.fixture
def upload(api, anonymous):
    def uploaded(content=b"song", name="song.mp3", **values):
        blob = {
            "filename": name,
            "content_type": "audio/mpeg",
            "byte_size": len(content),
            "checksum": checksum(content),
        }
        slot = api.post(f"{BASE}/direct_upload/private", json={"blob": blob})
        assert slot.status_code == 200, slot.text
        direct = slot.json["direct_upload"]
        put = anonymous.put(direct["url"], data=content, headers=direct["headers"])
        assert put.status_code == 200, put.text
        media = {"direct_upload_signed_id": slot.json["signed_id"], **values}
        made = api.post(f"{BASE}/medias", json={"media": media})
        assert made.status_code == 200, made.text
        return made.json

    return uploaded


@pytest.fixture
def add(api, product):
    def added(**values):
        made = api.post(PATH, json={"download": {"product": product, **values}})
        assert made.status_code == 200, made.text
        return made.json

    return added


@pytest.fixture
def other_api(app, operator):
    made = operator.post("/stores", json=OTHER_STORE)
    return Api(app.test_client(), made.json["token"])


def checksum(content):
    digest = hashlib.md5(content, usedforsecurity=False).digest()
    return base64.b64encode(digest).decode()


def refused(answer, status, attributes):
    """Hold an error to its envelope."""
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"].startswith("application/json")
    error = answer.json
    assert list(error) == [
        "http_status",
        "type",
        "code",
        "message",
        "validation_errors",
    ]
    assert error["message"]
    for entry in error["validation_errors"]:
        assert list(entry) == ["attribute", "type", "code", "message", "options"]
    return {e["attribute"]: e["type"] for e in error["validation_errors"]} == attributes


# -- downloads -----------------------------------------------------------------------


def test_the_sample_of_the_reference_is_answered_alike(api, product, upload):
    media = upload()["id"]
    before = int(time.time())
    answer = api.post(
        PATH,
        data=BODY % (media, product),
        headers={"Content-Type": "application/json"},
    )
    assert answer.status_code == 200
    made = answer.json
    assert list(made) == list(SAMPLE)
    same = {"object", "alt", "archived", "archived_at", "name", "title", "url"}
    assert {n: made[n] for n in same} == {n: SAMPLE[n] for n in same}
    assert (made["media"], made["product"], made["variant"]) == (media, product, None)
    assert re.fullmatch(UUID, made["id"])
    assert before <= made["created_at"] == made["updated_at"] <= time.time()
    one = f"{PATH}/{made['id']}"
    assert api.get(one).json == made
    page = api.get(PATH).json
    assert page == {
        "object": "list",
        "pagination": {"count": 1, "limit": 20, "page": 1, "url": PATH},
        "data": [made],
    }
    gone = api.delete(one)
    deleted = {"id": made["id"], "object": "download", "deleted": True}
    assert (gone.status_code, gone.json) == (200, deleted)
    assert refused(api.get(one), 404, {})
    assert api.get(one).json["code"] == "download.not_found"


def test_what_is_made_in_one_is_seen_in_the_other(api, item, upload, add):
    made = add(media=upload()["id"], name="The song", alt="A song")
    shown = api.get(item).json
    assert (shown["file_name"], shown["version"]) == ("song.mp3", 1)
    [file] = api.get(f"{item}/files").json["_embedded"]["fx:files"]
    assert (file["uuid"], file["name"], file["alt"]) == (
        made["id"],
        "The song",
        "A song",
    )
    api.put(f"{item}/file", data=b"louder")
    again = api.get(f"{PATH}/{made['id']}").json
    assert again["media"] != made["media"]
    media = api.get(f"{BASE}/medias/{again['media']}").json
    assert (media["filename"], media["byte_size"]) == ("song.mp3", 6)


def test_a_product_has_several_downloads(api, item, upload, add):
    first = add(media=upload()["id"])
    second = add(media=upload(b"words", "words.txt")["id"])
    third = add(url="https://cdn.example/score.pdf", name="Score")
    assert (third["media"], third["url"]) == (None, "https://cdn.example/score.pdf")
    files = api.get(f"{item}/files").json["_embedded"]["fx:files"]
    assert [file["uuid"] for file in files] == [
        made["id"] for made in (first, second, third)
    ]
    assert [file["is_main"] for file in files] == [True, False, False]


def test_a_media_can_be_used_more_than_once(api, upload, add):
    media = upload()["id"]
    assert add(media=media)["media"] == add(media=media)["media"] == media
    other = api.add(code="other")
    uuid = api.get(f"/downloadables/{other}").json["uuid"]
    assert add(media=media, product=uuid)["media"] == media
    assert api.get(f"/downloadables/{other}/file").data == b"song"


def test_a_form_is_read_too(api, product, upload):
    sent = {
        "download[media]": upload()["id"],
        "download[product]": product,
        "download[archived]": "true",
    }
    made = api.post(PATH, data=sent)
    assert made.status_code == 200
    assert made.json["archived"] is True
    assert made.json["archived_at"] == made.json["created_at"]


def test_what_is_sent_changes(api, upload, add):
    made = add(media=upload()["id"], title="T")
    one = f"{PATH}/{made['id']}"
    changed = api.patch(one, json={"download": {"archived": True}}).json
    assert changed["archived"] is True
    assert abs(changed["archived_at"] - time.time()) < 60
    assert (changed["title"], changed["media"]) == ("T", made["media"])
    again = api.patch(one, json={"download": {"archived": False, "title": None}})
    assert (again.json["archived_at"], again.json["title"]) == (None, None)
    other = upload(b"another", "another.mp3")["id"]
    assert api.patch(one, json={"download": {"media": other}}).json["media"] == other
    values = {"url": "https://cdn.example/a", "name": "A"}
    elsewhere = api.patch(one, json={"download": values}).json
    assert (elsewhere["media"], elsewhere["url"]) == (None, values["url"])
    back = api.patch(one, json={"download": {"media": other}}).json
    assert (back["media"], back["url"]) == (other, None)


@pytest.mark.parametrize(
    ("values", "errors"),
    [
        ({"name": "x"}, {"media": "blank"}),
        ({"product": NOBODY}, {"product": "not_found"}),
        ({"media": NOBODY}, {"media": "not_found"}),
        ({"media": None}, {"media": "blank"}),
        ({"url": "https://a.example/"}, {"name": "blank"}),
        ({"url": "ftp://a.example/", "name": "A"}, {"url": "invalid"}),
        (
            {"url": "https://a.example/", "name": "A", "media": NOBODY},
            {"url": "present"},
        ),
        (
            {"media": "x", "archived": "perhaps"},
            {"media": "invalid", "archived": "invalid"},
        ),
        (
            {"variant": NOBODY, "url": "https://a.example/"},
            {"variant": "present", "name": "blank"},
        ),
        ({"nmae": "x"}, {"nmae": "unknown", "media": "blank"}),
    ],
)
def test_what_is_wrong_is_said_in_its_shape(api, product, upload, values, errors):
    sent = {"product": product, **values}
    if "product" in errors:
        sent["media"] = upload()["id"]
    answer = api.post(PATH, json={"download": sent})
    assert refused(answer, 422, errors), answer.text
    assert answer.json["http_status"] == "unprocessable_entity"
    assert (answer.json["type"], answer.json["code"]) == ("invalid", "download.invalid")
    assert api.get(PATH).json["data"] == []


def test_a_change_that_is_wrong_changes_nothing(api, upload, add):
    made = add(media=upload()["id"])
    one = f"{PATH}/{made['id']}"
    for values in ({"product": NOBODY}, {"media": None}, {"alt": "x" * 301}):
        answer = api.patch(one, json={"download": {"title": "T", **values}})
        assert answer.status_code == 422
    assert api.get(one).json == made


def test_the_body_is_one_object(api, product):
    for body in ({"download": 1}, {"download": {}, "media": NOBODY}):
        assert refused(api.post(PATH, json=body), 400, {"download": "invalid"})
    assert refused(api.post(PATH, data="{", content_type="application/json"), 400, {})
    bare = api.post(PATH, json={"product": product, "url": "https://a.example/"})
    assert refused(bare, 422, {"name": "blank"})


def test_lists_are_filtered_sorted_and_paged(api, item, product, upload, add):
    names = ["b", "a", "c"]
    made = {name: add(media=upload()["id"], name=name)["id"] for name in names}
    api.patch(f"{PATH}/{made['c']}", json={"download": {"archived": True}})

    def listed(**query):
        answer = api.get(PATH, query_string=query)
        assert answer.status_code == 200, answer.text
        return [one["name"] for one in answer.json["data"]]

    assert listed() == ["c", "a", "b"]
    assert listed(sort="name:asc") == ["a", "b", "c"]
    assert listed(archived="true") == ["c"]
    assert listed(archived="false", sort="created_at:asc") == ["b", "a"]
    assert listed(**{"ids[]": [made["a"], made["b"].upper()]}) == ["a", "b"]
    assert listed(**{"product_ids[]": product}) == ["c", "a", "b"]
    assert listed(**{"product_ids[]": NOBODY}) == []
    assert listed(limit=2, page=2) == ["b"]
    assert listed(**{"customer_ids[]": "ada"}) == []
    bought = {"downloadable_uri": item, "customer_id": "ada"}
    api.post("/stores/1/downloadable_purchases", json=bought)
    assert listed(**{"customer_ids[]": "ada"}) == ["c", "a", "b"]
    page = api.get(PATH, query_string={"limit": 500, "live_mode": "true"}).json
    assert page["pagination"]["limit"] == 100


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("limit=0", "limit"),
        ("page=x", "page"),
        ("sort=price:asc", "sort"),
        ("sort=name:up", "sort"),
        ("archived=perhaps", "archived"),
        ("nmae=x", "nmae"),
        ("things[]=x", "things[]"),
        ("&".join(["ids[]=x"] * 99 + ["ids[]=y", "ids[]=z"]), None),
    ],
)
def test_a_query_that_is_wrong_is_refused(api, query, name):
    answer = api.get(f"{PATH}?{query}")
    assert answer.status_code == 400
    if name:
        [entry] = answer.json["validation_errors"]
        assert entry["attribute"] == name


def test_ids_become_objects_where_asked(api, queries, product, upload, add):
    media = upload()
    made = [add(media=media["id"]) for _ in range(3)]
    expand = "expand[]=media&expand[]=product.prices&expand[]=product"
    one = api.get(f"{PATH}/{made[0]['id']}?{expand}").json
    assert one["media"] == media
    assert (one["product"]["id"], one["product"]["object"]) == (product, "product")
    queries.clear()
    page = api.get(f"{PATH}?{expand}").json
    few = len(queries)
    assert [d["media"]["id"] for d in page["data"]] == [media["id"]] * 3
    for _ in range(5):
        add(media=upload()["id"])
    queries.clear()
    api.get(f"{PATH}?{expand}")
    assert len(queries) == few
    body = {"download": {"product": product, "media": media["id"]}}
    again = api.post(PATH, json={**body, "expand": ["media"]}).json
    assert again["media"] == media


# -- medias --------------------------------------------------------------------------


def test_a_media_is_what_was_uploaded(api, upload):
    media = upload(title="Song")
    assert media == {
        "id": media["id"],
        "object": "media",
        "alt": None,
        "byte_size": 4,
        "content_type": "audio/mpeg",
        "extension": "mp3",
        "filename": "song.mp3",
        "height": None,
        "width": None,
        "title": "Song",
        "public_access": False,
        "release_json": None,
        "url": None,
        "url_expires_at": None,
        "created_at": media["created_at"],
        "updated_at": media["updated_at"],
    }
    assert re.fullmatch(UUID, media["id"])
    assert api.get(f"{BASE}/medias/{media['id']}").json == media
    page = api.get("/stores/1/library_files").json["_embedded"]["fx:library_files"]
    assert [file["title"] for file in page] == ["Song"]


def test_medias_are_all_files_of_the_store(api, other_api, upload):
    api.upload(b"one", "one.zip", code="one")
    second = upload()
    page = api.get(f"{BASE}/medias").json
    assert {media["filename"] for media in page["data"]} == {"one.zip", "song.mp3"}
    assert page["pagination"]["count"] == 2
    query = {"ids[]": second["id"]}
    assert api.get(f"{BASE}/medias", query_string=query).json["data"] == [second]
    for value, count in (("true", 0), ("false", 2)):
        query = {"public_access": value}
        answer = api.get(f"{BASE}/medias", query_string=query)
        assert answer.json["pagination"]["count"] == count
    assert other_api.get(f"{BASE}/medias").json["data"] == []
    assert other_api.get(f"{BASE}/medias/{second['id']}").status_code == 404


def test_a_media_goes_once_nothing_needs_it(api, data_dir, upload, add):
    media = upload()["id"]
    first, second = add(media=media), add(media=media)
    one = f"{BASE}/medias/{media}"
    for made in (first, second):
        assert refused(api.delete(one), 409, {})
        api.delete(f"{PATH}/{made['id']}")
    assert len(blobs(data_dir)) == 1
    gone = api.delete(one)
    assert gone.json == {"id": media, "object": "media", "deleted": True}
    assert api.get(one).status_code == 404
    assert blobs(data_dir) == []


def test_only_what_was_uploaded_is_a_media(api, other_api, anonymous):
    blob = {"filename": "../a.bin", "byte_size": 1, "checksum": checksum(b"a")}
    slot = api.post(f"{BASE}/direct_upload/private", json={"blob": blob}).json
    assert slot["filename"] == "a.bin"
    name = "direct_upload_signed_id"
    body = {"media": {name: slot["signed_id"]}}
    answer = api.post(f"{BASE}/medias", json=body)
    assert refused(answer, 422, {name: "not_uploaded"})
    direct = slot["direct_upload"]
    wrong = anonymous.put(direct["url"], data=b"b", headers=direct["headers"])
    assert wrong.status_code == 400
    anonymous.put(direct["url"], data=b"a", headers=direct["headers"])
    assert refused(other_api.post(f"{BASE}/medias", json=body), 422, {name: "invalid"})
    forged = {"media": {name: "eyJfc"}}
    assert refused(api.post(f"{BASE}/medias", json=forged), 422, {name: "invalid"})
    made = api.post(f"{BASE}/medias", json=body).json
    assert api.post(f"{BASE}/medias", json=body).json == made


def test_a_slot_of_a_downloadable_is_no_direct_upload(api, anonymous):
    item = api.add(code="x")
    url = api.post(f"/downloadables/{item}/upload_url", json={}).json["upload_url"]
    anonymous.put(url, data=b"a")
    name = "direct_upload_signed_id"
    body = {"media": {name: url.rpartition("/")[2]}}
    assert refused(api.post(f"{BASE}/medias", json=body), 422, {name: "invalid"})


@pytest.mark.parametrize(
    ("changes", "errors"),
    [
        ({"checksum": "x"}, {"checksum": "invalid"}),
        ({"filename": ""}, {"filename": "blank"}),
        ({"byte_size": -1}, {"byte_size": "greater_than_or_equal_to"}),
        ({"byte_size": 2**62}, {"byte_size": "less_than_or_equal_to"}),
    ],
)
def test_an_upload_that_cannot_be_is_refused_at_once(api, changes, errors):
    blob = {"filename": "a", "byte_size": 1, "checksum": checksum(b"a"), **changes}
    answer = api.post(f"{BASE}/direct_upload/private", json={"blob": blob})
    assert refused(answer, 422, errors), answer.text


# -- products and customers ----------------------------------------------------------


def test_products_are_downloadables(api, item, product, upload, add):
    api.patch(item, json={"price": 12.5, "description": "All songs"})
    shown = api.get(f"{BASE}/products/{product}").json
    assert shown["metrics"]["min_price_amount"] == 1250
    assert (shown["name"], shown["sku"], shown["description"]) == (
        "Unicorn",
        "album",
        "All songs",
    )
    assert shown["status"] == "published"
    path = f"{BASE}/products"
    assert api.get(path).json["data"] == [shown]
    for query, count in (
        ("downloadable=true", 0),
        ("downloadable=false", 1),
        ("archived=true", 0),
        ("featured=true", 0),
        ("query=unic%20ALB", 1),
        ("query=narwhal", 0),
        (f"ids[]={product}", 1),
        ("product_group_ids[]=x", 0),
    ):
        assert api.get(f"{path}?{query}").json["pagination"]["count"] == count, query
    add(media=upload()["id"])
    assert api.get(f"{path}?downloadable=true").json["pagination"]["count"] == 1
    api.patch(item, json={"is_archived": True})
    archived = api.get(f"{path}?archived=true").json["data"][0]
    assert abs(archived["archived_at"] - time.time()) < 60


def test_a_customer_is_given_what_they_bought_for_a_while(
    api, anonymous, item, upload, add
):
    song, words = upload()["id"], upload(b"words", "words.txt")["id"]
    add(media=song)
    add(media=words)
    expose = f"{BASE}/customers/ada/expose/{{}}"
    assert refused(api.get(expose.format(song)), 404, {})
    bought = {"downloadable_uri": item, "customer_id": "ada", "max_downloads": 1}
    api.post("/stores/1/downloadable_purchases", json=bought)
    for media, content in ((song, b"song"), (words, b"words")):
        shown = api.get(expose.format(media)).json
        assert abs(shown["url_expires_at"] - time.time() - 900) < 60
        answer = anonymous.get(shown["url"])
        assert answer.data == content
        assert "attachment" in answer.headers["Content-Disposition"]
        # What is left of the purchase is all there is.
        assert refused(api.get(expose.format(media)), 410, {})
    path = f"{expose.format(song)}?expose_for=86401"
    assert refused(api.get(path), 422, {"expose_for": "less_than_or_equal_to"})


# -- who may -------------------------------------------------------------------------


def test_stores_are_sealed(api, other_api, anonymous, reader, product, upload, add):
    made = add(media=upload()["id"])
    one = f"{PATH}/{made['id']}"
    for method in ("GET", "DELETE"):
        assert refused(other_api.request(method, one), 404, {})
    stolen = {"product": product, "media": made["media"]}
    answer = other_api.post(PATH, json={"download": stolen})
    assert refused(answer, 422, {"product": "not_found"})
    answer = anonymous.get(PATH)
    assert refused(answer, 401, {})
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert reader.get(one).json == made
    assert refused(reader.delete(one), 403, {})


def test_what_is_not_there_is_said_in_its_shape(api):
    for path in (
        "nothing",
        f"downloads/{NOBODY}",
        "downloads/x",
        "medias/%00",
        "x/y/z",
    ):
        assert refused(api.get(f"{BASE}/{path}"), 404, {})
    assert refused(api.put(PATH), 405, {})
    for query in ("ids[]=%00", "query=%00", "sort=%00", "%00=x"):
        assert api.get(f"{BASE}/products?{query}").status_code == 400
    assert refused(api.get(f"{BASE}/customers/%00/expose/{NOBODY}"), 404, {})
