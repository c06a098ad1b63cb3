"""Several resources in one request, each with its own outcome, or all or nothing."""

import pytest

from tests.conftest import FORMATS, OTHER_STORE, blobs

PATH = "/stores/1/downloadables"
STRICT = {"Prefer": "handling=strict"}


def item(code, **changes):
    return {"name": "A", "code": code, "price": 1, "item_category_id": 2, **changes}


def results(response):
    found = response.json["_embedded"]["fx:results"]
    assert [r["position"] for r in found] == list(range(len(found)))
    assert response.json["total"] == len(found)
    return found


def codes(api):
    page = api.get(f"{PATH}?limit=300").json
    assert page["total_items"] == page["returned_items"]
    return [i["code"] for i in page["_embedded"]["fx:downloadables"]]


def test_several_are_created(api):
    response = api.post(PATH, json=[item("a"), item("b"), item("c")])
    assert response.status_code == 201, response.text
    found = results(response)
    assert [r["status"] for r in found] == [201] * 3
    assert found[0]["message"] == "downloadable 1 created successfully."
    for result, code in zip(found, "abc", strict=True):
        own = api.get(result["_links"]["self"]["href"]).json
        assert own["code"] == code
    assert codes(api) == ["a", "b", "c"]


def test_what_is_wrong_with_one_leaves_the_others(api):
    sent = [item("a"), item("", price="x"), item("a"), item("b", item_category_id=1)]
    response = api.post(PATH, json=[*sent, item("c")])
    assert response.status_code == 207
    found = results(response)
    assert [r["status"] for r in found] == [201, 422, 409, 422, 201]
    errors = found[1]["_embedded"]["fx:errors"]
    assert {e["property"] for e in errors} == {"code", "price"}
    assert "already in use" in found[2]["message"]
    assert response.json["failed"] == 3
    assert codes(api) == ["a", "c"]


def test_strictly_it_is_all_or_nothing(api):
    response = api.post(PATH, json=[item("a"), item("a")], headers=STRICT)
    assert response.status_code == 409, response.text
    [entry] = response.json["_embedded"]["fx:errors"]
    assert entry["property"] == "[1].code"
    assert codes(api) == []
    wrong = api.post(PATH, json=[item("a"), item("b", price=-1)], headers=STRICT)
    assert wrong.status_code == 422
    assert api.errors(wrong) == {"[1].price": "too_small"}
    assert codes(api) == []
    fine = api.post(PATH, json=[item("a"), item("b")], headers=STRICT)
    assert fine.status_code == 201


def test_categories_and_stores_can_be_several_too(api, operator):
    sent = [
        {"code": c, "name": c, "item_delivery_type": "notshipped"} for c in ("X", "Y")
    ]
    response = api.post("/stores/1/item_categories", json=sent)
    assert response.status_code == 201
    store = OTHER_STORE
    made = operator.post("/stores", json=[store, {**store, "store_domain": "third"}])
    assert made.status_code == 201, made.text
    tokens = {result["token"] for result in results(made)}
    assert len(tokens) == 2
    for token in tokens:
        headers = {"Authorization": f"Bearer {token}"}
        assert api.get("/stores", headers=headers).json["total_items"] == 1


def test_several_are_changed_alike(api):
    ids = [api.add(code=c) for c in "abc"]
    path = f"{PATH}?id:in={ids[0]},{ids[2]},99"
    response = api.patch(path, json={"price": 5, "is_archived": True})
    assert response.status_code == 207
    assert [r["status"] for r in results(response)] == [200, 200, 404]
    prices = [api.get(f"/downloadables/{i}").json["price"] for i in ids]
    assert prices == [5, 10, 5]
    assert codes(api) == ["b"]
    back = api.patch(f"{PATH}?id:in={ids[0]},{ids[2]}", json={"is_archived": False})
    assert back.status_code == 200
    assert codes(api) == ["a", "b", "c"]


