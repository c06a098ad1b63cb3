"""A file storage that accepts connections and never answers."""

import time
from functools import partial

import pytest

from tests import storages
from tests.conftest import (
    Api,
    provisioned_app,
    settings_for,
    start_server,
    stop_server,
    wait_until,
)
from tests.cutting import CuttingProxy
from tests.torture.loads import ask, at_once, upload


class Hung:
    """An S3 behind a proxy that stops passing anything on."""

    def __init__(self, data_dir):
        port = int(storages.endpoint().rpartition(":")[2])
        self.proxy = CuttingProxy(port, 0, 0)
        self.url = storages.s3_url(data_dir).replace(f":{port}", f":{self.proxy.port}")


@pytest.fixture
def hung(tmp_path):
    hung = Hung(tmp_path / "data")
    yield hung
    hung.proxy.is_hung = False
    hung.proxy.close()


def test_a_call_ends_and_the_next_ones_are_refused_at_once(hung, tmp_path, monkeypatch):
    monkeypatch.setattr("app.storage.s3_bucket.READ_SECONDS", 1)
    monkeypatch.setattr("app.storage.breaker.SLOW_SECONDS", 0.5)
    monkeypatch.setattr("app.services.operations.readiness.PATIENCE", 0.5)
    app = provisioned_app(settings_for(tmp_path / "data", storage_url=hung.url))
    installation = app.extensions["sirenhall"]
    api = Api(app.test_client(), installation.starter_token)
    item = api.upload(b"before", code="a")
    assert item
    hung.proxy.is_hung = True
    started = time.monotonic()
    assert api.get("/health/ready").status_code == 503
    assert time.monotonic() - started < 1
    put = partial(
        api.put, "/downloadables/1/file", data=b"x", content_type="text/plain"
    )
    answer = put()
    assert answer.status_code == 503
    assert answer.headers["Retry-After"]
    for _ in range(20):
        started = time.monotonic()
        assert put().status_code == 503
        assert api.get("/downloadables/1/file").status_code == 503
        assert api.get("/downloadables/1").status_code == 200
        assert time.monotonic() - started < 0.5
    hung.proxy.is_hung = False
    assert wait_until(lambda: api.get("/health/ready").status_code == 200, 15)
    assert put().status_code == 200
    assert api.get("/downloadables/1/file").data == b"x"
    installation.close()


def test_many_uploads_to_it_leave_reads_and_health_alone(hung, tmp_path, is_full):
    if not is_full:
        pytest.skip("it takes a minute: run with --full")
    environment = {"SIRENHALL_STORAGE_URL": hung.url, "SIRENHALL_RATE_LIMIT": "none"}
    server = start_server(tmp_path / "data", environment=environment)
    try:
        assert upload(server, "before", b"x" * 100).status == 201
        hung.proxy.is_hung = True
        first = ask(server, "GET", "/health/ready")
        assert first.status == 503
        assert first.seconds < 5
        calls = [partial(upload, server, f"a{n}", b"x" * 100) for n in range(300)]
        answers = at_once(300, calls)
        assert {answer.status for answer in answers} == {503}
        assert max(answer.seconds for answer in answers) < 60
        for _ in range(10):
            assert ask(server, "GET", "/stores/1/downloadables").seconds < 1
            assert ask(server, "GET", "/health/live").seconds < 1
            assert ask(server, "GET", "/health/ready").seconds < 5
        hung.proxy.is_hung = False
        assert wait_until(
            lambda: upload(server, f"z{time.time_ns()}", b"x").status == 201, 15
        )
    finally:
        stop_server(server)
