"""Every form can be sent back as it stands, with no more than is required.

For each resource, each format that has forms, each action, and each way in which
clients write one: the defaults of the form, what is required, and nothing else.
"""

import io
import itertools
import json
import re
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
from lxml import html

from app.http.routes import registered_routes
from tests.browsing import HTML, Person
from tests.conftest import OTHER_STORE

JSON = "application/json"
MULTIPART = "multipart/form-data"
FORM = "application/x-www-form-urlencoded"
NUMBERS = itertools.count(1)
STORE = "/stores/1"


def location(answer):
    assert answer.status_code in {200, 201}, answer.text
    return urlsplit(answer.headers["Location"]).path


class Maker:
    """Makes resources, each of them new."""

    def __init__(self, api, operator):
        self.api, self.operator = api, operator

    def post(self, path, **values):
        return location(self.api.post(path, json=values))

    def store(self):
        number = next(NUMBERS)
        values = {**OTHER_STORE, "store_domain": f"other{number}"}
        return location(self.operator.post("/stores", json=values))

    def item_category(self):
        code = f"C{next(NUMBERS)}"
        return self.post(f"{STORE}/item_categories", name=code, code=code)

    def downloadable(self):
        code = f"d{next(NUMBERS)}"
        return f"/downloadables/{self.api.upload(code=code)}"

    def attribute(self):
        return self.post(f"{STORE}/attributes", name=f"a{next(NUMBERS)}", value="v")

    def version(self):
        item = self.downloadable()
        self.api.put(f"{item}/file", data=b"second")
        listed = self.api.get(f"{item}/versions").json["_embedded"]["fx:versions"]
        return urlsplit(listed[0]["_links"]["self"]["href"]).path

    def downloadable_file(self):
        url = f"https://files.example/{next(NUMBERS)}"
        return self.post(f"{self.downloadable()}/files", url=url, name="x")

    def library_file(self):
        data = {"file": (io.BytesIO(b"x"), "x.txt")}
        return location(self.api.post(f"{STORE}/library_files", data=data))

    def offer(self):
        return f"{self.downloadable()}/offer"

    def translation(self):
        path = f"{self.downloadable()}/translations"
        return self.post(path, language="fr", name="Licorne")

    def downloadable_purchase(self):
        number = self.downloadable().rpartition("/")[2]
        path = f"{STORE}/downloadable_purchases"
        return self.post(
            path, downloadable_id=int(number), order_id=f"o{next(NUMBERS)}"
        )

    def download(self):
        bought = self.api.get(self.downloadable_purchase()).json
        self.api.get(bought["_links"]["fx:download_url"]["href"])
        listed = self.api.get(f"{STORE}/downloads").json["_embedded"]["fx:downloads"]
        return urlsplit(listed[-1]["_links"]["self"]["href"]).path

    def webhook_delivery(self):
        values = {"use_webhook": True, "webhook_url": "https://hooks.example/"}
        self.api.patch(STORE, json=values)
        self.downloadable()
        page = self.api.get(f"{STORE}/webhook_deliveries").json
        listed = page["_embedded"]["fx:webhook_deliveries"]
        return urlsplit(listed[-1]["_links"]["self"]["href"]).path

    def upload(self):
        item = self.downloadable()
        self.api.post(f"{item}/upload_url", json={})
        listed = self.api.get(f"{item}/open_uploads").json["_embedded"]["fx:uploads"]
        return urlsplit(listed[0]["_links"]["self"]["href"]).path

    def user(self):
        # A store with people has an owner, who is not taken away.
        for role in ("owner", "editor"):
            values = {"email": f"u{next(NUMBERS)}@example.com", "role": role}
            made = self.post(f"{STORE}/users", **values)
        return made

    def token(self):
        from app.services import scopes
        from app.services.auth import authentication

        database = self.api.client.application.extensions["sirenhall"].database
        with database.writing() as tx:
            number, _ = authentication.create_token(tx, scope=scopes.STORE, store_id=1)
        return f"/tokens/{number}"


PROFILED = re.compile(r"<id:(item|owner)_id>")
OWNERS = {
    "stores": lambda _maker: STORE,
    "item_categories": Maker.item_category,
    "downloadables": Maker.downloadable,
    "downloadable_purchases": Maker.downloadable_purchase,
}


def path_of(route, maker):
    """Give the address of a new resource, or of a collection of one."""
    if "<id:item_id>" in route.path:
        return getattr(maker, route.profile)()
    first = route.path.split("/")[1]
    owner = OWNERS[first](maker) if "<id:owner_id>" in route.path else ""
    return owner + PROFILED.sub("", route.path).removeprefix(f"/{first}/") and (
        f"{owner}/{route.path.rpartition('/')[2]}"
    )


