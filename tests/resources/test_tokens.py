"""Tokens and grants: a merchant lists and ends them, and what was made with them."""

import io
import threading
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from app.services import clock, scopes
from app.services.auth import authentication, clients, oauth
from app.services.catalogue import upload_slots
from tests.browsing import Person
from tests.conftest import FORMATS, OTHER_STORE, Api, environment_for
from tests.resources.test_oauth import CALLBACK, CHALLENGE, VERIFIER


@dataclass
class Merchant(Api):
    """A client that knows the id of its token."""

    token_id: int


@pytest.fixture
def merchant(app, installation):
    """A client with a token of its own, which tests may revoke."""
    with installation.database.writing() as tx:
        number, text = authentication.create_token(tx, scope=scopes.STORE, store_id=1)
    return Merchant(app.test_client(), text, number)


@pytest.fixture
def program(installation):
    """A public client that merchants let in."""
    with installation.database.writing() as tx:
        return clients.create_client(
            tx,
            scope=scopes.STORE,
            store_id=None,
            name="Storefront",
            redirect_uris=[CALLBACK],
            is_public=True,
        )


def consent(anonymous, made, token):
    """Let a program in, and give the tokens that it gets."""
    query = {
        "response_type": "code",
        "client_id": made.client_id,
        "redirect_uri": CALLBACK,
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    }
    answer = decide(anonymous, token, query)
    assert answer.status_code == 303, answer.text
    code = dict(parse_qsl(urlsplit(answer.headers["Location"]).query))["code"]
    return redeem(anonymous, made, code)


def decide(anonymous, token, query):
    """Sign in with a token, and let a program in."""
    person = Person(anonymous.client.application.test_client())
    person.sign_in(token)
    path = f"/authorize?{urlencode(query)}"
    person.get(path)
    return person.post(path, {"decision": "allow"})


def redeem(anonymous, made, code):
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": CALLBACK,
        "client_id": made.client_id,
        "code_verifier": VERIFIER,
    }
    answer = anonymous.post("/token", data=form)
    assert answer.status_code == 200, answer.text
    return answer.json


def refresh(anonymous, made, text):
    form = {
        "grant_type": "refresh_token",
        "refresh_token": text,
        "client_id": made.client_id,
    }
    return anonymous.post("/token", data=form)


def status(app, text):
    return Api(app.test_client(), text).get("/stores/1").status_code


def listed(api, path="/stores/1/tokens", rel="fx:tokens"):
    return api.get(path).json["_embedded"][rel]


@pytest.mark.parametrize("accept", [*FORMATS.values(), "text/html", "text/csv"])
def test_tokens_are_listed_in_every_format_without_their_texts(
    api, anonymous, program, accept
):
    given = consent(anonymous, program, api.token)
    answer = api.get("/stores/1/tokens", accept=accept)
    assert answer.status_code == 200
    for text in (api.token, given["access_token"], given["refresh_token"]):
        assert text not in answer.text
        assert authentication.token_digest(text) not in answer.text


def test_a_grant_says_whose_it_is(api, anonymous, program):
    consent(anonymous, program, api.token)
    api.get("/stores/1")
    found = {entry["kind"]: entry for entry in listed(api)}
    # The session in which it was allowed is listed as well.
    assert set(found) == {"personal", "access", "grant", "session"}
    assert found["grant"]["client_name"] == "Storefront"
    assert found["grant"]["client_id"] == program.client_id
    assert found["grant"]["date_expires"]
    assert found["personal"]["date_expires"] is None
    assert found["personal"]["date_last_used"]


def test_the_store_links_its_tokens_and_a_client_ends_one_by_its_link(api, merchant):
    store = api.get("/stores/1").json
    tokens = api.get(store["_links"]["fx:tokens"]["href"]).json
    [mine] = [
        entry["_links"]["self"]["href"]
        for entry in tokens["_embedded"]["fx:tokens"]
        if entry["_links"]["self"]["href"].endswith(f"/tokens/{merchant.token_id}")
    ]
    siren = api.get(mine, accept=FORMATS["siren"]).json
    assert [action["method"] for action in siren["actions"]] == ["DELETE"]
    assert merchant.get("/stores/1").status_code == 200
    assert api.delete(mine).status_code == 200
    assert merchant.get("/stores/1").status_code == 401
    assert api.get(mine).status_code == 404


