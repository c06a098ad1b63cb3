"""Several files of one downloadable, and the library that they come from."""

import base64
import hashlib
import io

import pytest

from app.errors import PurchaseRevoked
from app.services import scopes
from app.services.principal import Principal
from app.services.sales import downloads, purchases
from tests.conftest import FORMATS, OTHER_STORE, Api, blobs

MAIN = b"the album"
ALL = Principal(scopes.CLIENT, None)
PAGE = "text/html,application/xhtml+xml,*/*;q=0.8"


@pytest.fixture
def item(api):
    return api.upload(MAIN, "album.zip", max_downloads_per_customer="1")


def part(content, name):
    return (io.BytesIO(content), name)


@pytest.fixture
def attach(api, item):
    def attached(content=b"booklet", name="booklet.pdf", **values):
        data = {**values, "file": part(content, name)}
        made = api.post(f"/downloadables/{item}/files", data=data)
        assert made.status_code == 201, made.text
        return made.json

    return attached


@pytest.fixture
def stored(api):
    def kept(content=b"in the library", name="note.txt", **values):
        data = {**values, "file": part(content, name)}
        made = api.post("/stores/1/library_files", data=data)
        assert made.status_code == 201, made.text
        return made.json

    return kept


@pytest.fixture
def other_api(app, operator):
    made = operator.post("/stores", json=OTHER_STORE)
    return Api(app.test_client(), made.json["token"])


@pytest.fixture
def bought(api, item):
    made = api.post("/stores/1/downloadable_purchases", json={"downloadable_id": item})
    return made.json


def link(resource, rel="self"):
    return resource["_links"][rel]["href"]


def files_of(api, item, **query):
    answer = api.get(f"/downloadables/{item}/files", query_string=query)
    return answer.json["_embedded"]["fx:files"]


# -- files --------------------------------------------------------------------------


def test_the_only_file_of_a_downloadable_is_among_its_files(api, item):
    [main] = files_of(api, item)
    assert (main["is_main"], main["file_name"]) == (True, "album.zip")
    assert main["library_file_uri"] is None
    assert api.get(link(main, "fx:file")).data == MAIN
    assert "fx:library_file" not in main["_links"]


def test_a_downloadable_without_a_file_has_none(api):
    assert files_of(api, api.add(code="empty")) == []


def test_a_file_is_added_beside_the_main_one(api, item, attach):
    made = attach(title="Booklet")
    assert (made["is_main"], made["title"]) == (False, "Booklet")
    assert api.get(link(made, "fx:file")).data == b"booklet"
    assert [file["file_name"] for file in files_of(api, item)] == [
        "album.zip",
        "booklet.pdf",
    ]
    assert api.get(f"/downloadables/{item}").json["file_name"] == "album.zip"
    in_library = api.get(link(made, "fx:library_file")).json
    assert (in_library["file_name"], in_library["title"]) == ("booklet.pdf", "Booklet")


def test_the_first_file_is_the_main_one(api):
    item = api.add(code="empty")
    data = {"file": part(b"first", "first.txt"), "alt": "The first"}
    made = api.post(f"/downloadables/{item}/files", data=data).json
    assert (made["is_main"], made["alt"]) == (True, "The first")
    shown = api.get(f"/downloadables/{item}").json
    assert (shown["file_name"], shown["version"]) == ("first.txt", 1)


def test_a_new_main_file_is_a_new_version(api, item):
    [main] = files_of(api, item)
    data = {"file": part(b"remastered", "album2.zip")}
    changed = api.patch(link(main), data=data).json
    assert changed["file_name"] == "album2.zip"
    shown = api.get(f"/downloadables/{item}").json
    assert (shown["file_name"], shown["version"]) == ("album2.zip", 2)
    assert api.get(link(main, "fx:file")).data == b"remastered"