def required(field, maker):
    """Give what a form requires and has no value for."""
    number = next(NUMBERS)
    values = {
        "name": f"N{number}",
        "code": f"n{number}",
        "price": "3",
        "value": "v",
        "language": "de",
        "url": f"https://files.example/{number}",
        "item_category_uri": "http://localhost/item_categories/2",
        "email": f"n{number}@example.com",
        "role": "editor",
        **OTHER_STORE,
        "store_domain": f"n{number}",
    }
    if field == "downloadable_uri":
        return f"http://localhost{maker.downloadable()}"
    if field == "library_file_uri":
        return f"http://localhost{maker.library_file()}"
    return values[field]


# -- clients ---------------------------------------------------------------------


class Siren:
    """As @siren-js/client writes forms: each field with a value, also an empty one."""

    media_type = "application/vnd.siren+json"

    def actions(self, document):
        return {action["name"]: action for action in document.get("actions", [])}

    def values(self, action):
        fields = action.get("fields", [])
        return {f["name"]: f["value"] for f in fields if "value" in f}

    def files(self, action):
        return [f["name"] for f in action.get("fields", []) if f["type"] == "file"]

    def request(self, action):
        return action.get("method", "GET"), action["href"], action.get("type", FORM)


class HalForms:
    """As ketting writes them: what has a value; a choice is a list of its values."""

    media_type = "application/prs.hal-forms+json"

    def actions(self, document):
        return document["_templates"]

    def values(self, template):
        found = {}
        for field in template["properties"]:
            options = field.get("options", {})
            value = options.get("selectedValues") or field.get("value")
            if value:
                found[field["name"]] = value
        return found

    def files(self, template):
        return [f["name"] for f in template["properties"] if f.get("type") == "file"]

    def request(self, template):
        kind = template.get("contentType", JSON)
        return template["method"], template.get("target"), kind


class Browser(Siren):
    """As a browser would: each field of a form, what has no value as an empty text."""

    def values(self, action):
        fields = action.get("fields", [])
        shown = [f for f in fields if f["type"] != "file"]
        return {f["name"]: f.get("value", "") for f in shown}


class Explorer(HalForms):
    """Each field of a JSON form: empty texts, no options, numbers as texts."""

    def values(self, template):
        found = {}
        for field in template["properties"]:
            if field.get("type") == "file":
                continue
            options = field.get("options")
            value = (
                options.get("selectedValues", []) if options else field.get("value", "")
            )
            found[field["name"]] = value
        return found


CLIENTS = {
    "explorer": Explorer(),
    "siren": Siren(),
    "hal-forms": HalForms(),
    "browser": Browser(),
}


def _text(value):
    if isinstance(value, list):
        return value[0] if value else ""
    return value


def submit(api, client, action, values, path):
    method, href, kind = client.request(action)
    href = href or path
    if method == "GET":
        return api.get(f"{href.partition('?')[0]}?{urlencode(values, doseq=True)}")
    texts = {n: _text(v) for n, v in values.items()}
    if kind == MULTIPART:
        files = {n: (io.BytesIO(b"content"), "a.txt") for n in client.files(action)}
        return api.request(method, href, data={**texts, **files}, content_type=kind)
    if not values:
        return api.request(method, href)
    if kind == FORM:
        return api.request(method, href, data=texts)
    return api.request(method, href, data=json.dumps(values), content_type=kind)


SEVERAL = "/stores/<id:owner_id>/"


def paths_of(route):
    """Give ways to make what is at a route: as it is, and several named by ids."""
    yield lambda maker: path_of(route, maker)
    if "DELETE" in route.summaries and route.path.startswith(SEVERAL):

        def several(maker):
            ids = [getattr(maker, route.profile)().rpartition("/")[2] for _ in "ab"]
            return f"{path_of(route, maker)}?id:in={','.join(ids)}"

        yield several


@pytest.fixture
def maker(api, operator):
    return Maker(api, operator)


@pytest.mark.parametrize("format_name", CLIENTS)
def test_every_form_can_be_sent_as_it_stands(app, api, operator, maker, format_name):
    client: Any = CLIENTS[format_name]
    sent = set()
    for route in registered_routes(app):
        if not route.profile or "GET" not in route.summaries:
            continue
        of_all = route.path in {"/stores", "/stores/<id:item_id>"}
        who = operator if of_all else api
        for make in paths_of(route):
            found = client.actions(who.get(make(maker), accept=client.media_type).json)
            for name in [n for n, action in found.items() if wants(client, action)]:
                # At a new resource: one of them deletes it.
                send(client, who, make(maker), name, maker)
                sent.add((route.profile, name))
    assert len(sent) >= (30 if client is CLIENTS["browser"] else 50)


