"""Sign in and out: what a session is good for, and what it is not."""

import re

import pytest

from app.http.routes import registered_routes
from app.models import TOKENS
from app.services import clock, scopes
from app.services.auth import authentication, passwords, revocation, users
from tests.browsing import Person
from tests.conftest import FORMATS, OTHER_STORE, Api, token_for

EMAIL, PASSWORD = "Ada@Example.com", "correct horse battery"


@pytest.fixture
def person(app):
    return Person(app.test_client())


def other_browser(app):
    return Person(app.test_client())


def add(installation, email=EMAIL, role="owner", store_id=1, password=PASSWORD):
    with installation.database.writing() as tx:
        role_id, user_id = users.add_user(tx, store_id, email, role)
        if password:
            users.set_password(tx, user_id, passwords.hash_password(password))
    return role_id


def is_signed_in(person):
    return person.get("/stores/1").status_code == 200


def test_a_browser_is_led_to_sign_in_and_back(person, api):
    first = person.get("/stores/1/downloadables?order=name%20desc")
    assert first.status_code == 303
    assert first.headers["Location"] == (
        "http://localhost/sign-in?next=%2Fstores%2F1%2Fdownloadables%3Forder%3Dname"
        "%2520desc"
    )
    page = person.get(first.headers["Location"])
    there = re.search(r'name="next" value="([^"]+)"', page.text)[1]
    answer = person.post("/sign-in", {"token": api.token, "next": there})
    assert answer.headers["Location"] == (
        "http://localhost/stores/1/downloadables?order=name%20desc"
    )
    assert person.get(answer.headers["Location"]).status_code == 200


@pytest.mark.parametrize("accept", FORMATS.values())
def test_a_program_is_told_401_and_not_led_anywhere(anonymous, accept):
    assert anonymous.get("/stores/1", accept=accept).status_code == 401


@pytest.mark.parametrize(
    "next_",
    ["https://evil.example/", "//evil.example", "/\\evil.example", "/a b", "x", "/\n"],
)
def test_nobody_is_led_to_another_site(person, api, next_):
    person.get("/sign-in")
    answer = person.post("/sign-in", {"token": api.token, "next": next_})
    assert answer.headers["Location"] == "http://localhost/stores/1"


def test_a_person_signs_in_by_address_and_password(person, installation):
    add(installation)
    assert person.sign_in_as("ada@example.COM", PASSWORD).status_code == 303
    page = person.get("/stores/1")
    assert EMAIL in page.text
    listed = person.get("/stores/1/users")
    assert listed.status_code == 200


def test_an_unknown_address_and_a_wrong_password_are_answered_alike(
    person, installation
):
    add(installation)
    wrong = person.sign_in_as(EMAIL, "not the password")
    unknown = person.sign_in_as("bob@example.com", "not the password")
    assert wrong.status_code == unknown.status_code == 422
    same = [
        a.text.replace(EMAIL, "").replace("bob@example.com", "")
        for a in (wrong, unknown)
    ]
    assert same[0] == same[1]
    assert "not the password" not in wrong.text
    assert not is_signed_in(person)


def test_both_take_a_hash(person, installation, monkeypatch):
    add(installation)
    hashed = []
    real = passwords.is_password

    def noted(digest, password):
        hashed.append(digest)
        return real(digest, password)

    monkeypatch.setattr(passwords, "is_password", noted)
    for email in (EMAIL, "bob@example.com", "", "x" * 5000):
        person.sign_in_as(email, "wrong")
    assert len(hashed) == 4


def test_failures_are_limited_for_an_address_from_anywhere(app, installation):
    add(installation)
    for _ in range(10):
        assert other_browser(app).sign_in_as(EMAIL, "wrong").status_code == 422
    refused = other_browser(app).sign_in_as(EMAIL.upper(), PASSWORD)
    assert refused.status_code == 429
    assert "try again in 15 minutes" in refused.text
    assert other_browser(app).sign_in_as("bob@example.com", "x").status_code == 422


def test_a_session_counts_for_pages_alone(person, api):
    api.upload(b"bytes")
    person.sign_in(api.token)
    for accept in (*FORMATS.values(), "*/*", "application/prs.hal-forms+json"):
        answer = person.get("/stores/1", headers={"Accept": accept})
        assert answer.status_code == 401, accept
    for path in (
        "/stores/1/downloadables?format=csv",
        "/stores/1?format=hal",
        "/downloadables/1/file",
        "/surecart/v1/products",
        "/easycart/downloads",
    ):
        assert person.get(path).status_code in {401, 404}, path
    assert is_signed_in(person)


def test_a_session_is_no_bearer_token_and_a_token_no_session(person, api, anonymous):
    person.sign_in(api.token)
    text = person.client.get_cookie("sirenhall_session").value
    answer = anonymous.get("/stores/1", headers={"Authorization": f"Bearer {text}"})
    assert answer.status_code == 401
    person.client.set_cookie("sirenhall_session", api.token)
    assert not is_signed_in(person)


