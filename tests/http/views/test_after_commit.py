"""Once a change is committed, no failure of the database makes a failure of it."""

from contextlib import contextmanager

import pytest

from app.errors import Unavailable
from tests.conftest import FORMATS

ITEM = {"name": "A", "code": "a", "price": 1, "item_category_id": 2}
ACCEPTED = {
    **FORMATS,
    "html": "text/html",
    "hal-forms": "application/prs.hal-forms+json",
}


@pytest.fixture
def fail_after_commit(installation, monkeypatch):
    """Let the database fail as soon as something was committed."""
    database = type(installation.database)
    writing, snapshot = database.writing, database.snapshot
    committed = []

    @contextmanager
    def committing(self):
        with writing(self) as tx:
            yield tx
        committed.append(True)

    def failing(self):
        if committed:
            raise Unavailable("the database went away")
        return snapshot(self)

    def start():
        monkeypatch.setattr(database, "writing", committing)
        monkeypatch.setattr(database, "snapshot", failing)

    yield start
    monkeypatch.undo()
    assert committed


CHANGES = {
    "create": ("POST", "/stores/1/downloadables", {**ITEM, "code": "b"}, 201),
    "change": ("PATCH", "/downloadables/1", {"name": "B"}, 200),
    "replace": ("PUT", "/downloadables/1", {**ITEM, "name": "C"}, 200),
    "delete": ("DELETE", "/downloadables/2", None, 200),
    "an attribute": ("POST", "/stores/1/attributes", {"name": "x", "value": "y"}, 201),
    "attributes": ("PUT", "/downloadables/1/attributes", [], 200),
    "an action": ("POST", "/downloadable_purchases/1", None, 200),
    "several": ("POST", "/stores/1/downloadables", [{**ITEM, "code": "c"}], 201),
    "a slot": ("POST", "/downloadables/1/upload_url", {}, 201),
}


@pytest.mark.parametrize("accept", ACCEPTED.values(), ids=ACCEPTED)
@pytest.mark.parametrize("change", CHANGES)
def test_the_change_is_answered_as_usual(api, fail_after_commit, change, accept):
    api.add(**ITEM)
    api.add(**{**ITEM, "code": "gone"})
    api.post("/stores/1/downloadable_purchases", json={"downloadable_id": 1})
    method, path, body, status = CHANGES[change]
    fail_after_commit()
    headers = {"Accept": accept, "Accept-Language": "de, en;q=0.5"}
    options = {} if body is None else {"json": body}
    answer = api.request(method, path, headers=headers, **options)
    assert answer.status_code == status, answer.text
