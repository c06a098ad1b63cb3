"""`sirenhall import` of lists as other systems' APIs answer them."""

import json

import pytest

from tests.cli.transfer.test_import_command import counts, invoke, shown
from tests.conftest import environment_for
from tests.dialects.test_surecart import NOBODY, SAMPLE
from tests.dialects.test_zid import SAMPLE as ZID


@pytest.fixture
def run(data_dir):
    def here(*arguments, code=0):
        environment = environment_for(data_dir)
        given = (*arguments, "--data-dir", data_dir)
        return invoke("import", *given, code=code, environment=environment)

    return here


@pytest.fixture
def written(tmp_path):
    def write(document, **files):
        for name, content in files.items():
            (tmp_path / name.replace("_", ".")).write_bytes(content)
        path = tmp_path / "list.json"
        path.write_text(json.dumps(document), encoding="utf-8")
        return path

    return write


def link(resource, rel="self"):
    return resource["_links"][rel]["href"]


# -- Zid -----------------------------------------------------------------------------


def test_products_of_zid_come_with_languages_offers_and_ids(api, run, written):
    product = {
        **ZID,
        "name": {"ar": "كتاب", "en": "Book"},
        "sku": "BOOK",
        "sale_price": 1.5,
        "slug": "كتاب",
        "meta": {"download_limit": 2, "expiration_period": 7},
        "images": [{"url": "https://cdn.example/a.png"}],
    }
    voucher = {**ZID, "product_class": "voucher", "sku": "V"}
    path = written({"count": 2, "results": [product, voucher]})
    said = run(path)
    assert (counts(said), len(said["skipped"])) == ((1, 0, 0, 0), 1)
    book = shown(api)["BOOK"]
    assert (book["uuid"], book["name"], book["price"]) == (ZID["id"], "Book", 2)
    assert (book["max_downloads_per_customer"], book["max_downloads_time_period"]) == (
        2,
        168,
    )
    arabic = api.get(link(book), headers={"Accept-Language": "ar"}).json
    assert arabic["name"] == "كتاب"
    offer = api.get(link(book, "fx:offer")).json
    assert (offer["slug"], offer["sale_price"]) == ("كتاب", 1.5)
    assert counts(run(path)) == (0, 0, 1, 0)
    product["price"] = 3
    assert counts(run(written({"results": [product]}))) == (0, 1, 0, 0)
    assert shown(api)["BOOK"]["price"] == 3


def test_what_zid_says_wrong_is_refused_with_its_reason(api, run, written):
    wrong = {**ZID, "sku": "W", "sale_price": 5}
    right = {**ZID, "sku": "R", "slug": "r"}
    said = run(written({"results": [wrong, right]}), code=1)
    assert counts(said) == (1, 0, 0, 1)
    [refusal] = said["refusals"]
    assert (refusal["where"], refusal["code"]) == ("entry 1", "W")
    assert "sale_price must be less than or equal to the price" in refusal["reason"]
    assert set(shown(api)) == {"R"}


# -- SureCart ------------------------------------------------------------------------


PRODUCT = {
    "id": SAMPLE["product"],
    "object": "product",
    "name": "Album",
    "sku": "album",
    "description": "All songs",
    "archived": False,
    "status": "published",
    "metrics": {"currency": "usd", "min_price_amount": 1250},
}
MEDIA = {"id": SAMPLE["media"], "object": "media", "filename": "song.mp3"}


def test_products_of_surecart_keep_their_ids(api, run, written):
    path = written({"object": "list", "data": [PRODUCT]})
    assert counts(run(path)) == (1, 0, 0, 0)
    album = shown(api)["album"]
    assert (album["uuid"], album["name"], album["price"]) == (
        PRODUCT["id"],
        "Album",
        12.5,
    )
    assert counts(run(path)) == (0, 0, 1, 0)


def test_downloads_of_surecart_come_with_files_that_lie_beside(api, run, written):
    download = {**SAMPLE, "product": PRODUCT, "media": MEDIA, "alt": "A song"}
    second = {
        **SAMPLE,
        "id": NOBODY,
        "product": PRODUCT,
        "media": None,
        "url": "https://cdn.example/score.pdf",
        "name": "Score",
        "archived": True,
    }
    lost = {**SAMPLE, "id": SAMPLE["product"], "media": {**MEDIA, "filename": "../x"}}
    document = {"object": "list", "data": [download, second, lost]}
    path = written(document, song_mp3=b"la la")
    said = run(path, code=1)
    assert counts(said) == (2, 0, 0, 1)
    assert "is not in" in said["refusals"][0]["reason"]
    album = shown(api)["album"]
    assert album["file_name"] == "song.mp3"
    files = [
        file
        for archived in ("false", "true")
        for file in api.get(
            link(album, "fx:files"), query_string={"is_archived": archived}
        ).json["_embedded"]["fx:files"]
    ]
    assert [file["uuid"] for file in files] == [SAMPLE["id"], NOBODY]
    assert (files[0]["alt"], files[1]["name"]) == ("A song", "Score")
    # A client that knows the ids of before finds what it looks for.
    one = api.get(f"/surecart/v1/downloads/{SAMPLE['id']}").json
    assert (one["product"], one["alt"]) == (PRODUCT["id"], "A song")
    assert counts(run(path, code=1)) == (0, 0, 2, 1)