def test_other_filters_narrow_what_is_meant(api):
    ids = [api.add(code=c, price=p) for c, p in (("a", 1), ("b", 2))]
    path = f"{PATH}?id:in={ids[0]},{ids[1]}&price:greaterthan=1"
    response = api.patch(path, json={"name": "New"})
    assert [r["status"] for r in results(response)] == [404, 200]
    assert api.get(f"/downloadables/{ids[0]}").json["name"] == "Unicorn"


def test_a_change_may_be_a_json_patch(api):
    ids = [api.add(code=c, price=p) for c, p in (("a", 1), ("b", 2))]
    patch = '[{"op": "test", "path": "/price", "value": 2}, '
    patch += '{"op": "replace", "path": "/name", "value": "New"}]'
    response = api.patch(
        f"{PATH}?id:in={ids[0]},{ids[1]}",
        data=patch,
        content_type="application/json-patch+json",
    )
    assert [r["status"] for r in results(response)] == [409, 200]


def test_several_are_deleted_with_their_files(api, data_dir):
    ids = [api.upload(code=c) for c in "abc"]
    response = api.delete(f"{PATH}?id:in={ids[0]},{ids[1]}")
    assert response.status_code == 200, response.text
    assert codes(api) == ["c"]
    assert len(blobs(data_dir)) == 1
    strictly = api.delete(f"{PATH}?id:in={ids[0]},{ids[2]}", headers=STRICT)
    assert strictly.status_code == 409
    assert codes(api) == ["c"]
    assert len(blobs(data_dir)) == 1
    used = api.delete("/stores/1/item_categories?id:in=1,2")
    assert [r["status"] for r in results(used)] == [409, 409]


@pytest.mark.parametrize(
    "query",
    ["", "?id=*", "?id:not=1", "?id=1..9", "?code=a", "?id:in=1|code=a", "?id="],
)
@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
def test_ids_must_be_named_one_by_one(api, method, query):
    api.add(code="a")
    response = api.request(method, PATH + query, json={"name": "New"})
    assert response.status_code == 400, response.text
    assert "?id:in=4,7" in response.text
    assert codes(api) == ["a"]


def test_what_was_made_is_said_whatever_is_preferred(api):
    headers = {"Prefer": "return=minimal"}
    answer = api.post(PATH, json=[item("a")], headers=headers)
    assert answer.status_code == 201
    assert results(answer)[0]["_links"]["self"]["href"]
    assert "Preference-Applied" not in answer.headers


def test_too_many_and_none_at_all(api):
    assert api.post(PATH, json=[item(str(n)) for n in range(101)]).status_code == 413
    ids = ",".join(map(str, range(1, 102)))
    assert api.delete(f"{PATH}?id:in={ids}").status_code == 413
    empty = api.post(PATH, json=[])
    assert empty.status_code == 400
    assert "the array is empty" in empty.text
    assert api.post(PATH, json=[1]).status_code == 400
    hundred = api.post(PATH, json=[item(str(n)) for n in range(100)])
    assert hundred.status_code == 201
    assert len(codes(api)) == 100


def test_a_condition_is_about_the_collection(api):
    number = api.add()
    tag = {"If-Match": api.get(PATH).headers["ETag"]}
    path = f"{PATH}?id:in={number}"
    assert api.patch(path, json={"price": 2}, headers=tag).status_code == 200
    assert api.patch(path, json={"price": 3}, headers=tag).status_code == 412
    assert api.delete(path, headers=tag).status_code == 412


def test_another_store_is_out_of_reach(api, operator):
    number = api.add()
    store = OTHER_STORE
    made = operator.post("/stores", json=store)
    headers = {"Authorization": f"Bearer {made.json['token']}"}
    own = made.json["_links"]["fx:downloadables"]["href"]
    response = api.delete(f"{own}?id:in={number}", headers=headers)
    assert [r["status"] for r in results(response)] == [404]
    assert api.delete(f"{PATH}?id:in={number}", headers=headers).status_code == 404
    assert codes(api) == ["unicorn"]


