"""A client of Zid, pointed here: the same downloadables, in its words."""

import io
import json
import re
from pathlib import Path

import pytest

from tests.conftest import OTHER_STORE, Api

BASE = "/zid/v1"
PATH = f"{BASE}/products/"
SAMPLE = json.loads(
    (Path(__file__).parent / "zid_product.json").read_text(encoding="utf-8")
)
BODY = {
    "name": {"ar": "downloadable product"},
    "price": 2,
    "is_draft": False,
    "product_class": "downloadable",
}
UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
# What is made new for each product.
MADE = {"id", "sku", "html_url", "store_id", "stocks", "created_at", "updated_at"}


@pytest.fixture
def zid(api):
    """A client with the headers that Zid's documentation has, in Arabic."""
    api.patch("/stores/1", json={"locale_code": "ar_SA", "currency": "SAR"})

    def ask(method, path, **options):
        headers = {
            "Access-Token": api.token,
            "Store-Id": "1",
            "Role": "Manager",
            "Accept-Language": "ar",
            "Currency": "SAR",
            **options.pop("headers", {}),
        }
        return api.request(method, path, headers=headers, **options)

    return ask


@pytest.fixture
def add(zid):
    def added(**values):
        made = zid("POST", PATH, json={**BODY, **values})
        assert made.status_code == 200, made.text
        return made.json

    return added


@pytest.fixture
def other(app, operator):
    made = operator.post("/stores", json=OTHER_STORE)
    return Api(app.test_client(), made.json["token"])


def shape(value):
    """Give keys, types and nesting, with everything in its order."""
    if isinstance(value, dict):
        return {name: shape(inside) for name, inside in value.items()}
    if isinstance(value, list):
        return [shape(inside) for inside in value]
    return type(value)


def downloadable(api, product):
    page = api.get("/stores/1/downloadables", query_string={"uuid": product["id"]})
    [found] = page.json["_embedded"]["fx:downloadables"]
    return found


# -- the sample ----------------------------------------------------------------------


def test_the_sample_of_the_reference_is_answered_alike(zid):
    made = zid("POST", PATH, json=BODY)
    assert made.status_code == 200
    product = made.json
    assert list(product) == list(SAMPLE)
    assert shape(product) == shape(SAMPLE)
    same = SAMPLE.keys() - MADE
    assert {n: product[n] for n in same} == {n: SAMPLE[n] for n in same}
    assert re.fullmatch(UUID, product["id"])
    assert re.fullmatch(r"Z\.1\.[0-9]{17}", product["sku"])
    assert product["store_id"] == 1
    assert product["html_url"].endswith("/products/downloadable-product")
    assert re.fullmatch(
        r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", product["created_at"]
    )
    [stock] = product["stocks"]
    assert stock["location"]["name"] == {"ar": "المخزون الأساسي"}
    assert zid("GET", f"{PATH}{product['id']}/").json == product
    page = zid("GET", PATH).json
    assert page == {
        "total_products_count": 1,
        "normal_products_count": 0,
        "voucher_products_count": 0,
        "grouped_products_count": 0,
        "downloadable_products_count": 1,
        "dynamic_bundle_products_count": 0,
        "donation_item_count": 0,
        "crowd_funding_count": 0,
        "next": None,
        "previous": None,
        "count": 1,
        "results": [product],
    }


def test_what_was_read_can_be_sent_back(zid, add):
    product = add(meta={"download_limit": 3, "expiration_period": 2})
    again = zid("PATCH", f"{PATH}{product['id']}/", json=product)
    assert again.status_code == 200, again.text
    assert {**again.json, "updated_at": ""} == {**product, "updated_at": ""}


# -- languages -----------------------------------------------------------------------


def test_names_are_in_languages_and_seen_in_hypermedia(api, zid, add):
    product = add(
        name={"ar": "كتاب", "en": "Book"},
        description={"ar": "وصف", "en": "About"},
        short_description={"ar": "", "en": "Short"},
        seo={"title": {"en": "Title"}, "description": None},
    )
    assert product["name"] == {"ar": "كتاب", "en": "Book"}
    assert product["description"] == {"ar": "وصف", "en": "About"}
    assert product["short_description"] == {"en": "Short"}
    assert product["seo"] == {"title": {"en": "Title"}, "description": None}
    assert product["slug"] == "كتاب"
    href = downloadable(api, product)["_links"]["self"]["href"]
    for asked, name, language in (
        ("en-GB,en;q=0.9", "Book", "en"),
        ("ar", "كتاب", "ar"),
        ("de", "كتاب", "ar"),
        ("de, en;q=0.5", "Book", "en"),
    ):
        answer = api.get(href, headers={"Accept-Language": asked})
        assert (answer.json["name"], answer.headers["Content-Language"]) == (
            name,
            language,
        )
    [translation] = api.get(f"{href}/translations").json["_embedded"]["fx:translations"]
    assert (translation["language"], translation["name"]) == ("en", "Book")
    assert translation["seo_title"] == "Title"


