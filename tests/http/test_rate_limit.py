"""Rate limits: told before they are reached, and kept."""

import base64
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


def test_every_method_is_counted(anonymous):
    for method in ("OPTIONS", "HEAD", "GET", "OPTIONS", "POST"):
        assert anonymous.request(method, "/stores").status_code != 429
    assert anonymous.request("OPTIONS", "/stores").status_code == 429


def from_address(anonymous, address):
    return anonymous.get("/", environ_overrides={"REMOTE_ADDR": address}).status_code


@pytest.mark.parametrize(
    "addresses",
    [
        ["203.0.113.7", "203.0.113.7:51234", "203.0.113.7:1", "::ffff:203.0.113.7"],
        ["2001:db8::1", "2001:db8:0:0:1::1", "[2001:db8::9]:443", "2001:db8::1%eth0"],
    ],
)
def test_a_client_is_known_by_its_parsed_address(anonymous, addresses):
    statuses = [from_address(anonymous, addresses[n % 4]) for n in range(6)]
    assert statuses == [200] * 5 + [429]
    assert from_address(anonymous, "203.0.113.8") == 200
    assert from_address(anonymous, "2001:db8:0:1::1") == 200


def test_a_known_token_is_not_stopped_by_others_of_its_address(api, anonymous):
    assert api.get("/stores/1").status_code == 200
    for _ in range(6):
        anonymous.get("/")
    assert anonymous.get("/").status_code == 429
    assert api.get("/stores/1").status_code == 200


def test_a_token_has_one_quota_however_it_is_sent(api, anonymous):
    def ask(number):
        pair = base64.b64encode(f"user{number}:{api.token}".encode()).decode()
        headers = [
            {"Authorization": f"Basic {pair}"},
            {"Authorization": f"Bearer {pair}"},
            {"Authorization": f"Bearer {api.token}"},
        ][number % 3]
        return anonymous.get("/easycart/downloads", headers=headers).status_code

    assert [ask(number) for number in range(7)] == [200] * 5 + [429] * 2
    headers = {"X-Manager-Token": api.token}
    assert anonymous.get("/zid/v1/products/", headers=headers).status_code == 429


def test_a_header_that_says_nothing_makes_no_new_quota(api):
    def ask(number, path):
        return api.get(path, headers={"Access-Token": str(number)}).status_code

    assert [ask(number, "/stores/1") for number in range(7)] == [200] * 5 + [429] * 2
    assert api.get("/stores/1").status_code == 429
    assert ask(8, "/zid/v1/products/") in {401, 429}


class TestAttempts:
    """What is secret may be guessed at less often than the rest is asked for."""

    @pytest.fixture
    def settings(self):
        return {"rate_limit": "1000/minute", "rate_limit_attempts": "3/minute"}

    def test_requests_for_tokens_are_counted_whatever_comes_of_them(self, anonymous):
        form = {"grant_type": "client_credentials", "client_id": "a"}
        statuses = [anonymous.post("/token", data=form).status_code for _ in range(4)]
        assert statuses == [401, 401, 401, 429]
        assert "3 attempts in 60 seconds" in anonymous.post("/token", data=form).text
        assert anonymous.get("/").status_code == 200

    @pytest.mark.parametrize("path", ["/dl?p=guess", "/dl/files?p=guess", "/uploads/a"])
    def test_unknown_links_are_counted(self, anonymous, path):
        method = "PUT" if "uploads" in path else "GET"
        statuses = [anonymous.request(method, path).status_code for _ in range(4)]
        assert statuses == [404, 404, 404, 429]

    def test_a_link_that_is_right_is_never_counted(self, anonymous, api):
        item = api.upload()
        values = {"downloadable_uri": f"/downloadables/{item}", "max_downloads": 0}
        bought = api.post("/stores/1/downloadable_purchases", json=values).json
        link = bought["_links"]["fx:download_url"]["href"]
        assert [anonymous.get(link).status_code for _ in range(6)] == [200] * 6

    def test_wrong_tokens_are_counted_and_known_ones_go_on(self, anonymous, api):
        assert api.get("/stores/1").status_code == 200
        for number in range(3):
            headers = {"Authorization": f"Bearer guess-{number}"}
            assert anonymous.get("/stores/1", headers=headers).status_code == 401
        headers = {"Authorization": "Bearer another"}
        assert anonymous.get("/stores/1", headers=headers).status_code == 429
        assert api.get("/stores/1").status_code == 200
        assert anonymous.get("/").status_code == 200

    @pytest.mark.parametrize("header", ["X-Manager-Token", "Access-Token"])
    def test_wrong_tokens_in_other_headers_are_counted(self, anonymous, header):
        statuses = [
            anonymous.get(
                "/zid/v1/products/", headers={header: f"guess-{number}"}
            ).status_code
            for number in range(4)
        ]
        assert statuses == [401, 401, 401, 429]

    @pytest.mark.parametrize(
        "path", ["/surecart/v1/downloads", "/easycart/downloads", "/zid/v1/products/"]
    )
    def test_wrong_tokens_of_the_dialects_are_counted(self, anonymous, path):
        statuses = [
            anonymous.get(
                path, headers={"Authorization": f"Bearer g{number}"}
            ).status_code
            for number in range(4)
        ]
        assert statuses == [401, 401, 401, 429]


@pytest.mark.parametrize(
    ("given", "rate"),
    [
        ({}, ""),
        ({"host": "0.0.0.0"}, "600/minute"),
        ({"host": "::1"}, ""),
        ({"host": "0.0.0.0", "rate_limit": "none"}, ""),
        ({"rate_limit": "9/second"}, "9/second"),
        # Others reach it by a proxy on this machine.
        ({"trusted_proxies": 1}, "600/minute"),
        ({"public_url": "https://downloads.example"}, "600/minute"),
        ({"public_url": "http://localhost:8000"}, ""),
    ],
)
def test_it_is_off_only_where_this_machine_alone_reaches_the_server(given, rate):
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