@pytest.mark.parametrize("accept", [*FORMATS.values(), "text/html"])
def test_results_come_in_every_format(api, accept):
    response = api.post(PATH, json=[item("a"), item("a")], accept=accept)
    assert response.status_code == 207
    assert "already in use" in response.text
    assert "/downloadables/1" in response.text


def test_a_key_makes_it_one_effect(api):
    key = {"Idempotency-Key": '"several"'}
    first = api.post(PATH, json=[item("a"), item("b")], headers=key)
    again = api.post(PATH, json=[item("a"), item("b")], headers=key)
    assert first.data == again.data
    assert codes(api) == ["a", "b"]


def test_a_reader_may_not(reader):
    assert reader.delete(f"{PATH}?id:in=1").status_code == 403
    assert reader.patch(f"{PATH}?id:in=1", json={}).status_code == 403


def test_a_page_of_named_ids_offers_to_change_or_delete_them(api, reader):
    ids = [api.add(code=c) for c in "ab"]
    path = f"{PATH}?id:in={ids[0]},{ids[1]}"
    siren = {"accept": "application/vnd.siren+json"}
    actions = {a["name"]: a for a in api.get(path, **siren).json["actions"]}
    update = actions["update-downloadables"]
    done = api.request(update["method"], update["href"], json={"price": 7})
    assert done.status_code == 200
    delete = actions["delete-downloadables"]
    assert api.request(delete["method"], delete["href"]).status_code == 200
    assert codes(api) == []
    for page in (api.get(PATH, **siren), reader.get(path, **siren)):
        names = {a["name"] for a in page.json["actions"]}
        assert not names & {"update-downloadables", "delete-downloadables"}


def test_who_may_not_change_sends_no_file(api, anonymous, installation, monkeypatch):
    import io

    opened = []
    monkeypatch.setattr(type(installation.storage), "writer", opened.append)
    number = api.add()
    for client, status in ((anonymous, 401), (api, 400)):
        data = {"file": (io.BytesIO(b"x" * 1000), "a.txt")}
        response = client.patch(f"{PATH}?id:in={number}", data=data)
        assert response.status_code == status
    assert opened == []


@pytest.mark.parametrize("query", ["", "?zoom=store", "?store:store_name=*"])
def test_a_tag_of_any_page_of_the_collection_is_good_for_a_change(api, query):
    number = api.add()
    tag = {"If-Match": api.get(PATH + query).headers["ETag"]}
    path = f"{PATH}?id:in={number}"
    assert api.patch(path, json={"price": 2}, headers=tag).status_code == 200
    assert api.patch(path, json={"price": 3}, headers=tag).status_code == 412


def test_one_stores_tag_is_not_anothers(api, operator):
    store = OTHER_STORE
    token = operator.post("/stores", json=store).json["token"]
    first = api.get("/stores")
    headers = {
        "Authorization": f"Bearer {token}",
        "If-None-Match": first.headers["ETag"],
    }
    assert api.get("/stores", headers=headers).status_code == 200
    assert "Authorization" in first.headers["Vary"]


def test_attributes_that_are_named_can_only_be_deleted_at_once(api):
    """A PATCH of attributes is by name, whatever the query says."""
    made = api.post("/stores/1/attributes", json={"name": "a", "value": "b"})
    number = made.headers["Location"].rpartition("/")[2]
    path = f"/stores/1/attributes?id:in={number}"
    entity = api.get(path, accept="application/vnd.siren+json").json
    actions = {a["name"]: a for a in entity["actions"]}
    assert "update-attributes" not in actions
    delete = actions["delete-attributes"]
    assert api.request(delete["method"], delete["href"]).status_code == 200
    assert api.get("/stores/1/attributes").json["total_items"] == 0
