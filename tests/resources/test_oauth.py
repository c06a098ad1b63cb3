"""OAuth2: every grant, and what a client can do wrong with it."""

import base64
import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from sqlalchemy import update

from app.models import TOKENS
from app.services import scopes
from app.services.auth import authentication, clients, revocation
from app.services.clock import now
from tests.browsing import Person
from tests.conftest import OTHER_STORE, Api, token_for

CALLBACK = "https://app.example/callback"
VERIFIER = "v" * 64
CHALLENGE = (
    base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest())
    .rstrip(b"=")
    .decode()
)


def make(installation, **options):
    options = {"scope": scopes.STORE, "store_id": 1, **options}
    with installation.database.writing() as tx:
        return clients.create_client(tx, **options)


@pytest.fixture
def client(installation):
    return make(installation)


@pytest.fixture
def guest(installation):
    return make(
        installation, store_id=None, redirect_uris=[CALLBACK], name="Storefront"
    )


def basic(made):
    pair = f"{made.client_id}:{made.client_secret}".encode()
    return {"Authorization": "Basic " + base64.b64encode(pair).decode()}


def token(anonymous, made, *, by_header=True, **form):
    headers = basic(made) if by_header else {}
    if not by_header:
        form |= {"client_id": made.client_id}
        if made.client_secret:
            form["client_secret"] = made.client_secret
    return anonymous.post("/token", data=form, headers=headers)


def works(anonymous, text, status=200):
    headers = {"Authorization": f"Bearer {text}"}
    return anonymous.get("/stores/1", headers=headers).status_code == status


@pytest.mark.parametrize("by_header", [True, False])
def test_a_client_gets_a_token_for_its_credentials(anonymous, client, by_header):
    response = token(
        anonymous, client, by_header=by_header, grant_type="client_credentials"
    )
    assert response.status_code == 200, response.text
    body = response.json
    assert body["token_type"] == "Bearer"
    assert body["expires_in"] == 7200
    assert body["scope"] == "store_full_access"
    assert "refresh_token" not in body
    assert response.headers["Cache-Control"] == "no-store"
    assert works(anonymous, body["access_token"])


def test_json_is_read_too(anonymous, client):
    sent = {
        "grant_type": "client_credentials",
        "client_id": client.client_id,
        "client_secret": client.client_secret,
    }
    assert anonymous.post("/token", json=sent).status_code == 200


def test_a_refresh_token_stays_and_old_access_tokens_too(anonymous, client):
    first = token(
        anonymous,
        client,
        grant_type="refresh_token",
        refresh_token=client.refresh_token,
    ).json
    second = token(
        anonymous,
        client,
        grant_type="refresh_token",
        refresh_token=client.refresh_token,
    ).json
    assert first["refresh_token"] == second["refresh_token"] == client.refresh_token
    assert first["access_token"] != second["access_token"]
    for text in (client.access_token, first["access_token"], second["access_token"]):
        assert works(anonymous, text)
    assert works(anonymous, client.refresh_token, 401)


def test_a_narrower_scope_can_be_asked_for(anonymous, client):
    for form in (
        {"grant_type": "client_credentials"},
        {"grant_type": "refresh_token", "refresh_token": client.refresh_token},
    ):
        body = token(anonymous, client, scope="store_read_access", **form).json
        headers = {"Authorization": f"Bearer {body['access_token']}"}
        assert anonymous.get("/stores/1", headers=headers).status_code == 200
        changed = anonymous.patch("/stores/1", json={}, headers=headers)
        assert changed.status_code == 403
        wider = token(anonymous, client, scope="client_full_access", **form)
        assert (wider.status_code, wider.json["error"]) == (400, "invalid_scope")


