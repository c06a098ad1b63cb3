"""Rate limits: told before they are reached, and kept."""

import re

import pytest

from app.settings import Settings


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


def test_guessing_tokens_counts_against_the_address(anonymous, api):
    for number in range(5):
        headers = {"Authorization": f"Bearer guess-{number}"}
        assert anonymous.get("/stores/1", headers=headers).status_code == 401
    headers = {"Authorization": "Bearer another"}
    assert anonymous.get("/stores/1", headers=headers).status_code == 429
    assert anonymous.get("/").status_code == 429


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
