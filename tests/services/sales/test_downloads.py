"""Whose files and sessions a download is about: each condition of its statements."""

import io

import pytest

from app.errors import NotFound
from app.services.catalogue import downloadables
from app.services.sales import downloads, purchases

PURCHASES = "/stores/1/downloadable_purchases"


def link(resource, rel="self"):
    return resource["_links"][rel]["href"]


def number_of(resource):
    return int(link(resource).rpartition("/")[2])


@pytest.fixture
def album(api):
    """A downloadable with a booklet, and one that is archived."""
    return with_files(api, "album", "booklet", "draft")


def with_files(api, code, name, archived):
    item = api.upload(b"main of " + code.encode(), f"{code}.zip", code=code)
    for title in (name, archived):
        data = {"file": (io.BytesIO(title.encode()), f"{title}.txt")}
        made = api.post(f"/downloadables/{item}/files", data=data)
        assert made.status_code == 201, made.text
    api.patch(link(made.json), json={"is_archived": True})
    return item


def file_id(api, item, name):
    page = api.get(f"/downloadables/{item}/files?is_archived:in=true,false").json
    files = page["_embedded"]["fx:files"]
    return next(number_of(f) for f in files if f["file_name"] == f"{name}.txt")


@pytest.fixture
def buy(api):
    def bought(item, **values):
        made = api.post(PURCHASES, json={"downloadable_id": item, **values})
        assert made.status_code == 201, made.text
        return made.json

    return bought


def test_a_link_gives_the_further_files_of_its_own_downloadable(
    api, anonymous, album, buy
):
    other = with_files(api, "single", "lyrics", "sketch")
    address = link(buy(album), "fx:download_url")
    own = anonymous.get(f"{address}&file={file_id(api, album, 'booklet')}")
    assert own.data == b"booklet"
    foreign = anonymous.get(f"{address}&file={file_id(api, other, 'lyrics')}")
    assert foreign.status_code == 404


def test_further_files_are_counted_for_each_purchase(
    api, anonymous, album, buy, installation
):
    first, second = buy(album), buy(album)
    booklet = file_id(api, album, "booklet")
    assert anonymous.get(f"{link(first, 'fx:download_url')}&file={booklet}").data
    counts = {}
    with installation.database.reading() as db:
        for bought in (first, second):
            main = downloads.get_unscoped(db, number_of(bought))
            files = downloads.files_of_purchase(db, main)
            counts[number_of(bought)] = [
                file["number_of_downloads"] for file in files if not file["is_main"]
            ]
    assert counts == {number_of(first): [1], number_of(second): [0]}


def test_customers_do_not_see_archived_files(anonymous, album, buy):
    page = anonymous.get(link(buy(album), "fx:purchased_files")).json
    names = [file["file_name"] for file in page["_embedded"]["fx:purchased_files"]]
    assert names == ["album.zip", "booklet.txt"]


def test_the_session_of_another_customer_is_not_resumed(anonymous, album, buy, api):
    first, second = buy(album), buy(album)
    with anonymous.get(
        link(first, "fx:download_url"), headers={"Range": "bytes=0-3"}
    ) as part:
        assert part.status_code == 206
    assert anonymous.get(link(second, "fx:download_url")).status_code == 200
    assert api.get(link(second)).json["number_of_downloads"] == 1


def test_files_under_way_are_those_of_the_purchase(anonymous, album, buy, installation):
    first, second = buy(album), buy(album)
    address = link(first, "fx:download_url")
    assert anonymous.get(address, headers={"Range": "bytes=0-3"}).status_code == 206
    with installation.database.reading() as db:
        assert len(downloads.open_files(db, number_of(first), 0)) == 1
        assert len(downloads.open_files(db, number_of(second), 0)) == 0


def test_an_order_is_one_of_its_store(album, buy, installation):
    bought = buy(album, order_id="2026-1")
    with installation.database.reading() as db:
        found = purchases.find_by_order(db, 1, "2026-1", album)
        assert found == number_of(bought)
        assert purchases.find_by_order(db, 2, "2026-1", album) is None
        assert purchases.find_by_order(db, 1, "2026-1", album + 1) is None


def blob_of(installation, item):
    with installation.database.reading() as db:
        return downloadables.get_unscoped(db, item)["blob_key"]


def test_a_blob_is_sold_to_a_customer_by_one_store(api, album, buy, installation):
    bought = buy(album, customer_id="c-1")
    key = blob_of(installation, album)
    with installation.database.reading() as db:

        def found(store_id, customer_id):
            return downloads.find_purchase_of_blob(db, store_id, customer_id, key, 1)

        assert found(1, "c-1")["id"] == number_of(bought)
        for other in ((2, "c-1"), (1, "c-2")):
            with pytest.raises(NotFound):
                found(*other)