def send(client, api, path, name, maker):
    document = api.get(path, accept=client.media_type).json
    action = client.actions(document)[name]
    values = client.values(action)
    for field in fields_of(client, action, api, path):
        values[field] = required(field, maker)
    answer = submit(api, client, action, values, path)
    assert answer.status_code in {200, 201}, (path, name, values, answer.text)


def wants(client, action):
    """A browser sends forms; what is declared as JSON is for programs."""
    kind = client.request(action)[2]
    return not (isinstance(client, Browser) and kind == JSON)


def fields_of(client, action, api, path):
    """Give the required fields without a value; Siren has no word for them."""
    method, href, _ = client.request(action)
    templates = api.get(path, accept=HalForms.media_type).json["_templates"]
    kind = client.request(action)[2]
    for template in templates.values():
        same = (template["method"], template.get("target", path)) == (
            method,
            href or path,
        )
        if same and template.get("contentType", kind) == kind:
            return [
                f["name"]
                for f in template["properties"]
                if f.get("required")
                and f.get("type") != "file"
                and not (f.get("value") or f.get("options", {}).get("selectedValues"))
            ]
    return []


# -- pages -----------------------------------------------------------------------


class PageForm:
    """A form of a page as a browser sends it, by one of its buttons."""

    def __init__(self, form, button):
        self.form, self.button = form, button
        self.method = form.get("method", "get").upper()
        self.action = urlsplit(form.get("action")).path
        query = urlsplit(form.get("action")).query
        self.address = f"{self.action}?{query}" if query else self.action
        self.name = (
            form.get("id") or form.get("class"),
            " ".join(button.text_content().split()),
        )

    def fields(self, maker):
        """Give names and values; what is required and empty gets a value."""
        found: dict[str, Any] = {}
        for control in self.form.xpath(".//input[@name]|.//select|.//textarea"):
            name, kind = control.get("name"), control.get("type", "text")
            if kind == "file":
                found[name] = (io.BytesIO(b"content"), "a.txt")
                continue
            if kind in {"checkbox", "radio"} and control.get("checked") is None:
                continue
            value = control.value if control.tag != "input" else control.get("value")
            if control.tag == "textarea":
                # A browser drops the first line break, which the parser keeps.
                value = value.removeprefix("\n")
            if not value and control.get("required") is not None:
                value = required(name, maker)
            found[name] = value or ""
        if self.button.get("name"):
            found[self.button.get("name")] = self.button.get("value", "")
        return found


def page_forms(page):
    """Give the forms of a page by their names, but those that every page has."""
    tree = html.fromstring(page)
    found = {}
    for form in tree.iter("form"):
        if form.get("action").endswith("/sign-out"):
            continue
        for button in form.iter("button"):
            one = PageForm(form, button)
            found[one.name] = one
    return found


def press(person, path, name, maker):
    page = person.get(path)
    form = page_forms(page.text)[name]
    values = form.fields(maker)
    if form.form.get("id") == "bulk":
        boxes: Any = html.fromstring(page.text).xpath("//input[@name='_ids']/@value")
        values["_ids"] = boxes[-1]
    if form.method == "GET":
        answer = person.get(f"{form.action}?{urlencode(values)}")
    else:
        # As in the page: the token and the method come first.
        answer = person.client.post(
            form.address, data=values, headers={"Accept": HTML}, buffered=True
        )
    wrong = html.fromstring(answer.text or "<p>").xpath("//*[@class='error']/text()")
    assert answer.status_code in {200, 201, 302, 303}, (path, name, values, wrong)


def test_every_form_of_a_page_can_be_sent_as_it_stands(app, api, operator, maker):
    """By a person who is signed in, each button of each form."""
    people = {}
    for client in (api, operator):
        people[client.token] = Person(app.test_client())
        people[client.token].sign_in(client.token)
    sent = set()
    for route in registered_routes(app):
        if not route.profile or "GET" not in route.summaries:
            continue
        of_all = route.path in {"/stores", "/stores/<id:item_id>"}
        person = people[(operator if of_all else api).token]
        path = path_of(route, maker)
        for name in page_forms(person.get(path).text):
            press(person, path_of(route, maker), name, maker)
            sent.add((route.profile, name))
    assert len(sent) >= 80


def test_all_resources_with_forms_are_tried(app):
    """A new kind of resource needs a way to be made, above."""
    profiles = {route.profile for route in registered_routes(app) if route.profile}
    assert profiles <= {name for name in vars(Maker) if not name.startswith("_")}
