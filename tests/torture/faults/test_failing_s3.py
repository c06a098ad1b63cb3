"""An S3 that fails in the middle: nothing is acknowledged that is not there."""

import os

import pytest

from app import create_app
from tests import storages
from tests.conftest import Api, settings_for
from tests.cutting import CuttingProxy

CONTENT = os.urandom(12 * 2**20)


@pytest.fixture
def behind(data_dir):
    """Give an application whose S3 is behind a proxy that cuts as it is told."""
    made = []

    def start(after, times):
        port = int(storages.endpoint().rpartition(":")[2])
        proxy = CuttingProxy(port, after, 0)
        url = storages.s3_url(data_dir).replace(f":{port}", f":{proxy.port}")
        app = create_app(settings_for(data_dir, storage_url=url))
        made.append((app, proxy))
        api = Api(app.test_client(), app.extensions["sirenhall"].starter_token)
        api.add()
        proxy.cuts_left = times
        return api, proxy

    yield start
    for app, proxy in made:
        app.extensions["sirenhall"].close()
        proxy.close()


def upload(api):
    return api.put("/downloadables/1/file", data=CONTENT, content_type="text/plain")


@pytest.mark.parametrize("after", [1_000, 3_000_000, 7_000_000])
def test_a_short_failure_is_made_up_for(behind, after):
    api, proxy = behind(after, times=1)
    answer = upload(api)
    assert answer.status_code == 200, answer.text
    assert proxy.cuts == 1
    assert api.get("/downloadables/1/file").data == CONTENT


@pytest.mark.parametrize("after", [1_000, 1_000_000, 3_000_000])
def test_a_long_one_leaves_no_row_and_no_object(behind, after):
    api, proxy = behind(after, times=10**6)
    answer = upload(api)
    assert answer.status_code == 503
    assert "file storage" in answer.text
    assert answer.headers["Retry-After"]
    proxy.cuts_left = 0
    assert api.get("/downloadables/1").json["file_name"] is None
    assert api.get("/downloadables/1/versions").json["total_items"] == 0
    storage = api.client.application.extensions["sirenhall"].storage
    storage.clear_unfinished()
    assert list(storage.stored()) == []
    # It works again as soon as the storage does.
    assert upload(api).status_code == 200


def test_reading_goes_on_over_a_new_connection(behind, monkeypatch):
    api, _proxy = behind(0, times=0)
    assert upload(api).status_code == 200
    from app.storage.s3_bucket import Bucket

    real, opened = Bucket.body, []

    class Breaking:
        def __init__(self, body):
            self.body = body
            self.left = 3_000_000

        def read(self, size):
            self.left -= size
            if self.left < 0:
                raise ConnectionResetError
            return self.body.read(size)

        def close(self):
            self.body.close()

    def body(self, name, start):
        opened.append(start)
        found = real(self, name, start)
        return Breaking(found) if len(opened) < 3 else found

    monkeypatch.setattr(Bucket, "body", body)
    assert api.get("/downloadables/1/file").data == CONTENT
    assert len(opened) == 3