def test_the_cookie_is_kept_from_scripts_and_other_sites(app, api):
    person = Person(app.test_client())
    person.get("/sign-in")
    answer = person.post("/sign-in", {"token": api.token})
    cookie = answer.headers.getlist("Set-Cookie")[-1]
    assert cookie.startswith("sirenhall_session=sirenhall_")
    assert cookie.endswith("Path=/; Max-Age=1209600; HttpOnly; SameSite=Lax")
    secure = app.test_client()
    page = secure.get("/sign-in", base_url="https://localhost")
    token = re.search(r'name="_csrf_token" value="([^"]+)"', page.text)[1]
    answer = secure.post(
        "/sign-in",
        data={"token": api.token, "_csrf_token": token},
        base_url="https://localhost",
    )
    assert answer.headers.getlist("Set-Cookie")[-1].endswith("SameSite=Lax; Secure")


def test_a_session_ends_with_its_token(person, api, installation):
    token = token_for(installation, scopes.STORE, 1)
    person.sign_in(token)
    with installation.database.writing() as tx:
        principal = authentication.authenticate(tx, token)
        revocation.revoke_tokens(tx, TOKENS.c.id == principal.token_id)
    assert not is_signed_in(person)


def test_a_session_ends_after_its_time(person, api, installation, monkeypatch):
    person.sign_in(api.token)
    later = clock.now() + 14 * 86_400 + 1
    monkeypatch.setattr("app.services.auth.authentication.now", lambda: later)
    assert not is_signed_in(person)


def test_signing_out_ends_the_session_on_the_server(person, api):
    person.sign_in(api.token)
    text = person.client.get_cookie("sirenhall_session").value
    out = person.post("/sign-out", {})
    assert out.status_code == 303
    assert "You are signed out." in person.get("/sign-in").text
    person.client.set_cookie("sirenhall_session", text)
    assert not is_signed_in(person)


UNSAFE = ("POST", "PUT", "PATCH", "DELETE")


def test_each_unsafe_request_needs_the_token_of_a_form(app, person, api):
    """All routes, so that a new one is tried as well."""
    number = api.upload(b"x")
    person.sign_in(api.token)
    before = api.get(f"/downloadables/{number}").data
    tried = 0
    for route in registered_routes(app):
        path = re.sub(r"<[^>]+>", "1", route.path)
        for method in [m for m in UNSAFE if m in route.summaries]:
            if not (route.needs_token or path.startswith(("/sign", "/authorize"))):
                continue
            for forged in (None, "", "0" * 64):
                own = {"_method": method} if method != "POST" else {}
                data = {**own, "_csrf_token": forged, "name": "Forged"}
                answer = person.post(path, data)
                assert answer.status_code in {303, 400, 401, 403, 404, 415}, (
                    method,
                    path,
                    answer.status_code,
                )
                assert (
                    answer.status_code != 303
                    or "/sign-in" in (answer.headers["Location"])
                )
            tried += 1
    assert tried > 40
    assert api.get(f"/downloadables/{number}").data == before
    assert is_signed_in(person)


def test_a_token_of_another_browser_is_none(app, person, api):
    person.sign_in(api.token)
    person.get("/stores/1")
    other = other_browser(app)
    other.sign_in(api.token)
    other.get("/stores/1")
    person.token = other.token
    assert person.post("/sign-out", {}).status_code == 403


# -- people and their roles -------------------------------------------------------


def test_a_person_is_invited_and_chooses_a_password(app, api, person):
    made = api.post(
        "/stores/1/users", json={"email": "bob@example.com", "role": "owner"}
    )
    assert made.status_code == 201, made.text
    address = made.json["sign_in_url"]
    page = person.get(address)
    assert "This link signs you in once." in page.text
    code = address.rpartition("=")[2]
    assert not is_signed_in(person)
    person.get(address)
    answer = person.post("/sign-in", {"code": code})
    assert answer.headers["Location"] == "http://localhost/sign-in/password"
    assert person.get("/sign-in/password").status_code == 200
    short = person.post("/sign-in/password", {"password": "short"})
    assert short.status_code == 422
    assert "from 10 to 200 characters" in short.text
    saved = person.post("/sign-in/password", {"password": PASSWORD})
    assert saved.status_code == 303
    assert other_browser(app).sign_in_as("bob@example.com", PASSWORD).status_code == 303
    # A code is good once.
    again = other_browser(app)
    assert "was used already" in again.get(address).text
    assert again.post("/sign-in", {"code": code}).status_code == 422


def test_who_has_a_password_is_not_signed_in_by_an_invitation(
    app, api, operator, installation
):
    add(installation, "carol@example.com")
    operator.post("/stores", json=OTHER_STORE)
    other = Api(app.test_client(), token_for(installation, scopes.STORE, 2))
    made = other.post(
        "/stores/2/users", json={"email": "carol@example.com", "role": "owner"}
    )
    person = other_browser(app)
    person.get(made.json["sign_in_url"])
    code = made.json["sign_in_url"].rpartition("=")[2]
    assert person.post("/sign-in", {"code": code}).status_code == 422