def test_another_stores_tokens_do_not_exist(api, operator, app):
    made = operator.post("/stores", json=OTHER_STORE).json
    other = Api(app.test_client(), made["token"])
    path = urlsplit(made["_links"]["self"]["href"]).path
    [entry] = listed(other, f"{path}/tokens")
    assert api.get(entry["_links"]["self"]["href"]).status_code == 404
    assert api.delete(entry["_links"]["self"]["href"]).status_code == 404
    assert api.get(f"{path}/tokens").status_code == 404
    assert other.get(path).status_code == 200


def test_who_reads_lists_tokens_and_ends_none(api, reader):
    [first, *_] = listed(reader)
    assert reader.delete(first["_links"]["self"]["href"]).status_code == 403
    assert api.get("/stores/1").status_code == 200


def test_the_use_of_a_token_is_kept_to_the_hour(api, installation, monkeypatch):
    moment = 1_800_000_000 + 1234
    monkeypatch.setattr(authentication, "now", lambda: moment)
    api.get("/stores/1")
    with installation.database.reading() as db:
        [record] = authentication.list_tokens(db)
    assert record["date_last_used"] == moment // 3600 * 3600
    writes = []
    monkeypatch.setattr(
        type(installation.database), "writing", lambda _: writes.append(1)
    )
    api.get("/stores/1")
    assert writes == []


# -- what ends with a token -----------------------------------------------------


def ends_by_api(api, merchant, _run):
    assert api.delete(f"/tokens/{merchant.token_id}").status_code == 200


def ends_by_command(_api, merchant, run):
    run("token", "revoke", str(merchant.token_id))


@pytest.fixture
def run(data_dir):
    from tests.cli.transfer.test_import_command import invoke

    def invoked(*words):
        environment = environment_for(data_dir)
        invoke(*words, "--data-dir", data_dir, environment=environment)

    return invoked


@pytest.mark.parametrize("end", [ends_by_api, ends_by_command])
def test_revoking_a_token_ends_its_upload_slots(api, anonymous, merchant, run, end):
    item = api.upload()
    slot = merchant.post(f"/downloadables/{item}/upload_url").json["upload_url"]
    library = merchant.post("/stores/1/upload_url").json["upload_url"]
    kept = api.post(f"/downloadables/{item}/upload_url").json["upload_url"]
    end(api, merchant, run)
    assert anonymous.put(slot, data=b"late").status_code == 404
    assert anonymous.put(library, data=b"late").status_code == 404
    assert anonymous.put(kept, data=b"in time").status_code == 200


@pytest.mark.parametrize("end", [ends_by_api, ends_by_command])
def test_revoking_a_token_ends_the_grants_it_consented_to(
    app, api, anonymous, program, merchant, run, end
):
    given = consent(anonymous, program, merchant.token)
    again = refresh(anonymous, program, given["refresh_token"]).json
    assert status(app, again["access_token"]) == 200
    end(api, merchant, run)
    assert status(app, given["access_token"]) == 401
    assert status(app, again["access_token"]) == 401
    assert refresh(anonymous, program, again["refresh_token"]).status_code == 400


def test_a_code_ends_with_the_token_that_consented(api, anonymous, program, merchant):
    query = {
        "response_type": "code",
        "client_id": program.client_id,
        "redirect_uri": CALLBACK,
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    }
    answer = decide(anonymous, merchant.token, query)
    code = dict(parse_qsl(urlsplit(answer.headers["Location"]).query))["code"]
    api.delete(f"/tokens/{merchant.token_id}")
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": CALLBACK,
        "client_id": program.client_id,
        "code_verifier": VERIFIER,
    }
    assert anonymous.post("/token", data=form).status_code == 400


def test_what_a_program_left_at_a_slot_ends_with_its_grant(
    app, api, anonymous, program
):
    given = consent(anonymous, program, api.token)
    bearer = Api(app.test_client(), given["access_token"])
    slot = bearer.post("/stores/1/upload_url").json["upload_url"]
    [grant] = [one for one in listed(api) if one["kind"] == "grant"]
    assert api.delete(grant["_links"]["self"]["href"]).status_code == 200
    assert anonymous.put(slot, data=b"late").status_code == 404
    assert status(app, given["access_token"]) == 401
    assert api.get("/stores/1").status_code == 200