def test_customers_read_one_language(zid, add):
    product = add(name={"ar": "كتاب", "en": "Book"}, cost=1)
    one = f"{PATH}{product['id']}/"
    for asked, name, price in (
        ("ar", "كتاب", "2.00 ر.س "),
        ("en", "Book", " SAR 2.00"),
    ):
        headers = {"Role": "Customer", "Accept-Language": asked}
        shown = zid("GET", one, headers=headers).json
        assert (shown["name"], shown["formatted_price"]) == (name, price)
        assert "created_at" not in shown
        assert shown["cost"] is None
        assert isinstance(shown["stocks"][0]["location"]["name"], str)
    assert zid("GET", one, headers={"Role": "Customer"}).json["description"] is None


def test_drafts_are_not_for_customers(zid, add):
    product = add(is_draft=True)
    assert (product["is_draft"], product["is_published"]) == (True, False)
    one, role = f"{PATH}{product['id']}/", {"Role": "Customer"}
    assert zid("GET", one, headers=role).status_code == 404
    assert zid("GET", PATH, headers=role).json["count"] == 0
    changed = zid("PATCH", one, json={"is_published": True}).json
    assert (changed["is_draft"], changed["is_published"]) == (False, True)
    assert zid("GET", one, headers=role).status_code == 200


def test_a_language_can_be_changed_alone(zid, add):
    product = add(name={"ar": "كتاب", "en": "Book"})
    one = f"{PATH}{product['id']}/"
    changed = zid("PATCH", one, json={"name": {"en": "The Book"}}).json
    assert changed["name"] == {"ar": "كتاب", "en": "The Book"}
    changed = zid("PATCH", one, json={"name": {"fr": "Livre", "ar": "الكتاب"}}).json
    assert changed["name"] == {"ar": "الكتاب", "en": "The Book", "fr": "Livre"}
    refused = zid("PATCH", one, json={"name": {"ar": ""}})
    assert (refused.status_code, list(refused.json)) == (422, ["name"])
    plain = zid("PATCH", one, json={"name": "كتاب جديد"}).json
    assert plain["name"]["ar"] == "كتاب جديد"


def test_a_name_in_another_language_than_the_stores(api, zid, add):
    product = add(name={"en": "Book"})
    assert product["name"] == {"en": "Book"}
    shown = downloadable(api, product)
    assert (shown["name"], shown["language"]) == ("Book", "en")


# -- the rest of a product ------------------------------------------------------------


def test_every_property_finds_its_place(api, zid, add):
    sent = {
        "sku": "ABC-1",
        "barcode": "4006381333931",
        "slug": "كتاب-1",
        "price": 20.5,
        "sale_price": 15,
        "cost": 3.25,
        "keywords": ["book", "كتاب"],
        "is_taxable": False,
        "display_order": 7,
        "purchase_restrictions": {
            "min_quantity_per_cart": 1,
            "max_quantity_per_cart": 4,
            "availability_period_start": "2026-01-01T00:00:00Z",
            "availability_period_end": "2027-01-01T00:00:00.000000Z",
            "sale_price_period_start": "2026-06-01T03:00:00+03:00",
            "sale_price_period_end": "2026-07-01 00:00:00",
        },
        "meta": {"download_limit": 3, "expiration_period": 30},
    }
    product = add(**sent)
    restrictions = {
        "min_quantity_per_cart": 1,
        "max_quantity_per_cart": 4,
        "availability_period_start": "2026-01-01T00:00:00.000000Z",
        "availability_period_end": "2027-01-01T00:00:00.000000Z",
        "sale_price_period_start": "2026-06-01T00:00:00.000000Z",
        "sale_price_period_end": "2026-07-01T00:00:00.000000Z",
    }
    expected = {**sent, "purchase_restrictions": restrictions}
    assert {name: product[name] for name in sent} == expected
    assert product["formatted_sale_price"] == "15.00 ر.س "
    assert product["html_url"].endswith("/products/%D9%83%D8%AA%D8%A7%D8%A8-1")
    shown = downloadable(api, product)
    assert (shown["code"], shown["price"]) == ("ABC-1", 20.5)
    assert shown["max_downloads_per_customer"] == 3
    assert shown["max_downloads_time_period"] == 720
    offer = api.get(shown["_links"]["fx:offer"]["href"]).json
    assert (offer["slug"], offer["sale_price"], offer["max_quantity"]) == (
        "كتاب-1",
        15,
        4,
    )
    assert offer["keywords"] == "book\nكتاب"
    null = {"sale_price": None, "keywords": [], "purchase_restrictions": None}
    one = f"{PATH}{product['id']}/"
    changed = zid("PATCH", one, json={**null, "meta": {"download_limit": None}}).json
    assert changed["formatted_sale_price"] is None
    assert changed["meta"] == {"download_limit": None, "expiration_period": 30}
    assert changed["purchase_restrictions"] == restrictions