@pytest.mark.parametrize(
    ("form", "status", "error"),
    [
        ({}, 400, "unsupported_grant_type"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"grant_type": "refresh_token"}, 400, "invalid_request"),
        (
            {"grant_type": "refresh_token", "refresh_token": "x"},
            400,
            "invalid_grant",
        ),
        (
            {"grant_type": "authorization_code", "code": "x"},
            400,
            "unauthorized_client",
        ),
        (
            {"grant_type": "client_credentials", "client_secret": "x"},
            401,
            "invalid_client",
        ),
        (
            {"grant_type": "client_credentials", "client_id": "x"},
            401,
            "invalid_client",
        ),
    ],
)
def test_an_error_is_one_of_oauth_and_one_of_ours(
    anonymous, client, form, status, error
):
    sent = {
        "client_id": client.client_id,
        "client_secret": client.client_secret,
        **form,
    }
    response = anonymous.post("/token", data=sent)
    assert response.status_code == status, response.text
    assert ("WWW-Authenticate" in response.headers) == (status == 401)
    body = response.json
    assert body["error"] == error
    [entry] = body["_embedded"]["fx:errors"]
    assert (entry["code"], body["total"]) == (error, 1)
    assert entry["message"]


@pytest.mark.parametrize(
    ("data", "content_type", "status"),
    [
        (b"\xff=1", "application/x-www-form-urlencoded", 400),
        (b"grant_type=a&grant_type=b", "application/x-www-form-urlencoded", 422),
        (b"[]", "application/json", 400),
        (b"{}", "image/png", 415),
        (b"", "application/x-www-form-urlencoded", 400),
        (b'{"grant_type": {"a": 1}}', "application/json", 400),
    ],
)
def test_a_broken_request_is_refused(anonymous, data, content_type, status):
    response = anonymous.post("/token", data=data, content_type=content_type)
    assert response.status_code == status, response.text
    header = {"Authorization": "Basic !!!"}
    assert anonymous.post("/token", headers=header).status_code in {400, 401}


def test_an_expired_token_says_so(anonymous, client, installation):
    with installation.database.writing() as tx:
        digest = authentication.token_digest(client.access_token)
        tx.execute(
            update(TOKENS).where(TOKENS.c.digest == digest).values(date_expires=now())
        )
    headers = {"Authorization": f"Bearer {client.access_token}"}
    response = anonymous.get("/stores/1", headers=headers)
    assert response.status_code == 401
    assert response.json["error"] == "invalid_token"
    assert response.json["error_description"] == (
        "The access token provided has expired"
    )
    assert "has expired" in response.headers["WWW-Authenticate"]


def test_a_client_sees_its_store_alone(anonymous, operator, client):
    made = operator.post(
        "/stores",
        json=OTHER_STORE,
    )
    headers = {"Authorization": f"Bearer {client.access_token}"}
    path = made.headers["Location"]
    assert anonymous.get(path, headers=headers).status_code == 404


# -- the consent page ---------------------------------------------------------


def authorize(api, made, **changes):
    query = {
        "response_type": "code",
        "client_id": made.client_id,
        "redirect_uri": CALLBACK,
        "scope": "store_full_access",
        "state": "xyz&=",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
        **changes,
    }
    return "/authorize?" + urlencode({k: v for k, v in query.items() if v is not None})


def consent(api, path, **form):
    """Sign in with the token of a client, and decide on the consent page."""
    person = Person(api.client.application.test_client())
    person.sign_in(api.token)
    page = person.get(path)
    assert page.status_code == 200, page.text
    return person.post(path, {"decision": "allow", **form})


def location(response):
    # What answers a POST is fetched with GET.
    expected = 303 if response.request.method == "POST" else 302
    assert response.status_code == expected, response.text
    target, _, query = response.headers["Location"].partition("?")
    return target, dict(parse_qsl(query))


