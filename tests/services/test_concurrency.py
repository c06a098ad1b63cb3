"""Writers that come together: nothing lost, nothing doubled, nothing locked."""

from concurrent.futures import ThreadPoolExecutor

from app import create_app
from tests.conftest import Api, settings_for

ITEM = {"name": "A", "price": 1, "item_category_id": 2}


def in_parallel(number, work):
    with ThreadPoolExecutor(number) as pool:
        return list(pool.map(work, range(number)))


def test_of_equal_codes_exactly_one_is_created(app, api):
    def create(_number):
        client = Api(app.test_client(), api.token)
        return client.post(
            "/stores/1/downloadables", json={**ITEM, "code": "same"}
        ).status_code

    statuses = in_parallel(16, create)
    assert sorted(statuses) == [201] + [409] * 15
    assert api.get("/stores/1/downloadables").json["total_items"] == 1


def test_kept_totals_count_every_row(app, api, data_dir):
    second = create_app(settings_for(data_dir))

    def work(number):
        client = Api((app, second)[number % 2].test_client(), api.token)
        path = client.post(
            "/stores/1/downloadables", json={**ITEM, "code": f"c{number}"}
        ).headers["Location"]
        if number % 3 == 0:
            client.delete(path)
        elif number % 3 == 1:
            client.patch(path, json={"is_archived": True})

    in_parallel(24, work)
    page = api.get("/stores/1/downloadables?limit=300").json
    assert page["total_items"] == page["returned_items"] == 8
    archived = api.get("/stores/1/downloadables?is_archived=true").json
    assert archived["total_items"] == archived["returned_items"] == 8
    second.extensions["sirenhall"].close()


def test_parallel_uploads_to_one_item_are_all_versions(app, api):
    import io

    path = f"/downloadables/{api.upload()}"

    def replace(number):
        client = Api(app.test_client(), api.token)
        data = {"file": (io.BytesIO(b"x" * number), f"{number}.txt")}
        response = client.patch(path, data=data)
        assert response.status_code == 200, response.text
        return response.json["version"]

    assert sorted(in_parallel(8, replace)) == list(range(2, 10))
    shown = api.get(path).json
    assert shown["version"] == 9
    assert len(api.get(f"{path}/file").data) == shown["file_size"]


def test_no_request_keeps_a_connection(app, api):
    for _ in range(5):
        api.get("/stores/1/downloadables")
        api.post("/stores/1/downloadables", json={})
        api.get("/downloadables/99")
    pool = app.extensions["sirenhall"].database.engine.pool
    assert pool.checkedout() == 0