def test_slugs_are_made_of_names_and_are_unique(add):
    assert add(name={"ar": "كتاب الطبخ!"})["slug"] == "كتاب-الطبخ"
    assert add(name={"ar": "كتاب الطبخ"})["slug"] == "كتاب-الطبخ-2"


def test_limits_hold_for_customers(api, anonymous, zid, add):
    product = add(meta={"download_limit": 1, "expiration_period": 1})
    key = upload(zid, anonymous, product, b"pages")
    attach(zid, product, key)
    item = downloadable(api, product)["_links"]["self"]["href"]
    bought = {"downloadable_uri": item, "order_id": "7"}
    made = api.post("/stores/1/downloadable_purchases", json=bought).json
    assert (made["max_downloads"], made["download_window_hours"]) == (1, 24)
    link = made["_links"]["fx:download_url"]["href"]
    assert anonymous.get(link).data == b"pages"
    sold = zid("GET", f"{PATH}{product['id']}/").json["sold_products_count"]
    assert sold == 1
    refused = zid("DELETE", f"{PATH}{product['id']}/")
    assert (refused.status_code, list(refused.json)) == (409, ["detail"])


@pytest.mark.parametrize(
    ("values", "names"),
    [
        ({"product_class": "voucher"}, {"product_class"}),
        ({"product_class": None}, {"product_class"}),
        ({"name": {}}, {"name"}),
        ({"name": {"ar": 1}}, {"name"}),
        ({"name": {"ar": []}}, {"name"}),
        ({"seo": {"title": {"ar": [1]}}}, {"seo"}),
        ({"seo": 5, "seo.title": 3}, {"seo", "seo.title"}),
        ({"\ud800": 1}, {"\ufffd"}),
        ({"name": {"Arabic!": "x"}}, {"name"}),
        ({"name": {"ar": ""}}, {"name"}),
        ({"name": {"ar": "x" * 101}}, {"name"}),
        ({"price": -1}, {"price"}),
        ({"price": 1.234}, {"price"}),
        ({"sale_price": 3}, {"sale_price"}),
        ({"sku": "x" * 51}, {"sku"}),
        ({"keywords": "a,b"}, {"keywords"}),
        ({"images": [{"url": "x"}]}, {"images"}),
        ({"quantity": 5}, {"quantity"}),
        ({"requires_shipping": True}, {"requires_shipping"}),
        ({"meta": {"download_limit": -1}}, {"meta"}),
        ({"meta": {"limit": 1}}, {"meta"}),
        ({"meta": {"expiration_period": 10**8}}, {"meta"}),
        (
            {"purchase_restrictions": {"min_quantity_per_cart": 0}},
            {"purchase_restrictions"},
        ),
        (
            {
                "purchase_restrictions": {
                    "min_quantity_per_cart": 5,
                    "max_quantity_per_cart": 4,
                }
            },
            {"purchase_restrictions"},
        ),
        ({"seo": "x"}, {"seo"}),
        ({"nmae": "x", "price": "two"}, {"nmae", "price"}),
    ],
)
def test_what_is_wrong_is_said_by_property(zid, values, names):
    answer = zid("POST", PATH, json={**BODY, **values})
    assert answer.status_code == 422, answer.text
    assert answer.headers["Content-Type"].startswith("application/json")
    assert set(answer.json) == names
    assert zid("GET", PATH).json["count"] == 0


