"""Idempotency-Key: one effect, whatever is sent how often, and wherever."""

import base64
import hashlib
import io
from concurrent.futures import ThreadPoolExecutor

import pytest
from cryptography.fernet import Fernet, InvalidToken
from sqlalchemy import select

from app import create_app
from app.database import Statement
from app.models import IDEMPOTENCY_KEYS
from app.services import idempotency
from tests.conftest import OTHER_STORE, Api, blobs, settings_for

ITEM = {"name": "A", "code": "a", "price": 1, "item_category_id": 2}
KEY = {"Idempotency-Key": '"8e03978e-40d5-43dd-bc93-6894a57f9324"'}
PATH = "/stores/1/downloadables"
ATTRIBUTE = {"name": "color", "value": "red"}


def total(api):
    return api.get(PATH).json["total_items"]


def test_the_first_outcome_is_replayed(api):
    first = api.post(PATH, json=ITEM, headers=KEY)
    again = api.post(PATH, json=ITEM, headers=KEY)
    assert first.status_code == again.status_code == 201
    assert first.data == again.data
    for name in ("Location", "ETag", "Content-Type"):
        assert first.headers[name] == again.headers[name]
    assert "Idempotency-Replayed" not in first.headers
    assert again.headers["Idempotency-Replayed"] == "true"
    assert total(api) == 1


def test_another_body_under_the_same_key_is_refused(api):
    api.post(PATH, json=ITEM, headers=KEY)
    other = api.post(PATH, json={**ITEM, "price": 2}, headers=KEY)
    assert other.status_code == 422
    assert api.errors(other) == {"": "key_reused"}
    assert total(api) == 1


def test_an_upload_is_known_again_by_its_content(api, data_dir):
    def send(content):
        fields = {k: str(v) for k, v in ITEM.items()}
        data = {**fields, "file": (io.BytesIO(content), "a.txt")}
        return api.post(PATH, data=data, headers=KEY)

    first, again = send(b"content"), send(b"content")
    assert first.data == again.data
    assert send(b"c0ntent").status_code == 422
    assert len(blobs(data_dir)) == 1
    assert total(api) == 1


def test_a_restart_and_another_worker_know_of_it(api, data_dir):
    first = api.post(PATH, json=ITEM, headers=KEY)
    second = create_app(settings_for(data_dir))
    other = Api(second.test_client(), api.token)
    assert other.post(PATH, json=ITEM, headers=KEY).data == first.data
    second.extensions["sirenhall"].close()


def test_a_refusal_can_be_mended_under_the_same_key(api):
    wrong = api.post(PATH, json={**ITEM, "price": "x"}, headers=KEY)
    assert wrong.status_code == 422
    right = api.post(PATH, json=ITEM, headers=KEY)
    assert right.status_code == 201
    assert "Idempotency-Replayed" not in right.headers


def test_keys_are_of_one_caller_and_one_address(api, operator):
    api.post(PATH, json=ITEM, headers=KEY)
    other = operator.post(PATH, json={**ITEM, "code": "b"}, headers=KEY)
    assert other.status_code == 201
    category = {"code": "X", "name": "X", "item_delivery_type": "notshipped"}
    elsewhere = api.post("/stores/1/item_categories", json=category, headers=KEY)
    assert elsewhere.status_code == 201
    attribute = {"name": "color", "value": "red"}
    for _ in range(2):
        made = api.post("/stores/1/attributes", json=attribute, headers=KEY)
        assert made.status_code == 201


def test_a_key_without_quotes_is_taken_too(api):
    key = {"Idempotency-Key": "8e03978e"}
    assert api.post(PATH, json=ITEM, headers=key).status_code == 201
    again = api.post(PATH, json=ITEM, headers={"Idempotency-Key": '"8e03978e"'})
    assert again.headers["Idempotency-Replayed"] == "true"


@pytest.mark.parametrize("key", ["", '""', "a b", "a" * 256, "\x01"])
def test_what_is_no_key_is_refused(api, key):
    response = api.post(PATH, json=ITEM, headers={"Idempotency-Key": key})
    assert response.status_code == 400
    assert total(api) == 0


def test_while_the_first_is_running_the_second_is_told(api, installation, monkeypatch):
    begin, digests = idempotency.claim_key, []

    def claim_key(*asked):
        digests.append(asked[1])
        return begin(*asked)

    monkeypatch.setattr(idempotency, "claim_key", claim_key)
    api.post(PATH, json={**ITEM, "price": "x"}, headers=KEY)
    # Another worker has begun, and not ended.
    assert begin(installation.database, digests[0], "") is None
    response = api.post(PATH, json=ITEM, headers=KEY)
    assert response.status_code == 409
    assert response.headers["Retry-After"] == "1"
    idempotency.release_key(installation.database, digests[0])
    assert api.post(PATH, json=ITEM, headers=KEY).status_code == 201