def test_a_download_needs_its_product(run, written):
    download = {**SAMPLE, "url": "https://a.example/", "name": "A", "media": None}
    said = run(written({"object": "list", "data": [download]}), code=1)
    assert "import the list of products first" in said["refusals"][0]["reason"]


# -- WP EasyCart ---------------------------------------------------------------------


def test_downloads_of_easycart_are_purchases(api, run, written):
    download = {
        "download_id": "abc123",
        "date_created": "2026-01-01 00:00:00",
        "product_id": 7,
        "order_id": 1042,
        "download_count": 2,
        "download_file_name": "song.mp3",
        "is_amazon": False,
        "amazon_key": "",
    }
    elsewhere = {
        **download,
        "download_id": "abc124",
        "order_id": 0,
        "download_count": 0,
        "download_file_name": "https://cdn.example/song.mp3",
    }
    path = written([download])
    refused = run(path, "--price", "3", code=1)
    assert "its file song.mp3 is not in" in refused["refusals"][0]["reason"]
    path = written([download, elsewhere], song_mp3=b"la la")
    refused = run(path, code=1)
    assert "name a --price" in refused["refusals"][0]["reason"]
    assert counts(run(path, "--price", "3", "--dry-run")) == (2, 0, 0, 0)
    assert shown(api) == {}
    assert counts(run(path, "--price", "3")) == (2, 0, 0, 0)
    song = shown(api)["easycart-7"]
    assert (song["file_name"], song["price"], song["name"]) == ("song.mp3", 3, "song")
    page = api.get("/stores/1/downloadable_purchases").json["_embedded"]
    first, second = page["fx:downloadable_purchases"]
    assert (first["order_id"], first["number_of_downloads"]) == ("1042", 2)
    assert (second["order_id"], second["url"]) == (
        "easycart-abc124",
        "https://cdn.example/song.mp3",
    )
    assert counts(run(path)) == (0, 0, 2, 0)


def test_a_count_that_cannot_be_leaves_nothing(api, run, written):
    download = {
        "download_id": "a",
        "product_id": 7,
        "order_id": 1,
        "download_count": -1,
        "download_file_name": "song.mp3",
    }
    said = run(written([download], song_mp3=b"la"), "--price", "3", code=1)
    assert (
        "download_count must be greater than or equal to 0"
        in said["refusals"][0]["reason"]
    )
    assert shown(api) == {}


@pytest.mark.parametrize(
    ("metrics", "words"),
    [
        ({"currency": "eur", "min_price_amount": 100}, "its price is in EUR"),
        (
            {"currency": "usd", "min_price_amount": 100, "max_price_amount": 300},
            "several prices",
        ),
    ],
)
def test_prices_are_never_guessed(api, run, written, metrics, words):
    path = written({"object": "list", "data": [{**PRODUCT, "metrics": metrics}]})
    said = run(path, code=1)
    assert words in said["refusals"][0]["reason"]
    assert shown(api) == {}
    assert counts(run(path, "--price", "5")) == (1, 0, 0, 0)


def test_zids_products_go_into_the_category_that_is_named(api, run, written):
    category = {
        "code": "BOOKS",
        "name": "Books",
        "item_delivery_type": "downloaded",
        "max_downloads_per_customer": 0,
        "max_downloads_time_period": 0,
    }
    href = api.post("/stores/1/item_categories", json=category).headers["Location"]
    nameless = {**ZID, "sku": None, "price": 9.95}
    path = written({"results": [nameless]})
    assert counts(run(path, "--category", "BOOKS")) == (1, 0, 0, 0)
    [book] = shown(api).values()
    assert (book["item_category_uri"], book["price"]) == (href, 9.95)
    # It is known by its id, and a number is what it says.
    assert counts(run(path)) == (0, 0, 1, 0)
    run(path, "--category", "NOTHING", code=1)


# -- any -----------------------------------------------------------------------------


@pytest.mark.parametrize("dialect", ["surecart/v1/products", "zid/v1/products/"])
def test_our_own_lists_can_be_read_again(
    api, run, written, data_dir, tmp_path, dialect
):
    """What one store lists, another one takes in."""
    api.add(code="song", description="La", price=4.5)
    document = api.get(f"/{dialect}").json
    api.delete("/downloadables/1")
    assert counts(run(written(document))) == (1, 0, 0, 0)
    song = shown(api)["song"]
    assert (song["name"], song["price"], song["description"]) == ("Unicorn", 4.5, "La")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "is no JSON"),
        ("[]", "is not a known list"),
        ('{"results": []}', "is not a known list"),
        ('[{"a": 1}]', "is not a known list"),
        ("1", "is not a known list"),
        ('[{"download_id": 1}, 2]', "is not a known list"),
        ("[" * 100_000, "is no JSON"),
        ("\ufeff" + '{"object": "checkout"}', "is not a known list"),
    ],
)
def test_what_is_no_list_is_said(data_dir, tmp_path, text, words):
    path = tmp_path / "list.json"
    path.write_text(text, encoding="utf-8")
    result = invoke("import", path, "--data-dir", data_dir, code=1)
    assert words in result.output


def test_an_entry_that_lacks_something_is_named(run, written):
    said = run(written([{"download_id": "a"}]), code=1)
    assert "it lacks what it should have" in said["refusals"][0]["reason"]