def test_a_grant_lives_no_longer_than_the_token_that_consented(
    app, anonymous, program, installation, monkeypatch
):
    with installation.database.writing() as tx:
        _, text = authentication.create_token(
            tx, scope=scopes.STORE, store_id=1, lifetime=600
        )
    given = consent(anonymous, program, text)
    owner = Api(app.test_client(), text)
    programs = Api(app.test_client(), given["access_token"])
    slots = [
        made.post("/stores/1/upload_url").json["upload_url"]
        for made in (owner, programs)
    ]
    for module in (clock, authentication, clients, oauth, upload_slots):
        monkeypatch.setattr(module, "now", lambda: int(clock.time.time()) + 700)
    assert status(app, text) == 401
    assert status(app, given["access_token"]) == 401
    assert refresh(anonymous, program, given["refresh_token"]).status_code == 400
    for slot in slots:
        assert anonymous.put(slot, data=b"late").status_code == 410


class Slowly(io.RawIOBase):
    """A body; when it is read, something happens first."""

    def __init__(self, content, happens):
        super().__init__()
        self.content = content
        self.happens = happens

    def readable(self):
        return True

    def readinto(self, room):
        happens, self.happens = self.happens, lambda: None
        # In a thread of its own, as another request is.
        thread = threading.Thread(target=happens)
        thread.start()
        thread.join()
        piece, self.content = self.content[: len(room)], self.content[len(room) :]
        room[: len(piece)] = piece
        return len(piece)


def arriving(content, happens):
    """Give what the server sees of a body that arrives after something happened."""
    return {
        "wsgi.input": Slowly(content, happens),
        "CONTENT_LENGTH": str(len(content)),
    }


@pytest.mark.parametrize(
    ("method", "path", "body", "kind"),
    [
        ("POST", "/downloadables/1/upload_url", b"{}", "application/json"),
        ("PATCH", "/downloadables/1", b'{"name": "Mine now"}', "application/json"),
        ("PUT", "/downloadables/1/file", b"mine now", "text/plain"),
        ("POST", "/stores/1/attributes", b'{"name":"a","value":"b"}', "text/plain"),
        ("PATCH", "/easycart/downloads/1", b'{"download_count":1}', "application/json"),
    ],
)
def test_what_was_begun_before_the_end_has_no_effect(
    api, merchant, method, path, body, kind
):
    item = api.upload()
    api.post(
        "/stores/1/downloadable_purchases",
        json={"downloadable_uri": f"/downloadables/{item}"},
    )
    before = api.get(f"/downloadables/{item}").data
    answer = merchant.request(
        method,
        path,
        headers={"Content-Type": kind},
        environ_overrides=arriving(
            body, lambda: api.delete(f"/tokens/{merchant.token_id}")
        ),
    )
    assert answer.status_code == 401
    assert api.get(f"/downloadables/{item}").data == before
    assert api.get("/stores/1/open_uploads").json["total_items"] == 0


def test_a_file_on_its_way_to_a_slot_ends_with_the_token(api, anonymous, merchant):
    item = api.upload()
    slot = merchant.post(f"/downloadables/{item}/upload_url").json["upload_url"]
    answer = anonymous.put(
        slot,
        environ_overrides=arriving(
            b"late", lambda: api.delete(f"/tokens/{merchant.token_id}")
        ),
    )
    assert answer.status_code == 410
    assert api.get(f"/downloadables/{item}").json["version"] == 1
    assert api.get("/stores/1/open_uploads").json["total_items"] == 0


# -- rotation -------------------------------------------------------------------


def test_the_refresh_token_of_a_public_client_rotates(app, api, anonymous, program):
    first = consent(anonymous, program, api.token)
    second = refresh(anonymous, program, first["refresh_token"]).json
    assert second["refresh_token"] != first["refresh_token"]
    third = refresh(anonymous, program, second["refresh_token"]).json
    assert status(app, third["access_token"]) == 200


def test_one_that_comes_again_ends_the_grant(app, api, anonymous, program):
    first = consent(anonymous, program, api.token)
    second = refresh(anonymous, program, first["refresh_token"]).json
    assert refresh(anonymous, program, first["refresh_token"]).status_code == 400
    for text in (first["access_token"], second["access_token"]):
        assert status(app, text) == 401
    assert refresh(anonymous, program, second["refresh_token"]).status_code == 400
    # Another consent of the same merchant is another grant.
    assert status(app, consent(anonymous, program, api.token)["access_token"]) == 200


