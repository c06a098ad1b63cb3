"""Forms of pages: each action as a person sends it, and what is said of mistakes."""

import html
import io
import re

import pytest

from app.services import scopes
from tests.browsing import Person
from tests.conftest import token_for

LIST = "/stores/1/downloadables"


@pytest.fixture
def person(app, api):
    person = Person(app.test_client())
    person.sign_in(api.token)
    return person


def text_of(answer):
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", answer.text)))


def value_of(answer, name):
    """Give what a form has in an input, a selection or an area of text."""
    found = re.search(rf'<input [^>]*?value="([^"]*)"[^>]*? name="{name}"', answer.text)
    if found:
        return html.unescape(found[1])
    found = re.search(rf'name="{name}"[^>]*>\n?([^<]*)</textarea>', answer.text)
    return html.unescape(found[1]) if found else None


def test_a_change_leads_to_the_page_which_says_so(person, api):
    path = f"/downloadables/{api.add()}"
    person.get(path)
    answer = person.send("PATCH", path, {"name": "Renamed", "price": "4.50"})
    assert (answer.status_code, answer.headers["Location"]) == (
        303,
        f"http://localhost{path}",
    )
    page = person.get(path)
    assert "Saved." in page.text
    assert "$4.50" in page.text
    # It is said once.
    assert "Saved." not in person.get(path).text
    assert api.get(path).json["name"] == "Renamed"


def test_a_mistake_stays_on_the_form_with_what_was_typed(person, api):
    path = f"/downloadables/{api.add()}"
    person.get(path)
    typed = {"name": '<New> & "it"', "price": "4,50 €", "description": "two\nlines"}
    answer = person.send("PATCH", path, typed)
    assert answer.status_code == 422
    assert "It was not saved." in answer.text
    assert "price must be a decimal number such as 9.95" in text_of(answer)
    for name, value in typed.items():
        assert value_of(answer, name) == value
    assert 'aria-invalid="true"' in answer.text
    assert api.get(path).json["name"] == "Unicorn"
    # The page itself is as before, and says nothing of it.
    assert "It was not saved." not in person.get(path).text


def test_an_empty_field_stays_empty_on_the_form(person, api):
    path = f"/downloadables/{api.add(description='before')}"
    person.get(path)
    answer = person.send(
        "PATCH", path, {"name": "", "description": "", "price": "x", "code": "c"}
    )
    assert answer.status_code == 422
    assert value_of(answer, "description") == ""


def test_one_is_added_with_its_file_or_told_what_is_missing(person, api):
    page = person.get(LIST)
    assert "No downloadables yet." in page.text
    assert "Add the first file that you want to sell." in page.text
    values = {
        "_csrf_token": person.token,
        "name": "Song",
        "code": "song",
        "price": "1",
        "item_category_uri": "http://localhost/item_categories/2",
    }
    empty = {**values, "file": (io.BytesIO(b""), "")}
    answer = person.client.post(LIST, data=empty, headers={"Accept": "text/html"})
    assert answer.status_code == 422
    assert "file can't be blank" in text_of(answer)
    assert value_of(answer, "name") == "Song"
    whole = {**values, "file": (io.BytesIO(b"la la"), "song.mp3")}
    answer = person.client.post(LIST, data=whole, headers={"Accept": "text/html"})
    assert answer.status_code == 303, answer.text
    assert answer.headers["Location"] == "http://localhost/downloadables/1"
    assert api.get("/downloadables/1/file").data == b"la la"


def test_what_somebody_else_changed_meanwhile_is_shown_beside(person, api):
    path = f"/downloadables/{api.add()}"
    page = person.get(path)
    tag = html.unescape(re.search(r'name="_if_match" value="([^"]+)"', page.text)[1])
    api.patch(path, json={"name": "Theirs", "price": 7})
    typed = {"_if_match": tag, "name": "Mine", "price": "10"}
    answer = person.send("PATCH", path, typed)
    assert answer.status_code == 412
    assert "Somebody changed this while you were editing it." in text_of(answer)
    assert "Now it is Theirs ." in text_of(answer)
    assert value_of(answer, "name") == "Mine"
    assert api.get(path).json["name"] == "Theirs"
    # The form has the new tag: to save again is to choose.
    tag = html.unescape(re.search(r'name="_if_match" value="([^"]+)"', answer.text)[1])
    again = person.send("PATCH", path, {**typed, "_if_match": tag})
    assert again.status_code == 303
    assert api.get(path).json["name"] == "Mine"