def test_a_file_of_the_library_can_be_of_several_downloadables(api, item, stored):
    note = stored()
    other = api.add(code="other")
    for owner in (item, other):
        values = {"library_file_uri": link(note)}
        made = api.post(f"/downloadables/{owner}/files", json=values)
        assert made.status_code == 201
    assert [file["is_main"] for file in files_of(api, other)] == [True]
    assert api.get(f"/downloadables/{other}/file").data == b"in the library"
    refused = api.delete(link(note))
    assert refused.status_code == 409
    assert "1 file of downloadables" in refused.text
    api.delete(link(files_of(api, item)[1]))
    assert api.delete(link(note)).status_code == 200
    # The version has the same blob.
    assert api.get(f"/downloadables/{other}/file").data == b"in the library"


def test_a_blob_goes_with_the_last_that_has_it(api, data_dir, stored):
    note = stored()
    other = api.add(code="other")
    values = {"library_file_uri": link(note)}
    api.post(f"/downloadables/{other}/files", json=values)
    before = len(blobs(data_dir))
    api.delete(link(note))
    assert len(blobs(data_dir)) == before
    api.delete(f"/downloadables/{other}")
    assert len(blobs(data_dir)) == before - 1


def test_a_file_elsewhere_needs_a_name(api, item):
    values = {"url": "https://cdn.example/a.zip"}
    path = f"/downloadables/{item}/files"
    refused = api.post(path, json=values)
    assert (refused.status_code, api.errors(refused)) == (422, {"name": "required"})
    made = api.post(path, json={**values, "name": "A"})
    assert made.status_code == 201
    answer = api.get(link(made.json, "fx:file"))
    assert (answer.status_code, answer.headers["Location"]) == (302, values["url"])


@pytest.mark.parametrize(
    ("values", "errors"),
    [
        ({}, {"file": "required"}),
        ({"library_file_id": 99}, {"library_file_uri": "not_found"}),
        ({"uuid": "x"}, {"uuid": "invalid"}),
        ({"nmae": "x"}, {"nmae": "unknown"}),
    ],
)
def test_what_is_wrong_is_said(api, item, values, errors):
    refused = api.post(f"/downloadables/{item}/files", json=values)
    assert (refused.status_code, api.errors(refused)) == (422, errors)
    assert len(files_of(api, item)) == 1


def test_a_file_has_one_source(api, item, stored):
    both = {"url": "https://a.example/", "name": "A", "library_file_uri": "x"}
    both["library_file_uri"] = link(stored())
    path = f"/downloadables/{item}/files"
    assert api.errors(api.post(path, json=both)) == {"url": "exclusive"}
    data = {"library_file_uri": both["library_file_uri"], "file": part(b"a", "a")}
    refused = api.post(path, data=data)
    assert refused.status_code == 422
    assert len(files_of(api, item)) == 1


def test_one_source_takes_the_place_of_another(api, attach, stored):
    made = attach()
    href = link(made)
    values = {"url": "https://cdn.example/b.pdf", "name": "B"}
    changed = api.patch(href, json=values).json
    assert (changed["url"], changed["library_file_uri"]) == (values["url"], None)
    assert changed["file_name"] is None
    note = link(stored())
    changed = api.patch(href, json={"library_file_uri": note}).json
    assert (changed["url"], changed["library_file_uri"]) == (None, note)
    refused = api.patch(href, json={"library_file_uri": None})
    assert api.errors(refused) == {"file": "required"}
    assert api.put(href, json=api.get(href).json).status_code == 200


def test_another_store_cannot_have_it(api, other_api, item, stored):
    note = stored()
    assert other_api.get(link(note)).status_code == 404
    assert other_api.get(link(note, "fx:file")).status_code == 404
    [main] = files_of(api, item)
    for method in ("GET", "PATCH", "DELETE"):
        assert other_api.request(method, link(main)).status_code == 404
    store = other_api.get("/stores").json["_embedded"]["fx:stores"][0]["_links"]
    categories = other_api.get(
        f"{store['fx:item_categories']['href']}?item_delivery_type=downloaded"
    ).json
    made = other_api.post(
        store["fx:downloadables"]["href"],
        json={
            "name": "A",
            "code": "a",
            "price": 1,
            "item_category_uri": _category(other_api, store, categories),
        },
    )
    refused = other_api.post(
        f"{made.headers['Location']}/files", json={"library_file_uri": link(note)}
    )
    assert other_api.errors(refused) == {"library_file_uri": "not_found"}