@pytest.mark.parametrize(
    ("role", "sees_users", "changes"),
    [("owner", 200, 303), ("editor", 403, 303), ("reader", 403, 403)],
)
def test_a_role_says_what_a_person_may_do(
    person, api, installation, role, sees_users, changes
):
    number = api.add()
    add(installation, "own@example.com")
    add(installation, role=role)
    person.sign_in_as(EMAIL, PASSWORD)
    assert person.get("/stores/1").status_code == 200
    assert person.get("/stores/1/users").status_code == sees_users
    person.get(f"/downloadables/{number}")
    answer = person.send("PATCH", f"/downloadables/{number}", {"name": "New"})
    assert answer.status_code == changes, answer.text


def test_a_person_with_several_stores_switches(app, api, operator, installation):
    operator.post("/stores", json=OTHER_STORE)
    add(installation)
    add(installation, store_id=2, role="reader", password="")
    person = other_browser(app)
    person.sign_in_as(EMAIL, PASSWORD)
    page = person.get("/sign-in")
    assert "Other" in page.text
    assert person.get("/stores/2").status_code == 404
    person.get("/sign-in")
    switched = person.post("/sign-in", {"store": "2"})
    assert switched.headers["Location"] == "http://localhost/stores/2"
    assert person.get("/stores/2").status_code == 200
    assert person.get("/stores/1").status_code == 404
    person.get("/sign-in")
    assert person.post("/sign-in", {"store": "3"}).status_code == 403


def test_removing_a_person_ends_it_all(app, api, person, installation):
    add(installation, "own@example.com")
    role_id = add(installation, role="editor")
    person.sign_in_as(EMAIL, PASSWORD)
    assert is_signed_in(person)
    assert api.delete(f"/users/{role_id}").status_code == 200
    assert not is_signed_in(person)
    assert other_browser(app).sign_in_as(EMAIL, PASSWORD).status_code == 422


def test_another_role_ends_the_sessions_of_before(api, person, installation):
    add(installation, "own@example.com")
    role_id = add(installation, role="editor")
    person.sign_in_as(EMAIL, PASSWORD)
    assert api.patch(f"/users/{role_id}", json={"role": "reader"}).status_code == 200
    assert not is_signed_in(person)


def test_the_last_owner_stays(api, installation):
    role_id = add(installation)
    assert api.delete(f"/users/{role_id}").status_code == 409
    assert api.patch(f"/users/{role_id}", json={"role": "reader"}).status_code == 409
    twice = api.post("/stores/1/users", json={"email": EMAIL.lower(), "role": "reader"})
    assert api.errors(twice) == {"email": "taken"}
    fixed = api.patch(f"/users/{role_id}", json={"email": "new@example.com"})
    assert api.errors(fixed) == {"email": "fixed"}


def test_a_new_password_ends_the_other_sessions(app, person, installation):
    add(installation)
    other = other_browser(app)
    for browser in (person, other):
        browser.sign_in_as(EMAIL, PASSWORD)
    person.get("/sign-in/password")
    person.post("/sign-in/password", {"password": "another password"})
    assert is_signed_in(person)
    assert not is_signed_in(other)


def test_sessions_are_listed_and_can_be_ended(api, person, installation):
    add(installation)
    person.sign_in_as(EMAIL, PASSWORD)
    listed = api.get("/stores/1/tokens").json["_embedded"]["fx:tokens"]
    [session] = [one for one in listed if one["kind"] == "session"]
    assert session["note"] == EMAIL
    assert api.delete(session["_links"]["self"]["href"]).status_code == 200
    assert not is_signed_in(person)


def test_editors_and_readers_see_nobody_in_any_format(app, installation, api):
    role_id = add(installation)
    for scope in (scopes.EDITOR, scopes.READER):
        client = Api(app.test_client(), token_for(installation, scope, 1))
        for path in ("/stores/1/users", f"/users/{role_id}"):
            assert client.get(path).status_code == 403
        assert EMAIL not in client.get("/stores/1?zoom=attributes").text
        assert client.get("/stores/1?zoom=users").status_code == 400
    editor = Api(app.test_client(), token_for(installation, scopes.EDITOR, 1))
    token = api.get("/stores/1/tokens").json["_embedded"]["fx:tokens"][0]
    assert editor.delete(token["_links"]["self"]["href"]).status_code == 403


def test_the_address_for_a_new_person_stands_first_on_the_page(person, api, app):
    person.sign_in(api.token)
    person.get("/stores/1/users")
    form = {"email": "bob@example.com", "role": "editor"}
    page = person.post("/stores/1/users", form)
    assert page.status_code == 201
    address = re.search(
        r"<code>(http://localhost/sign-in\?code=[^<]+)</code>", page.text
    )
    assert "not shown again" in page.text[: address.start()]
    assert page.text.count(address[1]) == 1
    assert other_browser(app).get(address[1]).status_code == 200