def test_what_another_has_cannot_be_taken(zid, add):
    add(sku="A", slug="a")
    for values, name in (({"sku": "A"}, "sku"), ({"sku": "B", "slug": "a"}, "slug")):
        answer = zid("POST", PATH, json={**BODY, **values})
        assert (answer.status_code, list(answer.json)) == (409, [name])
        assert answer.json[name][0].startswith(f"{name} ")
    assert zid("GET", PATH).json["count"] == 1


def test_a_product_is_deleted(api, zid, add):
    product = add()
    one = f"{PATH}{product['id']}/"
    gone = zid("DELETE", one)
    assert (gone.status_code, gone.data) == (204, b"")
    assert zid("GET", one).status_code == 404
    assert api.get("/stores/1/downloadables").json["total_items"] == 0


# -- lists ---------------------------------------------------------------------------


def test_lists_are_paged_and_filtered(api, zid, add):
    made = [
        add(sku=f"S{number}", name={"ar": f"كتاب {number}"}) for number in range(12)
    ]
    api.upload(b"x", "x.txt", code="HYPER", name="Made elsewhere")
    page = zid("GET", PATH).json
    assert (len(page["results"]), page["count"]) == (10, 13)
    assert page["results"][0]["sku"] == "HYPER"
    assert page["previous"] is None
    second = zid("GET", page["next"]).json
    assert (len(second["results"]), second["next"]) == (3, None)
    assert zid("GET", second["previous"]).json["results"] == page["results"]
    assert len(zid("GET", f"{PATH}?page_size=500").json["results"]) == 13
    for query, count in (
        ("sku=S3", 1),
        ("search=%D9%83%D8%AA%D8%A7%D8%A8", 12),
        (f"ids={made[0]['id']},{made[1]['id'].upper()}", 2),
        ("is_published=false", 0),
        ("product_class=voucher", 0),
    ):
        assert zid("GET", f"{PATH}?{query}").json["count"] == count, query
    for query in ("page=0", "page_size=x", "nmae=x", "is_published=perhaps"):
        refused = zid("GET", f"{PATH}?{query}")
        assert (refused.status_code, len(refused.json)) == (400, 1)


def test_a_page_costs_the_same_however_long_it_is(queries, zid, add):
    for number in range(2):
        add(name={"ar": f"ك {number}", "en": f"B {number}"})
    queries.clear()
    zid("GET", PATH)
    few = len(queries)
    for number in range(6):
        add(name={"ar": f"كت {number}", "en": f"Bo {number}"})
    queries.clear()
    zid("GET", PATH)
    assert len(queries) == few


# -- files ---------------------------------------------------------------------------


def upload(zid, anonymous, product, content, name="book.pdf"):
    """Do as with an S3: a form with the fields that were given, and the file."""
    path = f"{PATH}{product['id']}/downloadables/generate-s3-presigned-url/"
    slot = zid("POST", path, json={"file_name": name})
    assert slot.status_code == 200, slot.text
    form = {**slot.json["fields"], "file": (io.BytesIO(content), name)}
    left = anonymous.post(slot.json["url"], data=form)
    assert left.status_code == 204, left.text
    return slot.json["fields"]["key"]


def attach(zid, product, key, **values):
    path = f"{PATH}{product['id']}/downloadables/"
    made = zid("POST", path, json={"key": key, **values})
    assert made.status_code == 201, made.text
    return made.json


def test_a_file_is_uploaded_and_attached(api, zid, anonymous, add):
    product = add()
    key = upload(zid, anonymous, product, b"pages")
    file = attach(zid, product, key, display_name="The book")
    assert (file["product_id"], file["display_name"]) == (product["id"], "The book")
    meta = {"name": "book.pdf", "size": 5, "content_type": "application/pdf"}
    assert file["file"]["meta"] == meta
    assert api.get(file["file"]["url"]).data == b"pages"
    path = f"{PATH}{product['id']}/downloadables/"
    page = zid("GET", path).json
    assert page == {"next": None, "previous": None, "count": 1, "results": [file]}
    shown = downloadable(api, product)
    assert (shown["file_name"], shown["file_size"]) == ("book.pdf", 5)
    assert zid("DELETE", f"{path}{file['id']}/").status_code == 204
    assert zid("GET", path).json["count"] == 0