def _category(api, store, found):
    if found["total_items"]:
        return link(found["_embedded"]["fx:item_categories"][0])
    values = {
        "code": "D",
        "name": "D",
        "item_delivery_type": "downloaded",
        "max_downloads_per_customer": 0,
        "max_downloads_time_period": 0,
    }
    made = api.post(store["fx:item_categories"]["href"], json=values)
    return made.headers["Location"]


def test_archived_ones_are_left_out(api, item, attach):
    made = attach()
    archived = api.patch(link(made), json={"is_archived": True}).json
    assert archived["date_archived"]
    assert len(files_of(api, item)) == 1
    assert len(files_of(api, item, is_archived="true")) == 1
    again = api.patch(link(made), json={"is_archived": False}).json
    assert again["date_archived"] is None


def test_where_the_main_one_goes_the_next_takes_its_place(api, item, attach):
    made = attach()
    [main, _] = files_of(api, item)
    assert api.delete(link(main)).status_code == 200
    assert api.get(link(main)).status_code == 404
    shown = api.get(f"/downloadables/{item}").json
    assert (shown["file_name"], shown["version"]) == ("booklet.pdf", 2)
    [left] = files_of(api, item)
    assert (link(left), left["is_main"]) == (link(made), True)
    assert api.delete(link(left)).status_code == 200
    assert files_of(api, item) == []
    assert api.get(f"/downloadables/{item}").json["file_name"] is None
    # What was there can be restored.
    versions = api.get(f"/downloadables/{item}/versions").json
    first = versions["_embedded"]["fx:versions"][0]
    assert api.post(link(first)).status_code == 200
    assert files_of(api, item)[0]["file_name"] == "album.zip"


def test_a_change_changes_the_tags_of_all_that_show_it(api, item, attach):
    paths = (f"/downloadables/{item}", f"/downloadables/{item}/files")
    before = [api.get(path).headers["ETag"] for path in paths]
    zoomed = f"/downloadables/{item}?zoom=files"
    assert len(api.get(zoomed).json["_embedded"]["fx:files"]) == 1
    tag = api.get(zoomed).headers["ETag"]
    made = attach()
    assert len(api.get(zoomed).json["_embedded"]["fx:files"]) == 2
    assert api.get(zoomed).headers["ETag"] != tag
    after = [api.get(path).headers["ETag"] for path in paths]
    assert all(one != other for one, other in zip(before, after, strict=True))
    [main, _] = files_of(api, item)
    tag = api.get(link(main)).headers["ETag"]
    api.put(f"/downloadables/{item}/file", data=b"another")
    assert api.get(link(main)).headers["ETag"] != tag
    assert api.get(link(made)).status_code == 200


def test_a_uuid_can_be_brought_along_and_is_unique(api, item, attach):
    uuid = "CD13E33F-95e4-48fd-838f-28c8c65d4828"
    assert attach(uuid=uuid)["uuid"] == uuid.lower()
    values = {"uuid": uuid, "url": "https://a.example/", "name": "A"}
    refused = api.post(f"/downloadables/{item}/files", json=values)
    assert refused.status_code == 409
    made = api.add(code="b", uuid=uuid)
    assert api.get(f"/downloadables/{made}").json["uuid"] == uuid.lower()
    taken = {"name": "B", "code": "c", "price": 1, "item_category_id": 2, "uuid": uuid}
    refused = api.post("/stores/1/downloadables", json=taken)
    assert refused.status_code == 409


# -- the library ---------------------------------------------------------------------


