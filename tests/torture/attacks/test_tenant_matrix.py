"""Every route with every kind of id of another store: it is answered like no id.

The routes are those of the application, so that a new one is tried as well.
"""

import re
from collections.abc import Iterator

import pytest

from app.services import scopes
from app.services.auth import authentication, users
from tests.conftest import Api

UNKNOWN = {"number": "999999", "text": "0f" * 16}
METHODS = ("GET", "HEAD", "PUT", "PATCH", "POST", "DELETE")
FORMATS = (
    "application/hal+json",
    "application/hal+xml",
    "application/vnd.siren+json",
    "text/html",
)
# Of no store, or a right by itself.
SHARED = (
    "/.well-known",
    "/docs",
    "/problems",
    "/profiles",
    "/property_helpers",
    "/rels",
)


@pytest.fixture
def foreign(api, installation):
    """Make one of everything in the first store; give its ids by collection."""
    item = f"/downloadables/{api.upload(b'secret', 'secret.txt', code='secret')}"
    made = {"downloadables": 1, "stores": 1, "item_categories": 2}
    for path, values in (
        (f"{item}/attributes", {"name": "a", "value": "b"}),
        (f"{item}/translations", {"language": "de", "name": "Geheim"}),
        (f"{item}/files", {"url": "https://example.com/a", "name": "b"}),
        ("/stores/1/downloadable_purchases", {"downloadable_id": 1}),
    ):
        answer = api.post(path, json=values)
        assert answer.status_code == 201, (path, answer.text)
        kind, _, number = answer.headers["Location"].rpartition("/")
        made[kind.rpartition("/")[2]] = int(number)
    with installation.database.writing() as tx:
        made["users"], _ = users.add_user(tx, 1, "secret@example.com", "owner")
    slot = api.post("/stores/1/upload_url", json={}).json["upload_url"]
    assert api.put(slot, data=b"library").status_code == 200
    hook = {"use_webhook": True, "webhook_url": "https://hooks.example/"}
    assert api.patch("/stores/1", json=hook).status_code == 200
    begun = api.post(f"{item}/upload_url", json={}).json["upload_url"]
    api.post(begun, headers={"Upload-Length": "8", "Tus-Resumable": "1.0.0"})
    url = api.get("/stores/1/downloadable_purchases").json["_embedded"][
        "fx:downloadable_purchases"
    ][0]["_links"]["fx:download_url"]["href"]
    assert api.get(url).status_code == 200
    for kind, path in (
        ("library_files", "/stores/1/library_files"),
        ("downloads", "/stores/1/downloads"),
        ("versions", f"{item}/versions"),
        ("open_uploads", "/stores/1/open_uploads"),
        ("tokens", "/stores/1/tokens"),
        ("webhook_deliveries", "/stores/1/webhook_deliveries"),
    ):
        [listed] = api.get(path).json["_embedded"].values()
        href = listed[0]["_links"]["self"]["href"]
        made[kind] = int(re.search(r"(\d+)$", href)[1])
    uuid = api.get("/downloadables/1").json.get("uuid", "")
    return made, str(uuid)


@pytest.fixture
def other(operator, app, installation):
    """A client of another store, with all rights there."""
    store = {
        "store_name": "Harbour",
        "store_domain": "harbour",
        "country": "DE",
        "store_url": "https://h.example",
        "store_email": "a@h.example",
        "postal_code": "1",
        "region": "-",
    }
    made = operator.post("/stores", json=store)
    assert made.status_code == 201
    with installation.database.writing() as tx:
        _, token = authentication.create_token(tx, scope=scopes.STORE, store_id=2)
    return Api(app.test_client(), token)


def addresses(app, foreign) -> Iterator[tuple[str, str, str]]:
    """Give each route with ids of another store, and with ids of nothing."""
    made, uuid = foreign
    for rule in sorted({rule.rule for rule in app.url_map.iter_rules()}):
        if "<" not in rule or rule.startswith(SHARED) or rule.startswith("/uploads"):
            continue
        kind = rule.split("/")[1]
        here = rule
        if "<id:" in rule:
            # A kind that was not made would be tried with an id that is not there.
            here = re.sub("<id:[^>]+>", str(made[kind]), rule)
        nowhere = re.sub("<id:[^>]+>", UNKNOWN["number"], rule)
        yield (
            rule,
            re.sub("<[^>]+>", uuid or "1", here),
            re.sub("<[^>]+>", UNKNOWN["text"], nowhere),
        )


def told(answer, path):
    """Give what an answer says, but for the address itself and the moment."""
    text = answer.text.replace(path, "PATH").replace(path.rstrip("/"), "PATH")
    text = re.sub(r"id-\d+", "LOGREF", text)
    headers = {
        name: value.replace(path, "PATH")
        for name, value in answer.headers.items()
        if name not in {"Content-Length", "ETag", "Date"}
    }
    return answer.status_code, text, headers


def test_what_another_store_has_is_told_like_nothing(app, other, foreign):
    tried = 0
    bodies = {"json": {"name": "mine", "code": "mine", "price": 1}}
    for _rule, theirs, nowhere in addresses(app, foreign):
        for method in METHODS:
            body = bodies if method in {"PUT", "PATCH", "POST"} else {}
            for accept in FORMATS if method == "GET" else FORMATS[:1]:
                found = other.request(method, theirs, accept=accept, **body)
                unknown = other.request(method, nowhere, accept=accept, **body)
                assert found.status_code >= 400, (method, theirs)
                assert found.status_code < 500, (method, theirs, found.text)
                assert told(found, theirs) == told(unknown, nowhere), (method, theirs)
                assert "secret" not in found.text
                tried += 1
    assert tried > 400


def test_what_another_store_has_cannot_be_referred_to(other, foreign):
    made, _ = foreign
    kind = {
        "code": "A",
        "name": "A",
        "item_delivery_type": "downloaded",
        "max_downloads_per_customer": 1,
        "max_downloads_time_period": 1,
    }
    mine = other.post("/stores/2/item_categories", json=kind)
    assert mine.status_code == 201, mine.text
    category = mine.json["_links"]["self"]["href"]
    new = {"name": "a", "code": "a", "price": 1}
    for reference in (
        {"item_category_uri": "/item_categories/2"},
        {"item_category_id": 2},
    ):
        found = other.post("/stores/2/downloadables", json={**new, **reference})
        assert found.status_code == 422
    path = other.post(
        "/stores/2/downloadables", json={**new, "item_category_uri": category}
    ).headers["Location"]
    for found in (
        other.post("/stores/2/downloadable_purchases", json={"downloadable_id": 1}),
        other.post(f"{path}/files", json={"library_file_id": made["library_files"]}),
        other.patch(path, json={"item_category_uri": "/item_categories/2"}),
        other.patch(
            path, json={"current_version_uri": f"/versions/{made['versions']}"}
        ),
    ):
        assert found.status_code in {200, 400, 422}, found.text
        assert "secret" not in found.text
    assert other.get(path).json["item_category_uri"] == category
    for query in ("id=1", "id:in=1,2,3", "code=secret", "search=secret", "name=*"):
        listed = other.get(f"/stores/2/downloadables?{query}").json
        assert "secret" not in str(listed["_embedded"])