def test_only_what_was_uploaded_is_attached(zid, anonymous, other, add):
    product = add()
    path = f"{PATH}{product['id']}/downloadables/"
    slot = zid("POST", f"{path}generate-s3-presigned-url/", json={}).json
    key = slot["fields"]["key"]
    for sent, name in (
        ({"key": key}, "key"),
        ({"key": "1/product-downloadables/x"}, "key"),
        ({}, "key"),
        ({"library_id": "x"}, "library_id"),
    ):
        refused = zid("POST", path, json=sent)
        assert (refused.status_code, list(refused.json)) == (422, [name])
    form = {"key": key, "other": (io.BytesIO(b"x"), "x")}
    assert anonymous.post(slot["url"], data=form).status_code == 422
    theirs = other.post("/stores/2/upload_url", json={}).json["upload_url"]
    anonymous.put(theirs, data=b"theirs")
    stolen = {"file": {"key": theirs.rpartition("/")[2]}}
    assert zid("POST", path, json=stolen).status_code == 422
    assert zid("GET", path).json["count"] == 0


def test_the_library_has_files_for_any_product(api, zid, add):
    path = f"{BASE}/downloadables-library/"
    data = {"file": (io.BytesIO(b"note"), "note.txt"), "display_name": "A note"}
    made = zid("POST", path, data=data)
    assert made.status_code == 201, made.text
    file = made.json
    assert (file["display_name"], file["store_id"], file["file_size"]) == (
        "A note",
        1,
        4,
    )
    assert api.get(file["file"]).data == b"note"
    assert zid("GET", path).json["results"] == [file]
    for _ in range(2):
        product = add()
        sent = {"library_id": file["id"]}
        zid("POST", f"{PATH}{product['id']}/downloadables/", json=sent)
        assert downloadable(api, product)["file_name"] == "note.txt"
    assert zid("DELETE", f"{path}{file['id']}/").status_code == 204
    assert zid("GET", path).json["count"] == 0
    # The products keep it.
    assert (
        api.get(f"{downloadable(api, product)['_links']['fx:file']['href']}").data
        == b"note"
    )
    assert zid("POST", path, data={"display_name": "x"}).status_code == 422
    assert zid("DELETE", f"{path}{file['id']}/").status_code == 404


# -- who may -------------------------------------------------------------------------


def test_tokens_may_come_in_any_of_the_headers(api, other, zid, anonymous, reader):
    for headers in (
        {"Authorization": f"Bearer {api.token}"},
        {"X-Manager-Token": api.token},
        {"Access-Token": api.token, "Authorization": f"Bearer {api.token}"},
        {"Access-Token": f"Bearer {api.token}", "X-Manager-Token": api.token},
    ):
        assert anonymous.get(PATH, headers=headers).status_code == 200
    for headers, status in (
        ({}, 401),
        ({"Access-Token": "x"}, 401),
        ({"Access-Token": api.token, "Authorization": "Bearer x"}, 401),
        ({"Access-Token": api.token, "Authorization": f"Bearer {other.token}"}, 403),
        ({"Access-Token": api.token, "Store-Id": "2"}, 403),
        ({"Access-Token": api.token, "Role": "Owner"}, 400),
    ):
        refused = anonymous.get(PATH, headers=headers)
        assert refused.status_code == status, headers
        assert len(refused.json) == 1
    headers = {"Access-Token": reader.token}
    assert anonymous.get(PATH, headers=headers).status_code == 200
    assert anonymous.post(PATH, json=BODY, headers=headers).status_code == 403


def test_stores_are_sealed(other, zid, add):
    product = add()
    one = f"{PATH}{product['id']}/"
    for method in ("GET", "PATCH", "DELETE"):
        refused = other.request(
            method, one, **({"json": {}} if method == "PATCH" else {})
        )
        assert (refused.status_code, list(refused.json)) == (404, ["detail"])
    assert other.get(f"{one}downloadables/").status_code == 404
    assert other.get(PATH).json["count"] == 0


def test_the_slash_at_the_end_may_be_left_out(zid):
    made = zid("POST", PATH.rstrip("/"), json=BODY)
    assert made.status_code == 200
    assert zid("GET", f"{PATH}{made.json['id']}").status_code == 200


# -- what readers found ----------------------------------------------------------------


def test_customers_change_nothing(zid, add):
    one, role = f"{PATH}{add()['id']}/", {"Role": "Customer"}
    for method in ("PATCH", "DELETE"):
        refused = zid(method, one, json={}, headers=role)
        assert (refused.status_code, list(refused.json)) == (403, ["detail"])


