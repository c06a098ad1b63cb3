"""Which forms a page has, in which order, and what is in their inputs."""

from dataclasses import replace

import pytest

from representations import Action, Display, Failure, Field, Link, Resource, Viewer
from representations.html.forms import page_forms

ADDRESS = "http://shop.example/songs"
JSON, MULTIPART = "application/json", "multipart/form-data"
DISPLAY = Display(
    heading="Song",
    many="songs",
    named_by="name",
    labels={"name": "Title", "price": "Price"},
    kinds={"price": "money"},
    help={},
    columns=(),
    groups=[("", ("name", "price")), ("Limits", ("most",)), ("Nothing", ("absent",))],
    sortable=frozenset(),
)
NAME = Field("name", "Name", "text", "Night")
PRICE = Field("price", "Price", "number", 4)
MOST = Field("most", "Most", "number")
OTHER = Field("other", "Other", "checkbox", False)
FILE = Field("file", "File", "file")
FIELDS = (OTHER, NAME, PRICE, MOST)
CREATE = Action("create-song", "Create", "POST", ADDRESS, JSON, FIELDS, ("create",))
UPLOAD = Action(
    "create-song-with-file",
    *("Create With File", "POST", ADDRESS, MULTIPART, (*FIELDS, FILE), ("create",)),
)
UPDATE = Action(
    "update-song", "Update", "PATCH", f"{ADDRESS}/1", JSON, FIELDS, ("update",)
)
REPLACE = Action(
    "replace-song", "Replace", "PUT", f"{ADDRESS}/1", JSON, FIELDS, ("update",)
)
DELETE = Action(
    "delete-song", "Delete", "DELETE", f"{ADDRESS}/1", None, (), ("delete",)
)
SEND = Action(
    "upload-file", "Upload", "PATCH", f"{ADDRESS}/1", MULTIPART, (FILE,), ("update",)
)
FILTER = Action("filter-songs", "Filter", "GET", ADDRESS, None, (NAME,), ("filter",))
RAW = Action("upload-raw", "Raw", "PUT", f"{ADDRESS}/1", "application/octet-stream")


def song(*actions, **values):
    return Resource(
        href=f"{ADDRESS}/1",
        actions=actions,
        display=DISPLAY,
        etag='"3"',
        properties={"name": "Night", "price": 4, **values},
    )


def songs(*actions):
    return Resource(href=ADDRESS, actions=actions, properties={"total_items": 0})


def names(forms):
    return [form.action.name for form in forms]


def test_people_change_and_delete_programs_replace():
    page = page_forms(song(UPDATE, REPLACE, DELETE, FILTER, RAW), Viewer({}))
    assert names(page.main) == ["update-song", "delete-song"]
    assert names(page.further) == ["replace-song"]
    assert page.filter is FILTER
    assert page.create is None


def test_a_collection_is_added_to_with_the_file_if_there_is_one():
    page = page_forms(songs(CREATE, UPLOAD, FILTER), Viewer({}))
    assert page.create.action is UPLOAD
    assert page.create.is_multipart
    assert names(page.main) == []
    assert names(page.further) == ["create-song"]
    assert page_forms(songs(CREATE), Viewer({})).create.action is CREATE


def test_only_what_changes_something_that_is_there_has_its_etag():
    page = page_forms(song(UPDATE, DELETE, CREATE), Viewer({}))
    assert {form.action.name: form.etag for form in page.main} == {
        "update-song": '"3"',
        "delete-song": '"3"',
        "create-song": "",
    }


def test_inputs_are_grouped_and_the_rest_is_folded():
    [form] = page_forms(song(UPDATE), Viewer({})).main
    assert [(t, [i.field.name for i in inputs]) for t, inputs in form.groups] == [
        ("", ["name", "price"]),
        ("Limits", ["most"]),
        ("More", ["other"]),
    ]
    found = {i.field.name: i for _, inputs in form.groups for i in inputs}
    assert (found["name"].label, found["name"].value) == ("Title", "Night")
    assert (found["price"].value, found["price"].step) == ("4", "any")
    assert (found["most"].label, found["most"].value) == ("Most", "")
    assert found["most"].step == "1"
    assert found["other"].choices == [("true", "Yes"), ("false", "No")]
    assert found["other"].value == "false"
    assert found["price"].type == "number"
    assert found["name"].type == "text"