def test_the_library_lists_what_belongs_to_none(api, item, stored):
    assert api.get("/stores/1/library_files").json["total_items"] == 0
    note = stored(alt="A note")
    page = api.get("/stores/1/library_files").json
    assert page["total_items"] == 1
    assert page["_embedded"]["fx:library_files"] == [api.get(link(note)).json]
    assert api.get(link(note, "fx:file")).data == b"in the library"
    changed = api.patch(link(note), json={"title": "Note"}).json
    assert (changed["title"], changed["alt"]) == ("Note", "A note")


def test_a_library_file_is_nothing_without_its_file(api, stored):
    for body in ({}, [{}]):
        refused = api.post("/stores/1/library_files", json=body)
        assert refused.status_code in {207, 422}
        assert "send it as a file part" in refused.text
    refused = api.patch(link(stored()), data={"file": part(b"x", "x")})
    assert api.errors(refused) == {"file": "fixed"}
    assert api.get("/stores/1/library_files").json["total_items"] == 1


def test_a_slot_takes_a_file_for_the_library(api, anonymous):
    store = api.get("/stores/1").json
    made = api.post(link(store, "fx:create_upload_url"), json={"file_name": "a.pdf"})
    assert made.status_code == 201
    left = anonymous.put(made.json["upload_url"], data=b"pdf")
    assert left.json["message"] == "a.pdf is in the library now."
    assert api.get(link(left.json, "fx:library_file")).json["file_name"] == "a.pdf"
    assert anonymous.put(made.json["upload_url"], data=b"pdf").status_code == 410


def test_md5_of_a_file_is_compared(api, anonymous):
    store = api.get("/stores/1").json
    href = link(store, "fx:create_upload_url")
    url = api.post(href, json={}).json["upload_url"]
    wrong = {"Content-MD5": "XrY7u+Ae7tCTyyK7j1rNww=="}
    assert anonymous.put(url, data=b"pdf", headers=wrong).status_code == 400
    digest = hashlib.md5(b"pdf", usedforsecurity=False).digest()
    right = {"Content-MD5": base64.b64encode(digest).decode()}
    assert anonymous.put(url, data=b"pdf", headers=right).status_code == 200


def test_a_store_with_a_library_is_not_deleted(other_api, stored):
    [store] = other_api.get("/stores").json["_embedded"]["fx:stores"]
    data = {"file": part(b"x", "x")}
    other_api.post(link(store, "fx:library_files"), data=data)
    refused = other_api.delete(link(store))
    assert refused.status_code == 409
    assert "1 library_file" in refused.text


# -- what customers get ---------------------------------------------------------------


def test_a_customer_gets_each_file_as_often_as_allowed(api, anonymous, bought, attach):
    attach()
    page = anonymous.get(link(bought, "fx:purchased_files")).json
    main, booklet = page["_embedded"]["fx:purchased_files"]
    assert [file["name"] for file in (main, booklet)] == ["album.zip", "booklet.pdf"]
    assert [file["downloads_left"] for file in (main, booklet)] == [1, 1]
    assert anonymous.get(link(booklet, "fx:download_url")).data == b"booklet"
    assert anonymous.get(link(main, "fx:download_url")).data == MAIN
    page = anonymous.get(link(bought, "fx:purchased_files")).json
    left = [f["downloads_left"] for f in page["_embedded"]["fx:purchased_files"]]
    assert left == [0, 0]
    # The same download goes on.
    assert anonymous.get(link(booklet, "fx:download_url")).status_code == 200
    api.post(link(bought, "fx:reset_usage"))
    page = anonymous.get(link(bought, "fx:purchased_files")).json
    left = [f["downloads_left"] for f in page["_embedded"]["fx:purchased_files"]]
    assert left == [1, 1]


@pytest.mark.parametrize("settings", [{"download_session_minutes": 0}])
def test_a_further_file_has_a_limit_of_its_own(anonymous, bought, attach):
    attach()
    page = anonymous.get(link(bought, "fx:purchased_files")).json
    booklet = link(page["_embedded"]["fx:purchased_files"][1], "fx:download_url")
    assert anonymous.get(booklet).status_code == 200
    refused = anonymous.get(booklet)
    assert refused.status_code == 410
    assert "all have been used" in refused.text
    assert anonymous.get(link(bought, "fx:download_url")).data == MAIN