@pytest.mark.parametrize("query", ["x=1&x.y=2", "x.y=1&x=2", "x.=1", "meta.x=1&meta=2"])
def test_odd_names_are_said_as_they_are(zid, query):
    assert zid("GET", f"{PATH}?{query}").status_code == 400


def test_a_region_reads_the_language(zid, add):
    product = add(name={"ar": "كتاب", "en": "Book"})
    headers = {"Accept-Language": "en-US,en;q=0.9"}
    one = f"{PATH}{product['id']}/"
    changed = zid("PATCH", one, json={"name": "The Book"}, headers=headers).json
    assert changed["name"] == {"ar": "كتاب", "en": "The Book"}
    region = {**BODY, "name": "كتاب"}
    made = zid("POST", PATH, json=region, headers={"Accept-Language": "ar-SA"}).json
    assert made["name"] == {"ar": "كتاب"}


@pytest.mark.parametrize(
    "asked", ["*", "abcdefgh-abcdefgh-abcdefgh-abcdefgh-abcdefgh", "en"]
)
def test_a_bare_name_is_in_the_language_that_is_read(api, zid, asked):
    headers = {"Accept-Language": asked}
    made = zid("POST", PATH, json={**BODY, "name": "Book"}, headers=headers).json
    language = "en" if asked == "en" else "ar"
    assert made["name"] == {language: "Book"}
    shown = downloadable(api, made)
    href = shown["_links"]["self"]["href"]
    assert api.put(href, json=api.get(href).json).status_code == 200
    one = f"{PATH}{made['id']}/"
    changed = zid(
        "PATCH", one, json={"name": "كتاب"}, headers={"Accept-Language": "fr"}
    )
    assert changed.json["name"] == {language: "Book", "fr": "كتاب"}


def test_languages_are_the_same_in_any_case_and_can_go(zid, add):
    product = add(name={"AR": "كتاب", "En": "Book"}, description={"ar": "أ", "en": "A"})
    assert product["name"] == {"ar": "كتاب", "en": "Book"}
    one = f"{PATH}{product['id']}/"
    refused = zid("PATCH", one, json={"name": {"en": "a", "EN": "b"}})
    assert refused.json == {"name": ["name has en twice"]}
    changed = zid("PATCH", one, json={"name": {"en": None}}).json
    assert changed["name"] == {"ar": "كتاب"}
    changed = zid("PATCH", one, json={"description": None}).json
    assert changed["description"] is None
    refused = zid(
        "PATCH", one, json={"name": {"abc-abcdefgh-abcdefgh-abcdefgh-abcdefgh": "x"}}
    )
    assert refused.status_code == 422


def test_what_is_in_a_group_is_named_in_it(zid, add):
    product = add(sale_price=1)
    one = f"{PATH}{product['id']}/"
    wrong = {"min_quantity_per_cart": 0, "max_quantity_per_cart": "x"}
    refused = zid("PATCH", one, json={"purchase_restrictions": wrong, "price": -1})
    assert set(refused.json) == {"price", "purchase_restrictions"}
    assert set(refused.json["purchase_restrictions"]) == set(wrong)
    both = {"is_draft": True, "is_published": True}
    assert list(zid("PATCH", one, json=both).json) == ["is_published"]
    assert zid("PATCH", one, json={"price": 0.5, "sale_price": 0.25}).status_code == 200
    refused = zid("PATCH", one, json={"meta": {"expiration_period": 0.01}})
    assert list(refused.json["meta"]) == ["expiration_period"]
    keywords = {"keywords": ["x" * 99] * 50}
    assert list(zid("PATCH", one, json=keywords).json) == ["keywords"]


def test_files_are_fetched_with_zids_credentials(api, zid, anonymous, add):
    product = add()
    file = attach(zid, product, upload(zid, anonymous, product, b"pages"))
    headers = {"Access-Token": api.token}
    assert anonymous.get(file["file"]["url"], headers=headers).data == b"pages"
    assert anonymous.get(file["file"]["url"]).status_code == 401
    data = {"file": (io.BytesIO(b"note"), "note.txt")}
    made = zid("POST", f"{BASE}/downloadables-library/", data=data).json
    assert anonymous.get(made["file"], headers=headers).data == b"note"


def test_a_page_that_is_not_there_is_said(zid, add):
    add()
    refused = zid("GET", f"{PATH}?page=9")
    assert (refused.status_code, refused.json) == (
        404,
        {"detail": "there is no such page"},
    )
    assert zid("GET", f"{BASE}/downloadables-library/?search=x").status_code == 400
