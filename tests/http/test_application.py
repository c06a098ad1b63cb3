"""What is left out of Flask says so to whoever uses it."""

import operator

import pytest
from flask import Blueprint, after_this_request, session, url_for
from flask.sessions import SecureCookieSessionInterface

from app.http.application import Application


@pytest.fixture
def bare():
    app = Application()
    app.testing = True
    return app


async def coroutine():
    return ""


USES = {
    "blueprints": lambda app: app.register_blueprint(Blueprint("a", __name__)),
    "URL value preprocessors": lambda app: app.url_value_preprocessor(print),
    "async functions": lambda app: app.add_url_rule("/a", view_func=coroutine),
    "async functions by decorator": lambda app: app.route("/b")(coroutine),
    "async functions by before": lambda app: app.before_request(coroutine),
    "async functions by after": lambda app: app.after_request(coroutine),
    "async functions by teardown": lambda app: app.teardown_request(coroutine),
    "async functions by context": lambda app: app.teardown_appcontext(coroutine),
    "async functions by error": lambda app: app.errorhandler(404)(coroutine),
    "host matching": lambda app: app.add_url_rule("/c", view_func=print, host="h"),
    "host matching by subdomain": lambda app: app.route("/d", subdomain="s")(print),
    "sessions": lambda app: setattr(
        app, "session_interface", SecureCookieSessionInterface()
    ),
}


@pytest.mark.parametrize("what", USES)
def test_what_is_left_out_is_refused_with_the_reason(bare, what):
    with pytest.raises(NotImplementedError, match=what.partition(" by ")[0]):
        USES[what](bare)


def test_no_url_is_built_from_a_route(bare):
    bare.add_url_rule("/a/<int:number>", endpoint="a", view_func=print)
    with bare.test_request_context(), pytest.raises(NotImplementedError, match="url_"):
        url_for("a", number=1)


@pytest.mark.parametrize(
    "change",
    [
        lambda: session.update(a=1),
        lambda: session.__setitem__("a", 1),
        lambda: session.setdefault("a", 1),
        lambda: setattr(session, "permanent", True),
        lambda: operator.ior(session, {"a": 1}),
    ],
)
def test_a_session_refuses_to_be_changed_also_with_a_secret_key(bare, change):
    bare.secret_key = "secret"

    @bare.get("/")
    def view():
        assert session.get("a") is None
        change()
        return ""

    with pytest.raises(NotImplementedError, match="sessions"):
        bare.test_client().get("/")


def test_a_response_can_be_changed_by_what_is_called_after_its_request(bare):
    @bare.get("/")
    def view():
        @after_this_request
        def mark(response):
            response.headers["X-Once"] = "1"
            return response

        return "body"

    assert bare.test_client().get("/").headers["X-Once"] == "1"