def test_the_plain_link_gives_the_main_file(anonymous, bought, attach):
    attach()
    assert anonymous.get(link(bought, "fx:download_url")).data == MAIN


def test_a_browser_is_shown_all_files(anonymous, bought, attach):
    attach(name="b<o>oklet.pdf", title="The booklet")
    answer = anonymous.get(link(bought, "fx:download_url"), accept=PAGE)
    assert answer.status_code == 303
    page = anonymous.get(answer.headers["Location"], accept=PAGE)
    assert page.headers["Content-Type"].startswith("text/html")
    assert "album.zip" in page.text
    # Each with a button, and in words.
    assert page.text.count('class="button main"') == 2
    assert "1 download left" in page.text
    assert "7 bytes" in page.text
    assert "<o>" not in page.text
    assert page.headers["Cache-Control"] == "private, no-store"


def test_the_page_is_in_the_customers_language_and_says_what_is_over(
    api, installation, item, anonymous, bought, attach
):
    attach()
    arabic = {"language": "ar", "name": "ألبوم", "description": "كل الأغاني"}
    api.post(f"/downloadables/{item}/translations", json=arabic)
    path = link(bought, "fx:purchased_files")
    headers = {"Accept-Language": "ar", "Accept": PAGE}
    page = anonymous.get(path, headers=headers)
    assert "ألبوم" in page.text
    assert page.headers["Content-Language"] == "ar"
    assert (
        anonymous.get(path, headers={"Accept-Language": "ar"}).json["name"] == "ألبوم"
    )
    anonymous.get(link(bought, "fx:download_url"))
    # It might have broken off.
    assert anonymous.get(path, headers=headers).text.count('class="button main"') == 2
    api.post(link(bought, "fx:reset_usage"))
    api.patch(link(bought), json={"max_downloads": 2})
    with installation.database.writing() as tx:
        number = int(link(bought).rpartition("/")[2])
        purchases.set_usage(tx, purchases.find_purchase(tx, ALL, number), 2)
    again = anonymous.get(path, headers=headers).text
    assert again.count('class="button main"') == 1
    assert "no downloads left" in again
    assert "You can download until" in again
    api.patch(link(bought), json={"expires_at": "2020-01-01T00:00:00Z"})
    assert anonymous.get(path, headers=headers).status_code == 410


def test_a_browser_gets_a_single_file_at_once(anonymous, bought):
    answer = anonymous.get(link(bought, "fx:download_url"), accept=PAGE)
    assert answer.data == MAIN


@pytest.mark.parametrize("accept", FORMATS.values())
def test_every_format_lists_what_was_bought(anonymous, bought, attach, accept):
    attach()
    answer = anonymous.get(link(bought, "fx:purchased_files"), accept=accept)
    assert answer.status_code == 200
    assert answer.text.count("booklet.pdf") >= 1


def test_a_signed_link_is_for_all_files(api, anonymous, bought, attach):
    attach()
    signed = api.post(link(bought, "fx:create_signed_url"), json={}).json["signed_url"]
    answer = anonymous.get(signed, accept=PAGE)
    page = anonymous.get(answer.headers["Location"], accept="application/json").json
    booklet = page["_embedded"]["fx:purchased_files"][1]
    assert anonymous.get(link(booklet, "fx:download_url")).data == b"booklet"


def test_no_link_leads_to_the_files_of_others(api, anonymous, bought, attach):
    attach()
    other = api.upload(b"other", "other.txt", code="other")
    [file] = files_of(api, other)
    address = link(bought, "fx:download_url")
    for number in (link(file).rpartition("/")[2], "999", "x", "-1", "1" * 30):
        assert anonymous.get(f"{address}&file={number}").status_code == 404