def test_a_request_that_never_ended_counts_for_nothing_after_a_while(
    api, installation, monkeypatch
):
    monkeypatch.setattr(idempotency, "LEASE", -1)
    api.post(PATH, json={**ITEM, "price": "x"}, headers=KEY)
    response = api.post(PATH, json=ITEM, headers=KEY)
    assert response.status_code == 201


def test_of_many_at_once_one_has_an_effect(app, api):
    def send(round_):
        client = Api(app.test_client(), api.token)
        item = {**ITEM, "code": f"round-{round_}"}
        key = {"Idempotency-Key": f'"round-{round_}"'}
        return client.post(PATH, json=item, headers=key)

    for round_ in range(3):
        with ThreadPoolExecutor(16) as pool:
            answers = list(pool.map(send, [round_] * 16))
        assert {a.status_code for a in answers} <= {201, 409}
        created = [a for a in answers if a.status_code == 201]
        assert len({a.data for a in created}) == 1
        assert sum("Idempotency-Replayed" not in a.headers for a in created) == 1
        assert total(api) == round_ + 1


def test_the_token_of_a_new_store_is_replayed_to_who_made_it(operator):
    store = OTHER_STORE
    first = operator.post("/stores", json=store, headers=KEY).json
    assert operator.post("/stores", json=store, headers=KEY).json == first
    assert first["token"]


def test_no_token_is_kept_in_clear(operator, installation):
    store = OTHER_STORE
    token = operator.post("/stores", json=store, headers=KEY).json["token"]
    with installation.database.reading() as db:
        [row] = db.rows(Statement(select(IDEMPOTENCY_KEYS)))
    assert token.encode() not in b"".join(str(v).encode() for v in row)


def test_nobody_opens_a_kept_answer_with_the_database_alone(api, installation):
    """Not even who guesses the key: the server's secret is not in the database."""
    key = "1"
    headers = {"Idempotency-Key": f'"{key}"'}
    api.post("/stores/1/attributes", json=ATTRIBUTE, headers=headers)
    statement = Statement(select(IDEMPOTENCY_KEYS.c.digest, IDEMPOTENCY_KEYS.c.body))
    with installation.database.reading() as db:
        [row] = db.rows(statement)
    named = f"token 1\nPOST /stores/1/attributes\n{key}".encode()
    for guess in (
        hashlib.sha256(b"seal\n" + named).digest(),
        hashlib.sha256(named).digest(),
        bytes.fromhex(row[0]),
    ):
        with pytest.raises(InvalidToken):
            Fernet(base64.urlsafe_b64encode(guess)).decrypt(bytes(row[1]))


def test_what_another_secret_sealed_is_said_so(api, installation, data_dir):
    headers = {"Idempotency-Key": '"a"'}
    api.post("/stores/1/attributes", json=ATTRIBUTE, headers=headers)
    other = create_app(settings_for(data_dir, secret_key="s" * 40))
    answer = Api(other.test_client(), api.token).post(
        "/stores/1/attributes", json=ATTRIBUTE, headers=headers
    )
    other.extensions["sirenhall"].close()
    assert answer.status_code == 409
    assert "SIRENHALL_SECRET_KEY" in answer.text


def test_a_caller_has_so_many_keys_and_others_have_their_own(
    api, operator, monkeypatch
):
    monkeypatch.setattr(idempotency, "MAX_KEYS", 3)

    def send(client, number, **changes):
        item = {**ITEM, "code": f"k{number}", **changes}
        key = {"Idempotency-Key": f'"{number}"'}
        return client.post(PATH, json=item, headers=key)

    # What is refused keeps none.
    for number in range(10):
        assert send(api, number, price="x").status_code == 422
    assert [send(api, number).status_code for number in range(3)] == [201] * 3
    refused = send(api, 4)
    assert refused.status_code == 429
    assert refused.headers["Retry-After"] == "3600"
    assert send(api, 2).headers["Idempotency-Replayed"] == "true"
    assert send(operator, 5).status_code == 201
    assert api.post(PATH, json={**ITEM, "code": "none"}).status_code == 201


def test_what_cannot_be_read_never_gets_a_row(api, installation, monkeypatch):
    begun = []
    monkeypatch.setattr(idempotency, "claim_key", lambda *asked: begun.append(asked))
    for body, kind in ((b"{", "application/json"), (b"x", "image/png")):
        answer = api.post(PATH, data=body, headers={**KEY, "Content-Type": kind})
        assert answer.status_code in {400, 415}
    assert begun == []