def test_a_merchant_lets_a_program_in(anonymous, api, guest):
    path = authorize(api, guest)
    first = Person(anonymous.client).get(path)
    assert first.status_code == 303
    assert first.headers["Location"].startswith("http://localhost/sign-in?next=%2Fauth")
    person = Person(anonymous.client.application.test_client())
    person.sign_in(api.token)
    page = person.get(path)
    assert page.status_code == 200
    assert "Storefront" in page.text
    assert "read and change one store" in page.text
    assert "https://app.example" in page.text
    assert (
        "form-action 'self' https://app.example;"
        in (page.headers["Content-Security-Policy"])
    )
    answer = consent(api, path)
    target, query = location(answer)
    assert target == CALLBACK
    assert query["state"] == "xyz&="
    form = {
        "grant_type": "authorization_code",
        "code": query["code"],
        "redirect_uri": CALLBACK,
        "code_verifier": VERIFIER,
    }
    body = token(anonymous, guest, **form).json
    assert works(anonymous, body["access_token"])
    refresh = {"grant_type": "refresh_token", "refresh_token": body["refresh_token"]}
    refreshed = token(anonymous, guest, **refresh).json["access_token"]
    assert works(anonymous, refreshed)
    # A code that comes a second time was stolen: nothing that came of it counts.
    again = token(anonymous, guest, **form)
    assert (again.status_code, again.json["error"]) == (400, "invalid_grant")
    assert works(anonymous, body["access_token"], 401)
    assert works(anonymous, refreshed, 401)
    assert token(anonymous, guest, **refresh).status_code == 400


def test_of_a_code_that_comes_twice_at_once_no_token_is_left(
    app, anonymous, api, guest
):
    path = authorize(api, guest)
    _, query = location(consent(api, path))
    form = {
        "grant_type": "authorization_code",
        "code": query["code"],
        "redirect_uri": CALLBACK,
        "code_verifier": VERIFIER,
    }

    def send(_number):
        return token(Api(app.test_client(), None), guest, **form)

    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(send, range(6)))
    assert sorted(a.status_code for a in answers) == [200, 400, 400, 400, 400, 400]
    [given] = [a.json["access_token"] for a in answers if a.status_code == 200]
    assert works(anonymous, given, 401)


def test_a_key_of_one_client_is_not_in_the_way_of_another(anonymous, client, guest):
    headers = {"Idempotency-Key": '"1"'}
    for made in (client, guest):
        form = {
            "grant_type": "client_credentials",
            "client_id": made.client_id,
            "client_secret": made.client_secret,
        }
        answer = anonymous.post("/token", data=form, headers=headers)
        assert answer.status_code in {200, 400}
        assert "Idempotency-Replayed" not in answer.headers


def test_a_token_request_that_is_sent_again_is_answered_as_the_first_time(
    anonymous, api, guest
):
    path = authorize(api, guest)
    _, query = location(consent(api, path))
    form = {
        "grant_type": "authorization_code",
        "code": query["code"],
        "redirect_uri": CALLBACK,
    }
    headers = {**basic(guest), "Idempotency-Key": '"a-key-of-this-client"'}

    def send(**more):
        return anonymous.post("/token", data={**form, **more}, headers=headers)

    # A refusal is not kept, and may be mended under the same key.
    assert send(code_verifier="w" * 64).status_code == 400
    first = send(code_verifier=VERIFIER)
    second = send(code_verifier=VERIFIER)
    assert first.status_code == second.status_code == 200
    assert first.json == second.json
    assert second.headers["Idempotency-Replayed"] == "true"
    assert second.headers["Cache-Control"] == "no-store"
    assert works(anonymous, first.json["access_token"])
    assert send(code_verifier="w" * 64).status_code == 422


@pytest.mark.parametrize(
    ("form", "code", "says"),
    [
        ({}, "unsupported_grant_type", "one of client_credentials, refresh_token"),
        ({"grant_type": "password"}, "unsupported_grant_type", "grant_type must be"),
        ({"grant_type": "refresh_token"}, "invalid_request", "refresh_token"),
        (
            {"grant_type": "refresh_token", "refresh_token": "x"},
            "invalid_grant",
            "unknown",
        ),
        (
            {"grant_type": "client_credentials", "scope": "all"},
            "invalid_scope",
            "store_read_access",
        ),
    ],
)
def test_what_is_wrong_with_a_token_request_is_said(
    anonymous, client, caplog, form, code, says
):
    caplog.set_level("INFO", logger="sirenhall")
    answer = token(anonymous, client, **form)
    assert answer.status_code == 400
    assert answer.json["error"] == code
    assert says in answer.json["error_description"]
    [entry] = answer.json["_embedded"]["fx:errors"]
    assert entry["logref"] in caplog.text