def test_a_revoked_purchase_lists_nothing(api, anonymous, bought, attach):
    attach()
    api.patch(link(bought), json={"is_active": False})
    assert anonymous.get(link(bought, "fx:purchased_files")).status_code == 410
    assert anonymous.get("/dl/files?p=nobody").status_code == 404


def test_files_elsewhere_are_counted_each(api, item, anonymous, bought):
    for name in "AB":
        values = {"url": f"https://cdn.example/{name}", "name": name}
        api.post(f"/downloadables/{item}/files", json=values)
    page = anonymous.get(link(bought, "fx:purchased_files")).json
    for file in page["_embedded"]["fx:purchased_files"][1:]:
        answer = anonymous.get(link(file, "fx:download_url"))
        assert answer.status_code == 302
        assert answer.headers["Location"].endswith(file["name"])
    assert api.get(f"/downloadables/{item}").json["number_of_downloads"] == 2


# -- what readers found ----------------------------------------------------------------


def test_several_at_once_are_several(api):
    path = f"/downloadables/{api.add(code='empty')}/files"
    both = [{"name": n, "url": f"https://cdn.example/{n}"} for n in "ab"]
    answer = api.post(path, json=both)
    assert answer.status_code == 201
    page = api.get(path).json["_embedded"]["fx:files"]
    assert [(f["name"], f["is_main"]) for f in page] == [("a", True), ("b", False)]


def test_an_address_that_was_set_on_the_downloadable_needs_no_name(api):
    item = api.add(code="elsewhere", url="https://cdn.example/a.zip")
    [main] = files_of(api, item)
    assert api.put(link(main), json=main).status_code == 200
    assert api.patch(link(main), json={"title": "T"}).json["title"] == "T"
    download = {"download": {"title": "U"}}
    path = f"/surecart/v1/downloads/{main['uuid']}"
    assert api.patch(path, json=download).json["title"] == "U"
    refused = api.patch(link(main), json={"url": None})
    assert api.errors(refused) == {"file": "required"}
    refused = api.patch(path, json={"download": {"url": None}})
    assert refused.status_code == 422
    assert files_of(api, item)[0]["url"] == "https://cdn.example/a.zip"


def test_one_that_is_back_on_the_shelf_may_be_the_main_one(api, item, attach):
    made = attach()
    api.patch(link(made), json={"is_archived": True})
    api.delete(link(files_of(api, item)[0]))
    assert api.get(f"/downloadables/{item}").json["file_name"] is None
    api.patch(link(made), json={"is_archived": False})
    assert api.get(f"/downloadables/{item}").json["file_name"] == "booklet.pdf"
    found = api.get("/stores/1/downloadables", query_string={"search": "booklet"})
    assert found.json["total_items"] == 1


@pytest.mark.parametrize("settings", [{"download_session_minutes": 0}])
def test_what_becomes_the_main_file_is_counted_on(api, item, anonymous, bought, attach):
    attach()
    page = anonymous.get(link(bought, "fx:purchased_files")).json
    booklet = link(page["_embedded"]["fx:purchased_files"][1], "fx:download_url")
    assert anonymous.get(booklet).data == b"booklet"
    api.delete(link(files_of(api, item)[0]))
    shown = api.get(link(bought)).json
    assert shown["number_of_downloads"] == 1
    assert anonymous.get(link(bought, "fx:download_url")).status_code == 410


@pytest.mark.parametrize("settings", [{"download_session_minutes": 60}])
def test_who_was_promised_a_version_keeps_count_and_file(api, item, anonymous, attach):
    attach()
    [version] = api.get(f"/downloadables/{item}/versions").json["_embedded"][
        "fx:versions"
    ]
    promised = {
        "downloadable_id": item,
        "version_uri": link(version),
        "max_downloads": 1,
    }
    bought = api.post("/stores/1/downloadable_purchases", json=promised).json
    assert anonymous.get(link(bought, "fx:download_url")).data == MAIN
    api.delete(link(files_of(api, item)[0]))
    assert api.get(link(bought)).json["number_of_downloads"] == 1


