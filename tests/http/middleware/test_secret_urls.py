"""Links that are a right by themselves: who sees them, and who is told of them."""

import io
from urllib.parse import urlencode

import pytest

from app.http.middleware.access_log import EXTENSION
from tests.browsing import Person
from tests.conftest import FORMATS

EVERYWHERE = [*FORMATS.values(), "text/html", "application/prs.hal-forms+json"]


@pytest.fixture
def bought(api):
    item = api.upload()
    values = {"downloadable_uri": f"/downloadables/{item}", "customer_id": "7"}
    answer = api.post("/stores/1/downloadable_purchases", json=values).json
    return answer["_links"]["self"]["href"], answer["download_passcode"]


@pytest.mark.parametrize("accept", [*EVERYWHERE, "text/csv"])
def test_who_only_reads_sees_no_passcode_and_no_link(reader, api, bought, accept):
    href, passcode = bought
    for path in (
        *([href] if accept != "text/csv" else []),
        "/stores/1/downloadable_purchases",
        "/downloadables/1/downloadable_purchases",
        "/stores/1/downloads?zoom=downloadable_purchase",
        "/stores/1?zoom=downloadable_purchases" if accept != "text/csv" else "/stores",
    ):
        answer = reader.get(path, accept=accept)
        assert answer.status_code == 200, path
        for text in (answer.text, answer.headers.get("Link", "")):
            assert passcode not in text
            assert "/dl?" not in text
            assert "/dl/files" not in text
    assert passcode in api.get(href, accept=accept.replace("csv", "html")).text


@pytest.mark.parametrize(
    "query",
    [
        "download_passcode=a*",
        "order=download_passcode",
        "fields=id&order=download_passcode desc",
        "downloadable:downloadable_purchases:download_passcode=a*",
    ],
)
def test_a_passcode_cannot_be_asked_about(reader, api, bought, query):
    path = f"/stores/1/downloadable_purchases?{query}"
    assert reader.get(path).status_code == 400
    assert api.get(path).status_code == 400


def test_who_only_reads_can_mint_no_link(reader, api, bought):
    href, _ = bought
    assert reader.post(f"{href}/signed_url").status_code == 403
    assert api.post(f"{href}/signed_url").status_code == 201
    headers = {"Authorization": f"Bearer {reader.token}"}
    medias = reader.get("/surecart/v1/medias", headers=headers).json["data"]
    expose = f"/surecart/v1/customers/7/expose/{medias[0]['id']}"
    assert reader.get(expose).status_code == 403
    assert api.get(expose).status_code == 200
    assert reader.post("/stores/1/upload_url").status_code == 403


SECRET = ["/dl?p=x", "/dl", "/dl/", "/dl/files?p=x", "/dl/nowhere", "/uploads/x"]


@pytest.mark.parametrize("path", SECRET)
@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "DELETE", "POST"])
def test_no_answer_passes_the_address_on(anonymous, method, path):
    answer = anonymous.request(method, path)
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["X-Robots-Tag"] == "noindex"


def test_a_file_and_its_page_pass_nothing_on(anonymous, api, bought):
    links = api.get(bought[0]).json["_links"]
    for rel in ("fx:download_url", "fx:purchased_files"):
        for accept in ("*/*", "text/html"):
            answer = anonymous.get(links[rel]["href"], accept=accept)
            assert answer.status_code == 200
            assert answer.headers["Referrer-Policy"] == "no-referrer"
            assert answer.headers["X-Robots-Tag"] == "noindex"
    assert "X-Robots-Tag" not in anonymous.get("/dlx").headers


def test_neither_log_has_what_is_secret(app, api, anonymous, bought, caplog):
    caplog.set_level("INFO")
    app.extensions[EXTENSION] = log = io.StringIO()
    slot = api.post("/stores/1/upload_url").json["upload_url"]
    token = slot.rpartition("/")[2]
    anonymous.put(slot, data=b"x")
    anonymous.put(slot, data=b"again")
    anonymous.get(f"{slot}/more")
    anonymous.get(f"/dl?p={bought[1]}x")
    anonymous.get(f"/dl?p={bought[1]}&p=2")
    for query in (
        f"download_passcode={bought[1]}",
        f"name={bought[1]}\\",
        f"prise>={bought[1]}",
        f"order={bought[1]}",
    ):
        api.get(f"/stores/1/downloadable_purchases?{query}")
    written = log.getvalue() + caplog.text
    assert "/uploads/***" in written
    assert token not in written
    assert bought[1] not in written


def test_the_consent_redirect_is_not_stored(anonymous, api, installation):
    from app.services import scopes
    from app.services.auth import clients

    with installation.database.writing() as tx:
        made = clients.create_client(
            tx,
            scope=scopes.STORE,
            store_id=None,
            redirect_uris=["https://a.example/back"],
        )
    query = {
        "response_type": "code",
        "client_id": made.client_id,
        "redirect_uri": "https://a.example/back",
        "code_challenge": "a" * 43,
        "code_challenge_method": "S256",
    }
    person = Person(anonymous.client)
    person.sign_in(api.token)
    path = f"/authorize?{urlencode(query)}"
    person.get(path)
    answer = person.post(path, {"decision": "allow"})
    assert answer.status_code == 303
    assert answer.headers["Cache-Control"] == "no-store"
    long = anonymous.get("/authorize", query_string={**query, "state": "x" * 2000})
    assert long.status_code == 400
    assert "state must have at most 1000" in long.text