def test_a_wrong_secret_says_how_to_prove_oneself(anonymous, client):
    answer = anonymous.post(
        "/token",
        data={"grant_type": "client_credentials"},
        headers=basic(replace(client, client_secret="wrong")),
    )
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == 'Basic realm="sirenhall"'
    assert "client_secret" in answer.json["error_description"]


def test_a_public_client_needs_no_secret_but_the_verifier(anonymous, api, installation):
    public = make(installation, store_id=None, redirect_uris=[CALLBACK], is_public=True)
    assert public.client_secret is None
    path = authorize(api, public)
    _, query = location(consent(api, path))
    form = {
        "grant_type": "authorization_code",
        "code": query["code"],
        "redirect_uri": CALLBACK,
    }
    without = token(anonymous, public, by_header=False, **form)
    assert without.status_code == 400
    wrong = token(anonymous, public, by_header=False, **form, code_verifier="w" * 64)
    assert wrong.json["error"] == "invalid_grant"
    right = token(anonymous, public, by_header=False, **form, code_verifier=VERIFIER)
    assert right.status_code == 200, right.text


def test_who_says_no_is_sent_back(anonymous, api, guest):
    path = authorize(api, guest)
    target, query = location(consent(api, path, decision="deny"))
    assert (target, query["error"], query["state"]) == (
        CALLBACK,
        "access_denied",
        "xyz&=",
    )


def test_who_may_only_read_lets_in_nobody_who_changes(reader, guest):
    response = consent(reader, authorize(reader, guest))
    assert response.status_code == 422
    assert "does not include" in response.text


def test_a_decision_of_another_site_is_refused(api, guest):
    person = Person(api.client.application.test_client())
    person.sign_in(api.token)
    for forged in (None, "", "0" * 64):
        data = {"decision": "allow", "_csrf_token": forged}
        assert person.post(authorize(api, guest), data).status_code == 403


def test_what_was_allowed_outlives_the_session_and_ends_with_the_token(
    anonymous, api, guest, installation
):
    token_ = token_for(installation, scopes.STORE, 1)
    person = Person(anonymous.client.application.test_client())
    person.sign_in(token_)
    path = authorize(api, guest)
    person.get(path)
    _, query = location(person.post(path, {"decision": "allow"}))
    form = {
        "grant_type": "authorization_code",
        "code": query["code"],
        "redirect_uri": CALLBACK,
        "code_verifier": VERIFIER,
    }
    access = token(anonymous, guest, **form).json["access_token"]
    person.get("/stores/1")
    assert person.post("/sign-out", {}).status_code == 303
    assert works(anonymous, access)
    with installation.database.writing() as tx:
        principal = authentication.authenticate(tx, token_)
        revocation.revoke_tokens(tx, TOKENS.c.id == principal.token_id)
    assert works(anonymous, access, 401)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"client_id": "nobody"}, None),
        ({"client_id": None}, None),
        ({"redirect_uri": "https://evil.example/"}, None),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"scope": "client_full_access"}, "invalid_scope"),
        ({"scope": "nonsense"}, "invalid_scope"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
    ],
)
def test_a_wrong_request_is_sent_back_only_where_that_is_safe(
    anonymous, api, guest, changes, error
):
    for method in ("GET", "POST"):
        response = anonymous.request(
            method,
            authorize(api, guest, **changes),
            data={"decision": "allow"},
        )
        if error is None:
            assert response.status_code == 400, response.text
            assert "Location" not in response.headers
        else:
            target, query = location(response)
            assert (target, query["error"]) == (CALLBACK, error)


def test_a_client_of_one_store_is_let_into_that_one_only(
    anonymous, api, operator, installation
):
    made = make(installation, redirect_uris=[CALLBACK])
    path = authorize(api, made)
    assert consent(api, path).status_code == 303
    assert consent(operator, path).status_code == 422


def test_a_loopback_address_may_have_any_port(anonymous, api, installation):
    made = make(
        installation, store_id=None, redirect_uris=["http://127.0.0.1/callback"]
    )
    for uri, status in (
        ("http://127.0.0.1:4711/callback", 303),
        ("http://127.0.0.1:4711/other", 400),
        ("http://127.0.0.2:4711/callback", 400),
    ):
        path = authorize(api, made, redirect_uri=uri)
        assert anonymous.get(path).status_code == status, uri