def test_a_download_goes_on_while_its_file_becomes_the_main_one(
    api, item, anonymous, bought, attach
):
    attach()
    page = anonymous.get(link(bought, "fx:purchased_files")).json
    booklet = link(page["_embedded"]["fx:purchased_files"][1], "fx:download_url")
    assert anonymous.get(booklet, headers={"Range": "bytes=0-1"}).data == b"bo"
    api.delete(link(files_of(api, item)[0]))
    assert anonymous.get(booklet, headers={"Range": "bytes=2-"}).data == b"oklet"


def test_a_window_without_an_end_is_no_obstacle(api, item, anonymous, attach):
    attach()
    endless = {"downloadable_id": item, "download_window_hours": 2**31 - 1}
    bought = api.post("/stores/1/downloadable_purchases", json=endless).json
    page = anonymous.get(link(bought, "fx:purchased_files"), accept=PAGE)
    assert page.status_code == 200
    assert "until" not in page.text
    for file in ("1", "2", "x"):
        same = anonymous.get(link(bought, "fx:purchased_files") + f"&file={file}")
        assert len(same.json["_embedded"]["fx:purchased_files"]) == 2
        href = same.json["_embedded"]["fx:purchased_files"][1]["_links"]["self"]["href"]
        assert anonymous.get(href).status_code == 200


def test_one_file_attached_twice_is_two_downloads(api, item, anonymous, bought, stored):
    note = link(stored())
    for _ in range(2):
        api.post(f"/downloadables/{item}/files", json={"library_file_uri": note})
    page = anonymous.get(link(bought, "fx:purchased_files")).json
    for file in page["_embedded"]["fx:purchased_files"]:
        anonymous.get(link(file, "fx:download_url"))
    page = anonymous.get(link(bought, "fx:purchased_files")).json
    left = [f["downloads_left"] for f in page["_embedded"]["fx:purchased_files"]]
    assert left == [0, 0, 0]


def test_a_file_that_goes_while_it_is_fetched_is_refused(
    api, installation, item, bought, attach
):
    """Between looking it up and counting it, a merchant deleted it."""
    made = attach()
    number = int(link(bought).rpartition("/")[2])
    file_id = int(link(made).rpartition("/")[2])
    with installation.database.reading() as db:
        record = downloads.get_unscoped(db, number, file_id)
    api.delete(link(made))
    customer = downloads.Customer("", "")
    with pytest.raises(PurchaseRevoked):
        downloads.begin_download(installation.database, record, customer, minutes=60)


def test_what_was_announced_is_what_comes(api, anonymous):
    digest = base64.b64encode(hashlib.md5(b"song", usedforsecurity=False).digest())
    blob = {"filename": "a", "byte_size": 4, "checksum": digest.decode()}
    path = "/surecart/v1/direct_upload/private"
    url = api.post(path, json={"blob": blob}).json["direct_upload"]["url"]
    for content, status in ((b"evil", 400), (b"a song", 422), (b"song", 200)):
        # A header that says otherwise is of no use.
        sent = base64.b64encode(hashlib.md5(content, usedforsecurity=False).digest())
        headers = {"Content-MD5": sent.decode()}
        answer = anonymous.put(url, data=content, headers=headers)
        assert answer.status_code == status, answer.text
    url = api.post(path, json={"blob": blob}).json["direct_upload"]["url"]
    form = {"file": part(b"song", "a")}
    assert anonymous.post(url, data=form).status_code == 400


def test_uploads_under_way_go_with_their_store(
    other_api, operator, anonymous, data_dir
):
    [store] = other_api.get("/stores").json["_embedded"]["fx:stores"]
    url = other_api.post(link(store, "fx:create_upload_url"), json={}).json[
        "upload_url"
    ]
    tus = {"Tus-Resumable": "1.0.0", "Upload-Length": "10"}
    assert anonymous.post(url, headers=tus).status_code == 201
    before = len(blobs(data_dir))
    assert operator.delete(link(store)).status_code == 200
    assert len(blobs(data_dir)) == before - 1
