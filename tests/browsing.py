"""A person with a browser: pages, forms and a session, and no Authorization header."""

import re
from html import unescape
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

HTML = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


class Person:
    """A browser: it keeps cookies, and sends forms as they were shown."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client
        self.token = ""

    def get(self, path: str, **options: Any) -> TestResponse:
        headers = {"Accept": HTML, **options.pop("headers", {})}
        answer = self.client.get(path, headers=headers, buffered=True, **options)
        found = re.search(r'name="_csrf_token" value="([^"]+)"', answer.text)
        if found:
            self.token = unescape(found[1])
        return answer

    def post(self, path: str, data: dict[str, Any], **options: Any) -> TestResponse:
        """Send a form with the token of the page that was looked at last."""
        headers = {"Accept": HTML, **options.pop("headers", {})}
        form = {"_csrf_token": self.token, **data}
        form = {name: value for name, value in form.items() if value is not None}
        return self.client.post(
            path, data=form, headers=headers, buffered=True, **options
        )

    def send(self, method: str, path: str, data: dict[str, Any], **options: Any):
        """Send a form that stands for another method; that field comes first."""
        own = {"_method": method, "_csrf_token": self.token}
        return self.post(path, {**own, **data}, **options)

    def sign_in(self, token: str) -> TestResponse:
        """Sign in with an access token, and go to the store."""
        self.get("/sign-in")
        answer = self.post("/sign-in", {"token": token})
        assert answer.status_code == 303, answer.text
        self.get("/stores/1")
        return answer

    def sign_in_as(self, email: str, password: str) -> TestResponse:
        """Sign in with an address and a password."""
        self.get("/sign-in")
        return self.post("/sign-in", {"email": email, "password": password})