# -- revocation, introspection, metadata --------------------------------------


def test_a_token_can_be_given_back(anonymous, client):
    def revoke(text):
        return anonymous.post(
            "/token/revocation",
            data={"token": text, "decision": "allow"},
            headers=basic(client),
        ).status_code

    assert revoke("unknown") == 200
    assert revoke(client.access_token) == 200
    assert works(anonymous, client.access_token, 401)
    fresh = token(
        anonymous,
        client,
        grant_type="refresh_token",
        refresh_token=client.refresh_token,
    ).json["access_token"]
    assert revoke(client.refresh_token) == 200
    assert works(anonymous, fresh, 401)
    gone = token(
        anonymous,
        client,
        grant_type="refresh_token",
        refresh_token=client.refresh_token,
    )
    assert gone.json["error"] == "invalid_grant"


def test_another_clients_token_is_not_given_back(anonymous, client, installation):
    other = make(installation)
    response = anonymous.post(
        "/token/revocation", data={"token": client.access_token}, headers=basic(other)
    )
    assert response.status_code == 400
    assert works(anonymous, client.access_token)
    for path in ("/token/revocation", "/token/introspection"):
        assert anonymous.post(path, data={"token": "x"}).status_code == 401


def test_a_client_learns_of_its_own_tokens(anonymous, api, client, installation):
    def introspect(text, made=client):
        return anonymous.post(
            "/token/introspection",
            data={"token": text, "decision": "allow"},
            headers=basic(made),
        ).json

    found = introspect(client.access_token)
    assert found["active"]
    assert (found["scope"], found["store_id"]) == ("store_full_access", 1)
    assert found["exp"] > found["iat"]
    assert introspect(api.token)["active"]
    assert introspect("x") == {"active": False}
    stranger = make(installation, store_id=None, scope=scopes.CLIENT)
    assert introspect(client.access_token, stranger) == {"active": False}


def test_a_revoked_client_is_nobody(anonymous, client, installation):
    with installation.database.writing() as tx:
        assert clients.revoke_client(tx, client.client_id)
        assert not clients.revoke_client(tx, client.client_id)
    assert works(anonymous, client.access_token, 401)
    response = token(anonymous, client, grant_type="client_credentials")
    assert response.status_code == 401


def test_the_metadata_lead_to_what_there_is(anonymous):
    response = anonymous.get("/.well-known/oauth-authorization-server")
    document = response.json
    assert document["issuer"] == "http://localhost"
    for name, value in document.items():
        if name.endswith("_endpoint"):
            path = urlsplit(value).path
            assert anonymous.request("OPTIONS", path).status_code == 200
    assert document["code_challenge_methods_supported"] == ["S256"]
    home = anonymous.get("/").json
    assert home["_links"]["fx:token"]["href"] == document["token_endpoint"]


def test_no_secret_is_stored(client, installation, data_dir):
    from tests import databases

    if databases.is_postgresql():
        pytest.skip("there is no file to look into")
    content = b"".join(p.read_bytes() for p in data_dir.glob("sirenhall.db*"))
    for text in (client.client_secret, client.refresh_token, client.access_token):
        assert text.encode() not in content


def test_the_action_of_home_gets_a_token(anonymous, client):
    entity = anonymous.get("/", accept="application/vnd.siren+json").json
    [action] = entity["actions"]
    assert action["name"] == "get-token"
    filled = {
        "grant_type": "client_credentials",
        "client_id": client.client_id,
        "client_secret": client.client_secret,
    }
    assert set(filled) <= {field["name"] for field in action["fields"]}
    response = anonymous.request(action["method"], action["href"], data=filled)
    assert response.status_code == 200
    assert json.loads(response.data)["access_token"]


