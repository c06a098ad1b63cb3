"""Pages of other origins: preflights without a token, and readable headers."""

import pytest

ORIGIN = {"Origin": "https://admin.example"}
PREFLIGHT = {
    **ORIGIN,
    "Access-Control-Request-Method": "PATCH",
    "Access-Control-Request-Headers": "authorization,foxy-api-version,content-type",
}


def allowed(response, kind="Origin"):
    return response.headers.get(f"Access-Control-Allow-{kind}")


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/stores/1/downloadables",
        "/downloadables/1",
        "/rels/store",
        "/downloadables/1/file",
    ],
)
def test_a_preflight_needs_no_token(anonymous, path):
    response = anonymous.request("OPTIONS", path, headers=PREFLIGHT)
    assert response.status_code == 200
    assert allowed(response) == "*"
    assert "PATCH" in allowed(response, "Methods")
    named = allowed(response, "Headers").split(", ")
    for header in (
        "authorization",
        "foxy-api-version",
        "if-match",
        "range",
        "x-http-method-override",
        "cache-control",
        "traceparent",
        "tracestate",
        "baggage",
        "sentry-trace",
        "x-request-id",
        "*",
    ):
        assert header in named


def test_answers_and_errors_can_be_read_by_a_page(api, anonymous):
    for response in (
        api.get("/stores/1", headers=ORIGIN),
        anonymous.get("/stores/1", headers=ORIGIN),
        api.get("/nowhere", headers=ORIGIN),
    ):
        assert allowed(response) == "*"
        assert "ETag" in response.headers["Access-Control-Expose-Headers"]
        assert "Access-Control-Allow-Credentials" not in response.headers


def test_without_an_origin_nothing_is_said(api):
    assert allowed(api.get("/")) is None


class TestChosenOrigins:
    """The operator names the origins."""

    @pytest.fixture
    def settings(self):
        return {"cors_origins": ("https://admin.example",)}

    def test_only_those_are_allowed(self, api):
        response = api.get("/", headers=ORIGIN)
        assert allowed(response) == "https://admin.example"
        other = api.get("/", headers={"Origin": "https://evil.example"})
        assert allowed(other) is None
        for answer in (response, other, api.get("/")):
            assert "Origin" in ", ".join(answer.headers.get_all("Vary"))


class TestNoOrigins:
    """The operator wants none."""

    @pytest.fixture
    def settings(self):
        return {"cors_origins": ()}

    def test_none_is_allowed(self, api):
        assert allowed(api.get("/", headers=ORIGIN)) is None