def test_deleting_asks_once_and_leads_to_the_list(person, api):
    path = f"/downloadables/{api.add()}"
    page = person.get(path)
    assert "Yes, delete it" in page.text
    answer = person.send("DELETE", path, {})
    assert answer.headers["Location"] == f"http://localhost{LIST}"
    assert "Downloadable 1 is deleted." in person.get(LIST).text
    assert api.get(path).status_code == 404


def test_what_cannot_be_deleted_says_why_on_its_page(person, api):
    path = "/item_categories/2"
    api.add()
    answer = person.send("DELETE", path, {})
    assert answer.status_code == 409
    assert "cannot be deleted" in text_of(answer)


@pytest.mark.parametrize(
    ("change", "property_", "value"),
    [
        ({"_change": "is_archived=true"}, "is_archived", True),
        ({"_change": "is_published=false"}, "is_published", False),
    ],
)
def test_several_are_changed_at_once(person, api, change, property_, value):
    numbers = [api.add(code=f"c{i}") for i in range(3)]
    page = person.get(LIST)
    assert page.text.count('name="_ids"') == 3
    data = {"_ids": [str(n) for n in numbers[:2]], **change}
    answer = person.post(LIST, data)
    assert answer.status_code == 303, answer.text
    found = [api.get(f"/downloadables/{n}").json[property_] for n in numbers]
    assert found == [value, value, not value]


def test_several_are_deleted_at_once(person, api):
    numbers = [api.add(code=f"c{i}") for i in range(3)]
    person.get(LIST)
    data = {"_method": "DELETE", "_ids": [str(n) for n in numbers[1:]]}
    assert person.post(LIST, data).status_code == 303
    assert api.get(LIST).json["total_items"] == 1


def test_nothing_selected_is_said_on_the_page(person, api):
    api.add()
    person.get(LIST)
    answer = person.post(LIST, {"_change": "is_archived=true"})
    assert answer.status_code == 400
    assert "list the ids to change" in text_of(answer)


def test_a_table_for_spreadsheets_is_a_form_with_its_token(person, api):
    api.add()
    person.get(LIST)
    answer = person.post(f"{LIST}?format=csv&order=name", {"_method": "GET"})
    assert answer.status_code == 200
    assert answer.content_type == "text/csv; charset=utf-8"
    assert answer.text.removeprefix("\ufeff").startswith("id,")
    forged = person.post(
        f"{LIST}?format=csv", {"_method": "GET", "_csrf_token": "0" * 64}
    )
    assert forged.status_code == 401


def test_a_file_is_fetched_by_a_form_with_its_token(person, api):
    path = f"/downloadables/{api.upload(b'bytes')}"
    person.get(path)
    answer = person.post(f"{path}/file", {"_method": "GET"})
    assert (answer.status_code, answer.data) == (200, b"bytes")


def test_relations_are_chosen_by_name(person, api):
    api.patch("/item_categories/2", json={"name": "E-books & more"})
    page = person.get(LIST)
    assert (
        '<option value="http://localhost/item_categories/2">E-books &amp; more</option>'
        in page.text
    )
    number = api.add()
    item = person.get(f"/downloadables/{number}")
    assert "selected>E-books &amp; more</option>" in item.text


def test_a_reader_is_offered_nothing_to_change(app, api, installation):
    path = f"/downloadables/{api.add()}"
    reader = Person(app.test_client())
    reader.sign_in(token_for(installation, scopes.READER, 1))
    for page in (reader.get(path), reader.get(LIST)):
        assert page.status_code == 200
        assert 'value="PATCH"' not in page.text
        assert 'name="_ids"' not in page.text


HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "{{1111*1111}}${1111*1111}<%= 1111*1111 %>",
    "</textarea><svg onload=alert(1)>",
    "javascript:alert(1)",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_what_a_merchant_writes_is_text_on_every_page(person, api, text):
    number = api.add(name=text, code=text[:50], description=text)
    api.post(f"/downloadables/{number}/attributes", json={"name": text, "value": text})
    api.post(
        "/stores/1/downloadable_purchases",
        json={"downloadable_id": number, "order_id": text, "customer_id": text},
    )
    api.patch("/stores/1", json={"store_name": text[:50]})
    for path in (
        "/",
        "/stores/1",
        LIST,
        f"/downloadables/{number}",
        f"/downloadables/{number}/attributes",
        "/stores/1/downloadable_purchases",
        f"{LIST}?search={text.replace('&', '')}",
        f"{LIST}?{text.replace('&', '').replace('=', '')}=1",
    ):
        page = person.get(path)
        assert page.status_code in {200, 400}, path
        for element in ("<script>alert", "<img src=x", "<svg onload", "onmouseover='"):
            assert element not in page.text, path
        assert 'href="javascript:' not in page.text
        # No template has computed it.
        assert "1234321" not in page.text


# -- what a form cannot do, and what is not offered ------------------------------


def test_a_form_is_never_stored_as_a_file(person, api):
    item = api.upload(b"the song", "song.mp3")
    made = person.post(f"/downloadables/{item}/upload_url", {})
    assert made.status_code == 201
    assert "application/octet-stream" not in made.text
    assert "Upload File" not in made.text
    slot = api.post(f"/downloadables/{item}/upload_url").json["upload_url"]
    for path in (slot.partition("localhost")[2], f"/downloadables/{item}/file"):
        answer = person.send("PUT", path, {})
        assert answer.status_code == 415, path
        assert "a form is not the file itself" in answer.text
    assert api.get(f"/downloadables/{item}/file").data == b"the song"


def test_what_never_changes_is_in_no_form_to_change_it(person, api):
    item = api.upload()
    made = api.post("/stores/1/downloadable_purchases", json={"downloadable_id": item})
    href = made.headers["Location"]
    page = person.get(href).text
    form = page[page.index('id="do-update-downloadable-purchase"') :]
    form = form[: form.index("</form>")]
    assert 'name="order_id"' in form
    assert 'name="downloadable_uri"' not in form
    siren = api.get(href, accept="application/vnd.siren+json").json
    [update] = [a for a in siren["actions"] if a["method"] == "PATCH"]
    assert "downloadable_uri" not in [field["name"] for field in update["fields"]]


def test_links_that_are_shown_lead_somewhere(person, api):
    """Every address of a page can be opened; a file or a change is a button."""
    api.upload()
    seen = {"/"}
    todo = ["/", "/stores/1"]
    while todo and len(seen) < 150:
        page = person.get(todo.pop(0))
        assert page.status_code == 200, page.text
        if not page.content_type.startswith("text/html"):
            continue
        for found in re.findall(r'<a [^>]*href="([^"]+)"', page.text):
            path = (
                html.unescape(found).partition("#")[0].removeprefix("http://localhost")
            )
            if not path.startswith("/") or path in seen:
                continue
            seen.add(path)
            todo.append(path)
    assert len(seen) > 60


def test_how_many_were_changed_is_said(person, api):
    numbers = [api.add(code=f"c{n}") for n in range(2)]
    person.get("/stores/1/downloadables")
    data = {"_change": "is_archived=true", "_ids": [str(n) for n in numbers]}
    answer = person.post("/stores/1/downloadables", data)
    assert answer.status_code == 303, answer.text
    assert "Done for 2." in person.get("/stores/1/downloadables").text


def test_who_signs_in_gets_to_the_dashboard(app, api):
    person = Person(app.test_client())
    assert person.sign_in(api.token).headers["Location"].endswith("/stores/1")
    home = person.get("/").text
    assert "OAuth" not in home
    assert "Get an Access Token" not in home
