"""Random requests against a model that is a dictionary: both always agree."""

import io
import json
from typing import Any

import hypothesis
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    invariant,
    rule,
    run_state_machine_as_test,
)

from app import create_app
from tests.conftest import Api, settings_for

NAMES = st.text(
    st.characters(categories=("L", "N", "P", "S")), min_size=1, max_size=30
).filter(lambda name: name.strip() == name)
PRICES = st.decimals(0, 9999, places=2).map(str)
CODES = st.integers(1, 12).map(lambda number: f"c{number}")
FILES = st.binary(min_size=1, max_size=200)


class Shop(RuleBasedStateMachine):
    """Creates, changes, replaces, deletes, downloads and lists downloadables."""

    items = Bundle("items")

    def __init__(self, api):
        super().__init__()
        self.api = api
        listed = api.get("/stores/1/downloadables?limit=300").json["_embedded"]
        for entry in listed["fx:downloadables"]:
            api.delete(path_of(entry))
        self.known = {}
        self.highest = 0

    @rule(target=items, name=NAMES, price=PRICES, code=CODES)
    def create(self, name, price, code):
        body = {"name": name, "price": price, "code": code, "item_category_id": 2}
        answer = self.api.post("/stores/1/downloadables", json=body)
        return self.created(answer, code, {"name": name, "price": price}, None)

    @rule(target=items, name=NAMES, code=CODES, content=FILES)
    def upload(self, name, code, content):
        fields = {"name": name, "price": "1", "code": code, "item_category_id": "2"}
        data = {**fields, "file": (io.BytesIO(content), "a.bin")}
        answer = self.api.post("/stores/1/downloadables", data=data)
        return self.created(answer, code, {"name": name, "price": "1"}, content)

    def created(self, answer, code, values, content):
        is_taken = any(entry["code"] == code for entry in self.known.values())
        assert answer.status_code == (409 if is_taken else 201), answer.text
        if is_taken:
            return None
        path = answer.headers["Location"]
        number = int(path.rpartition("/")[2])
        # Ids are never given twice.
        assert number > self.highest
        self.highest = number
        self.known[path] = {"code": code, "content": content, **values}
        return path

    @rule(path=items, name=NAMES, price=PRICES)
    def change(self, path, name, price):
        answer = self.api.patch(
            path or "/downloadables/999999", json={"name": name, "price": price}
        )
        assert answer.status_code == (200 if path in self.known else 404)
        if path in self.known:
            self.known[path].update(name=name, price=price)

    @rule(path=items, content=FILES)
    def replace(self, path, content):
        address = f"{path or '/downloadables/999999'}/file"
        answer = self.api.put(address, data=content, content_type="text/plain")
        assert answer.status_code == (200 if path in self.known else 404), answer.text
        if path in self.known:
            self.known[path]["content"] = content

    @rule(path=consumes(items))
    def delete(self, path):
        answer = self.api.delete(path or "/downloadables/999999")
        assert answer.status_code == (200 if path in self.known else 404)
        self.known.pop(path, None)

    @rule(path=items)
    def read(self, path):
        entry = self.known.get(path)
        answer = self.api.get(path or "/downloadables/999999")
        if entry is None:
            assert answer.status_code == 404
            return
        assert answer.json["name"] == entry["name"]
        assert float(answer.json["price"]) == float(entry["price"])
        file = self.api.get(f"{path}/file")
        if entry["content"] is None:
            assert file.status_code == 404
        else:
            assert file.data == entry["content"]

    @rule(limit=st.integers(1, 5))
    def walk(self, limit):
        seen, href = [], f"/stores/1/downloadables?limit={limit}"
        while href:
            page = self.api.get(href).json
            seen += map(path_of, page["_embedded"]["fx:downloadables"])
            href = page["_links"].get("next", {}).get("href")
        assert sorted(seen) == sorted(map(plain, self.known))

    @invariant()
    def the_total_is_right(self):
        page = self.api.get("/stores/1/downloadables?limit=1").json
        assert page["total_items"] == len(self.known)


def path_of(entry):
    return plain(entry["_links"]["self"]["href"])


def plain(url):
    return "/" + url.split("/", 3)[3] if "://" in url else url


def test_the_server_and_the_model_agree(data_dir, is_full):
    app = create_app(settings_for(data_dir))
    installation = app.extensions["sirenhall"]
    api = Api(app.test_client(), installation.starter_token)
    settings = hypothesis.settings(
        max_examples=150 if is_full else 8,
        stateful_step_count=50,
        deadline=None,
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    machine: Any = lambda: Shop(api)  # noqa: E731
    run_state_machine_as_test(machine, settings=settings)
    assert json.loads(api.get("/health/live").data)["status"] == "ok"
    installation.close()