@pytest.mark.parametrize(
    "uri",
    [
        "http://localhost:80@evil.example/cb",
        "http://127.0.0.1:80@evil.example/callback",
        "http://127.0.0.1@evil.example/callback",
        "http://127.0.0.1.evil.example/callback",
        "http://127.0.0.1:1\\@evil.example/callback",
        "http://127.0.0.1:x/callback",
        "http://127.0.0.1/callback#x",
        "http://127.0.0.1/callback?x=1",
        "https://127.0.0.1/callback",
    ],
)
def test_what_only_looks_like_loopback_is_nobodys(anonymous, api, installation, uri):
    made = make(
        installation, store_id=None, redirect_uris=["http://127.0.0.1/callback"]
    )
    for changes in ({}, {"scope": "nonsense"}):
        path = authorize(api, made, redirect_uri=uri, **changes)
        response = anonymous.get(path)
        assert response.status_code == 400
        assert "Location" not in response.headers


def test_a_programs_token_signs_nobody_in(anonymous, client):
    person = Person(anonymous.client)
    person.get("/sign-in")
    response = person.post("/sign-in", {"token": client.access_token})
    assert response.status_code == 422
    assert "belongs to a program" in response.text


@pytest.mark.parametrize("decision", [None, "", "zzz"])
def test_only_allow_lets_in(api, guest, decision):
    path = authorize(api, guest)
    assert consent(api, path, decision=decision).status_code == 422


def test_a_public_client_without_a_challenge_is_sent_back(anonymous, api, installation):
    public = make(installation, store_id=None, redirect_uris=[CALLBACK], is_public=True)
    path = authorize(api, public, code_challenge=None, code_challenge_method=None)
    _, query = location(anonymous.get(path))
    assert query["error"] == "invalid_request"


@pytest.mark.parametrize(
    "path", ["/token", "/token/revocation", "/token/introspection"]
)
@pytest.mark.parametrize("text", ["\ud800", "a\x00b"])
def test_what_no_credential_can_be_is_refused(anonymous, client, path, text):
    for name in ("client_id", "client_secret", "refresh_token", "token", "scope"):
        sent = {
            "grant_type": "refresh_token",
            "client_id": client.client_id,
            "client_secret": client.client_secret,
            "token": "x",
            name: text,
        }
        body = json.dumps(sent)
        response = anonymous.post(path, data=body, content_type="application/json")
        assert response.status_code == 400, response.text
    for pair in (b"\xff\xfe:x", b"a\x00:b", b"no colon"):
        header = {"Authorization": "Basic " + base64.b64encode(pair).decode()}
        sent = {"grant_type": "client_credentials", "token": "x"}
        response = anonymous.post(path, data=sent, headers=header)
        assert response.status_code in {400, 401}, response.text
    assert anonymous.get("/authorize?client_id=%00").status_code == 400


def test_a_native_app_gets_its_code_at_its_own_scheme(api, installation):
    uri = "com.example.app:/oauth2redirect/example-provider"
    made = make(installation, store_id=None, redirect_uris=[uri], is_public=True)
    path = authorize(api, made, redirect_uri=uri)
    person = Person(api.client.application.test_client())
    person.sign_in(api.token)
    page = person.get(path)
    assert page.status_code == 200, page.text
    assert "com.example.app:" in page.headers["Content-Security-Policy"]
    answer = person.post(path, {"decision": "deny"})
    assert answer.status_code == 303
    assert answer.headers["Location"].startswith(f"{uri}?error=access_denied")
    wrong = authorize(api, made, redirect_uri="com.example.app:/elsewhere")
    assert api.get(wrong).status_code == 400


@pytest.mark.parametrize("text", ['"', "\\", "é", "a b", "'", "\t"])
def test_strange_parameters_are_refused(anonymous, api, client, guest, text):
    for name in ("response_type", "redirect_uri", "scope", "client_id", "state"):
        path = authorize(api, guest, **{name: text})
        for method in ("GET", "POST"):
            response = anonymous.request(method, path, data={"decision": "deny"})
            assert response.status_code < 500, (name, method)
    for name in ("grant_type", "scope", "refresh_token", "client_id"):
        sent = {"grant_type": "refresh_token", "refresh_token": "x", name: text}
        response = anonymous.post("/token", data=sent, headers=basic(client))
        assert response.status_code in {400, 401}, name