def test_another_client_ends_no_grant_with_a_token_that_rotated(
    app, api, anonymous, program, installation
):
    first = consent(anonymous, program, api.token)
    second = refresh(anonymous, program, first["refresh_token"]).json
    with installation.database.writing() as tx:
        other = clients.create_client(
            tx,
            scope=scopes.STORE,
            store_id=None,
            redirect_uris=[CALLBACK],
            is_public=True,
        )
    assert refresh(anonymous, other, first["refresh_token"]).status_code == 400
    assert status(app, second["access_token"]) == 200


def test_a_refresh_token_given_back_ends_its_own_grant_alone(
    app, api, anonymous, program
):
    mine = consent(anonymous, program, api.token)
    theirs = consent(anonymous, program, api.token)
    form = {"token": mine["refresh_token"], "client_id": program.client_id}
    assert anonymous.post("/token/revocation", data=form).status_code == 200
    assert status(app, mine["access_token"]) == 401
    assert status(app, theirs["access_token"]) == 200


def test_a_rotated_token_keeps_its_scope(app, api, anonymous, program):
    given = consent(anonymous, program, api.token)
    form = {
        "grant_type": "refresh_token",
        "refresh_token": given["refresh_token"],
        "client_id": program.client_id,
        "scope": scopes.READER,
    }
    narrow = anonymous.post("/token", data=form).json
    assert narrow["scope"] == scopes.READER
    wide = refresh(anonymous, program, narrow["refresh_token"]).json
    assert wide["scope"] == scopes.STORE


# -- uploads --------------------------------------------------------------------


def test_open_uploads_are_listed_and_closed_by_their_links(api, anonymous):
    item = api.upload()
    url = api.post(f"/downloadables/{item}/upload_url").json["upload_url"]
    api.post("/stores/1/upload_url", json={"file_name": "later.txt"})
    of_item = api.get(f"/downloadables/{item}").json["_links"]["fx:uploads"]["href"]
    of_store = api.get("/stores/1").json["_links"]["fx:uploads"]["href"]
    assert api.get(of_store).json["total_items"] == 2
    [slot] = listed(api, of_item, "fx:uploads")
    assert slot["downloadable_id"] == item
    assert slot["date_created"]
    assert url.rpartition("/")[2] not in api.get(of_store).text
    assert api.delete(slot["_links"]["self"]["href"]).status_code == 200
    assert anonymous.put(url, data=b"late").status_code == 404
    assert api.get(of_item).json["total_items"] == 0


def test_an_upload_of_another_store_does_not_exist(api, operator, app):
    made = operator.post("/stores", json=OTHER_STORE).json
    other = Api(app.test_client(), made["token"])
    path = urlsplit(made["_links"]["self"]["href"]).path
    other.post(f"{path}/upload_url")
    [slot] = listed(other, f"{path}/open_uploads", "fx:uploads")
    assert api.get(slot["_links"]["self"]["href"]).status_code == 404
    assert api.delete(slot["_links"]["self"]["href"]).status_code == 404


def test_what_has_arrived_goes_with_its_slot(api, anonymous, installation):
    slot = api.post("/stores/1/upload_url").json["upload_url"]
    tus = {"Tus-Resumable": "1.0.0"}
    anonymous.post(slot, headers={**tus, "Upload-Length": "10"})
    headers = {
        **tus,
        "Upload-Offset": "0",
        "Content-Type": "application/offset+octet-stream",
    }
    anonymous.patch(slot, data=b"12345", headers=headers)
    [entry] = listed(api, "/stores/1/open_uploads", "fx:uploads")
    assert (entry["bytes_received"], entry["file_size"]) == (5, 10)
    api.delete(entry["_links"]["self"]["href"])
    assert [s for s in installation.storage.stored() if s.is_partial] == []


@pytest.mark.parametrize("path", ["{slot}", "/stores/1/open_uploads"])
def test_what_is_cached_of_an_upload_ends_when_it_begins(api, anonymous, path):
    slot = api.post("/stores/1/upload_url").json["upload_url"]
    [entry] = listed(api, "/stores/1/open_uploads", "fx:uploads")
    path = path.format(slot=entry["_links"]["self"]["href"])
    before = api.get(path)
    assert "Last-Modified" not in before.headers
    known = {"If-None-Match": before.headers["ETag"]}
    assert api.get(path, headers=known).status_code == 304
    headers = {"Tus-Resumable": "1.0.0", "Upload-Length": "10"}
    anonymous.post(slot, headers=headers)
    assert api.get(path, headers=known).status_code == 200
