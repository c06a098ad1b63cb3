"""`sirenhall user`: people who sign in with a browser, from the command line."""

import json
from urllib.parse import parse_qs, urlsplit

import pytest
from click.testing import CliRunner

from app.cli import main
from tests.browsing import Person
from tests.conftest import environment_for

ADA = "ada@example.com"
PASSWORD = "correct horse battery"


@pytest.fixture
def run(data_dir):
    def invoke(*arguments, code=0, typed=None):
        result = CliRunner().invoke(
            main,
            ["user", *arguments, "--data-dir", str(data_dir)],
            env=environment_for(data_dir),
            input=typed,
        )
        assert result.exit_code == code, result.output
        return result

    return invoke


def people(run):
    return json.loads(run("list", "--json").stdout)["users"]


def sign_in(app, **fields):
    """Return the status of signing in: 303 leads on, 422 is the form again."""
    person = Person(app.test_client())
    person.get("/sign-in")
    return person.post("/sign-in", fields).status_code


def test_a_person_with_a_password_signs_in(run, app):
    run("create", ADA, "--password-stdin", typed=f"{PASSWORD}\n")
    assert sign_in(app, email=ADA, password="something else") == 422
    assert sign_in(app, email=ADA, password=PASSWORD) == 303


def test_without_a_password_an_address_is_printed_that_is_good_once(run, app):
    made = json.loads(run("create", ADA, "--role", "editor", "--json").stdout)
    assert (made["email"], made["role"], made["store_id"]) == (ADA, "editor", 1)
    [code] = parse_qs(urlsplit(made["sign_in_url"]).query)["code"]
    assert sign_in(app, code=code) == 303
    assert sign_in(app, code=code) == 422


def test_people_are_listed_with_their_store_and_role(run):
    run("create", ADA, "--role", "reader")
    [person] = people(run)
    assert person["email"] == ADA
    assert person["role"] == "reader"
    assert person["date_signed_in"] is None
    assert ADA in run("list").stdout


def test_a_changed_password_replaces_the_old_one(run, app):
    run("create", ADA, "--password-stdin", typed=f"{PASSWORD}\n")
    run("password", ADA, "--password-stdin", typed="another good one\n")
    assert sign_in(app, email=ADA, password=PASSWORD) == 422
    assert sign_in(app, email=ADA, password="another good one") == 303


def test_whoever_is_removed_cannot_sign_in(run, app):
    run("create", ADA, "--password-stdin", typed=f"{PASSWORD}\n")
    run("remove", ADA)
    assert people(run) == []
    assert sign_in(app, email=ADA, password=PASSWORD) == 422


@pytest.mark.parametrize(
    ("arguments", "typed", "code", "text"),
    [
        (("create", "ada"), None, 2, "email is not a valid email address"),
        (("create", ADA, "--password-stdin"), "short\n", 2, "password"),
        (("create", ADA, "--store", "99"), None, 1, "there is no store 99"),
        (("create", ADA, "--role", "king"), None, 2, "'king' is not one of 'owner'"),
        (("remove", ADA), None, 1, f"nobody with the address {ADA}"),
        (("password", ADA, "--password-stdin"), f"{PASSWORD}\n", 1, "nobody with"),
    ],
)
def test_a_mistake_is_named_and_changes_nothing(run, arguments, typed, code, text):
    assert text in run(*arguments, code=code, typed=typed).output
    assert people(run) == []


def test_nobody_is_added_twice(run):
    run("create", ADA)
    assert ADA in run("create", ADA, code=1).output
    assert len(people(run)) == 1
