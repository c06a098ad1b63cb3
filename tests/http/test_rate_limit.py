"""Rate limits: told before they are reached, and kept."""

import contextlib
import re
import shutil
import socket
import subprocess

import pytest

from app import create_app
from app.settings import Settings
from tests.conftest import Api, settings_for, wait_until


@pytest.fixture
def settings():
    return {"rate_limit": "5/minute"}


def left(response):
    assert response.headers["RateLimit-Policy"] == '"default";q=5;w=60'
    found = re.fullmatch(r'"default";r=(\d+);t=(\d+)', response.headers["RateLimit"])
    assert 0 < int(found[2]) <= 61
    return int(found[1])


def test_what_is_left_is_told_until_nothing_is(api):
    assert [left(api.get("/stores/1")) for _ in range(5)] == [4, 3, 2, 1, 0]
    response = api.get("/stores/1", accept="application/problem+json, */*;q=0.1")
    assert response.status_code == 429
    assert 0 < int(response.headers["Retry-After"]) <= 61
    assert left(response) == 0
    assert response.json["type"].endswith("/problems/too_many_requests")


def test_each_token_has_its_own(api, operator, anonymous):
    for _ in range(6):
        api.get("/stores/1")
    assert operator.get("/stores/1").status_code == 200
    assert anonymous.get("/").status_code == 200


def test_a_token_written_otherwise_is_the_same(api):
    for scheme in ("Bearer ", "bearer ", "BEARER   ", "Bearer  ", "Bearer "):
        headers = {"Authorization": scheme + api.token}
        assert api.get("/stores/1", headers=headers).status_code == 200
    assert api.get("/stores/1").status_code == 429


def test_guessing_tokens_counts_against_the_address(anonymous, api):
    for number in range(5):
        headers = {"Authorization": f"Bearer guess-{number}"}
        assert anonymous.get("/stores/1", headers=headers).status_code == 401
    headers = {"Authorization": "Bearer another"}
    assert anonymous.get("/stores/1", headers=headers).status_code == 429
    assert anonymous.get("/").status_code == 429


def test_an_invented_token_has_no_quota_of_its_own(anonymous):
    def ask(number, path):
        headers = {"Authorization": f"Bearer guess-{number}"}
        return anonymous.get(path, headers=headers).status_code

    paths = ["/openapi.json", "/rels/store", "/nowhere", "/docs", "/problems"]
    assert 429 not in [ask(n, path) for n, path in enumerate(paths)]
    assert ask(9, "/docs") == 429


def test_a_preflight_is_not_counted(anonymous):
    for _ in range(10):
        assert anonymous.request("OPTIONS", "/stores").status_code == 200
    assert anonymous.get("/").status_code == 200


@pytest.mark.parametrize(
    ("given", "rate"),
    [
        ({}, ""),
        ({"host": "0.0.0.0"}, "600/minute"),
        ({"host": "::1"}, ""),
        ({"host": "0.0.0.0", "rate_limit": "none"}, ""),
        ({"rate_limit": "9/second"}, "9/second"),
    ],
)
def test_it_is_off_at_a_loopback_address(given, rate):
    assert Settings(**given).effective_rate_limit == rate


@pytest.fixture
def redis_url(tmp_path):
    """A real Redis, where the machine has one."""
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("redis-server is not installed")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    arguments = ["--port", str(port), "--save", "", "--dir", str(tmp_path)]
    process = subprocess.Popen([program, *arguments], stdout=subprocess.DEVNULL)

    def is_up():
        with (
            contextlib.suppress(OSError),
            socket.create_connection(("127.0.0.1", port), 0.2),
        ):
            return True
        return False

    assert wait_until(is_up)
    yield f"redis://127.0.0.1:{port}"
    process.terminate()
    process.wait(10)


def test_workers_share_what_is_counted_in_redis(data_dir, redis_url):
    limits = {"rate_limit": "3/minute", "rate_limit_storage": redis_url}
    apps = [create_app(settings_for(data_dir, **limits)) for _ in range(2)]
    token = apps[0].extensions["sirenhall"].starter_token
    clients = [Api(app.test_client(), token) for app in apps]
    statuses = [clients[n % 2].get("/stores/1").status_code for n in range(5)]
    assert statuses == [200, 200, 200, 429, 429]
    for app in apps:
        app.extensions["sirenhall"].close()


def test_without_its_redis_the_shop_stays_open(data_dir, caplog):
    limits = {"rate_limit": "1/minute", "rate_limit_storage": "redis://127.0.0.1:1"}
    app = create_app(settings_for(data_dir, **limits))
    api = Api(app.test_client(), app.extensions["sirenhall"].starter_token)
    assert [api.get("/stores/1").status_code for _ in range(3)] == [200] * 3
    wrong = {"Authorization": "Bearer x"}
    assert api.get("/stores/1", headers=wrong).status_code == 401
    assert "rate limits cannot be counted" in caplog.text
    app.extensions["sirenhall"].close()