def test_without_a_display_all_inputs_are_in_one_group():
    [form] = page_forms(replace(song(UPDATE), display=None), Viewer({})).main
    assert [(t, len(inputs)) for t, inputs in form.groups] == [("", 4)]
    assert form.groups[0][1][1].label == "Name"


@pytest.mark.parametrize(
    ("field", "choices"),
    [
        (Field("a", "A", options=("x", "y")), [("x", "x"), ("y", "y")]),
        (Field("a", "A", choices=(("/1", "One"),)), [("/1", "One")]),
        (Field("a", "A"), []),
    ],
)
def test_legal_values_have_names(field, choices):
    action = replace(UPDATE, fields=(field,))
    [form] = page_forms(song(action), Viewer({})).main
    assert form.groups[0][1][0].choices == choices


FAILURE = Failure(
    method="PATCH",
    href=f"{ADDRESS}/1?x=1",
    typed={"name": "Day", "price": "x"},
    problems=(("price", "price must be a number"), ("", "the disk is full")),
    is_stale=False,
    is_multipart=False,
)


def test_a_refused_form_is_open_with_what_was_typed_and_what_is_wrong():
    page = page_forms(song(SEND, UPDATE), Viewer({}, failure=FAILURE))
    [sent, form] = page.main
    assert (sent.is_open, form.is_open) == (False, True)
    found = {i.field.name: i for _, inputs in form.groups for i in inputs}
    assert (found["name"].value, found["name"].error) == ("Day", "")
    assert (found["price"].value, found["price"].error) == (
        "x",
        "price must be a number",
    )
    assert found["most"].value == ""
    assert form.general_errors == ["the disk is full"]
    assert sent.general_errors == []
    assert page.problems == ()


def test_a_stale_form_shows_what_there_is_beside_what_was_typed():
    stale = replace(FAILURE, typed={"name": "Day", "price": "4"}, is_stale=True)
    [form] = page_forms(song(UPDATE), Viewer({}, failure=stale)).main
    found = {i.field.name: i for _, inputs in form.groups for i in inputs}
    assert (found["name"].value, found["name"].current) == ("Day", "Night")
    assert found["price"].current is None
    assert found["most"].current is None


def test_the_form_that_was_sent_is_the_one_that_failed():
    sent = replace(FAILURE, is_multipart=True)
    page = page_forms(song(UPDATE, SEND), Viewer({}, failure=sent))
    assert [form.is_open for form in page.main] == [False, True]
    elsewhere = replace(FAILURE, href=f"{ADDRESS}/2")
    page = page_forms(song(UPDATE), Viewer({}, failure=elsewhere))
    assert page.problems == ["price must be a number", "the disk is full"]
    assert not page.main[0].is_open


def test_a_refused_replacement_is_shown_with_the_forms_of_people():
    sent = replace(FAILURE, method="PUT")
    page = page_forms(song(UPDATE, REPLACE), Viewer({}, failure=sent))
    assert names(page.main) == ["update-song", "replace-song"]


def test_a_file_can_be_sent_in_pieces_where_there_are_upload_slots():
    slots = [Link("fx:create_upload_url", f"{ADDRESS}/1/upload_url")]
    with_slots = replace(song(SEND, UPDATE), links=slots)
    found = {
        f.action.name: f.is_resumable for f in page_forms(with_slots, Viewer({})).main
    }
    assert found == {"upload-file": True, "update-song": False}
    [form] = page_forms(song(SEND), Viewer({})).main
    assert not form.is_resumable
    assert page_forms(songs(CREATE, UPLOAD), Viewer({})).create.is_resumable
    assert not page_forms(songs(UPLOAD), Viewer({})).create.is_resumable
