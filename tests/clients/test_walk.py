"""A client that knows `/` and link relations walks the whole API in each format.

It never builds a URL: it follows links, submits actions where the format has them,
and otherwise sends to a link what it got there. It creates, uploads, replaces, pages
and deletes on the way, against a running server.
"""

import hashlib
import http.client
import json
import uuid
from urllib.parse import urlencode, urlsplit

import pytest
from lxml import etree
from werkzeug.test import EnvironBuilder


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body


class Walker:
    """Sends requests in one format; subclasses read and write it."""

    accept: str

    def __init__(self, server):
        self.root, self.token = server.url, server.token

    def send(self, method, href, *, data=None, content_type=None, headers=None):
        parts = urlsplit(href)
        connection = http.client.HTTPConnection(parts.netloc, timeout=30)
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        sent = {"Authorization": f"Bearer {self.token}", "Accept": self.accept}
        if content_type:
            sent["Content-Type"] = content_type
        connection.request(method, path, body=data, headers={**sent, **(headers or {})})
        response = connection.getresponse()
        answer = Answer(response.status, response.headers, response.read())
        connection.close()
        return answer

    def get(self, href):
        answer = self.send("GET", href)
        assert answer.status == 200, answer.body
        assert answer.headers["Content-Type"] == self.accept
        return self.parse(answer.body)

    def send_file(self, method, href, values, name, content):
        builder = EnvironBuilder(
            method="POST", data={**values, "file": (content_stream(content), name)}
        )
        environ = builder.get_environ()
        body = environ["wsgi.input"].read()
        answer = self.send(
            method, href, data=body, content_type=environ["CONTENT_TYPE"]
        )
        builder.close()
        return answer

    # -- what a format decides ------------------------------------------------

    def parse(self, body):
        raise NotImplementedError

    def link(self, document, rel):
        raise NotImplementedError

    def items(self, document):
        raise NotImplementedError

    def properties(self, document):
        raise NotImplementedError

    def create(self, document, values):
        """Create in a collection from a document of it."""
        raise NotImplementedError

    def create_with_file(self, document, values, name, content):
        href = self.link(document, "self")
        return self.send_file("POST", href, values, name, content)

    def update(self, document, values):
        raise NotImplementedError

    def replace(self, document, values):
        raise NotImplementedError

    def upload(self, document, name, content):
        return self.send_file("PATCH", self.link(document, "self"), {}, name, content)

    def delete(self, document):
        return self.send("DELETE", self.link(document, "self"))


class HalWalker(Walker):
    accept = "application/hal+json"

    def parse(self, body):
        return json.loads(body)

    def link(self, document, rel):
        links = document["_links"]
        found = links.get(rel) or links.get(f"fx:{rel}")
        return found and found["href"]

    def items(self, document):
        [items] = document["_embedded"].values()
        return items

    def properties(self, document):
        return {k: v for k, v in document.items() if not k.startswith("_")}

    def create(self, document, values):
        return self._send("POST", document, values)

    def update(self, document, values):
        return self._send("PATCH", document, values)

    def replace(self, document, values):
        return self._send("PUT", document, {**document, **values})

    def _send(self, method, document, values):
        return self.send(
            method,
            self.link(document, "self"),
            data=json.dumps(values),
            content_type=self.accept,
        )


class XmlWalker(Walker):
    accept = "application/hal+xml"

    def parse(self, body):
        return etree.fromstring(body)

    def link(self, document, rel):
        for link in document.findall("link"):
            if link.get("rel") == rel or link.get("rel").endswith(f"/rels/{rel}"):
                return link.get("href")
        return None

    def items(self, document):
        return document.findall("resource")

    def properties(self, document):
        return {
            c.tag: c.text or "" for c in document if c.tag not in {"link", "resource"}
        }

    def create(self, document, values):
        return self._send("POST", document, written(values))

    def update(self, document, values):
        return self._send("PATCH", document, written(values))

    def replace(self, document, values):
        for name, value in values.items():
            document.find(name).text = value
        return self._send("PUT", document, etree.tostring(document))

    def _send(self, method, document, data):
        return self.send(
            method, self.link(document, "self"), data=data, content_type=self.accept
        )


class SirenWalker(Walker):
    accept = "application/vnd.siren+json"

    def parse(self, body):
        return json.loads(body)

    def link(self, document, rel):
        for link in document["links"]:
            if any(r == rel or r.endswith(f"/rels/{rel}") for r in link["rel"]):
                return link["href"]
        return None

    def items(self, document):
        return document.get("entities", [])

    def properties(self, document):
        return document["properties"]

    def submit(self, document, name, values):
        [action] = [
            a
            for a in document["actions"]
            if a["name"].startswith(name) and a.get("type") != "multipart/form-data"
        ]
        filled = {
            f["name"]: f["value"] for f in action.get("fields", ()) if "value" in f
        }
        filled.update(values)
        assert set(values) <= {f["name"] for f in action.get("fields", ())}
        if action["method"] == "GET":
            return self.send("GET", f"{action['href']}?{urlencode(filled)}")
        if "fields" not in action:
            return self.send(action["method"], action["href"])
        return self.send(
            action["method"],
            action["href"],
            data=json.dumps(filled),
            content_type=action["type"],
        )

    def submit_file(self, document, name, values, file_name, content):
        [action] = [a for a in document["actions"] if a["name"] == name]
        assert action["type"] == "multipart/form-data"
        [field] = [f["name"] for f in action["fields"] if f["type"] == "file"]
        assert field == "file"
        return self.send_file(
            action["method"], action["href"], values, file_name, content
        )

    def create(self, document, values):
        return self.submit(document, "create-", values)

    def create_with_file(self, document, values, name, content):
        return self.submit_file(
            document, "create-downloadable-with-file", values, name, content
        )

    def update(self, document, values):
        return self.submit(document, "update-", values)

    def replace(self, document, values):
        return self.submit(document, "replace-", values)

    def upload(self, document, name, content):
        return self.submit_file(document, "upload-file", {}, name, content)

    def delete(self, document):
        return self.submit(document, "delete-", {})


def written(values):
    root = etree.Element("resource")
    for name, value in values.items():
        etree.SubElement(root, name).text = value
    return etree.tostring(root)


def content_stream(content):
    import io

    return io.BytesIO(content)


@pytest.mark.parametrize("walker", [HalWalker, XmlWalker, SirenWalker])
def test_the_whole_api_is_reached_from_its_root(server, walker):
    client = walker(server)
    unique = uuid.uuid4().hex[:8]
    home = client.get(client.root)
    assert client.get(client.link(home, "rels")) is not None
    assert client.get(client.link(home, "stores")) is not None
    store = client.get(client.link(home, "store"))

    # a category to put downloadables in
    categories = client.get(client.link(store, "item_categories"))
    answer = client.create(
        categories,
        {
            "code": f"C{unique}",
            "name": "Walked",
            "item_delivery_type": "downloaded",
            "max_downloads_per_customer": "3",
            "max_downloads_time_period": "24",
        },
    )
    assert answer.status == 201, answer.body
    category = client.get(answer.headers["Location"])
    category_uri = client.link(category, "self")

    # some downloadables, one of them with its file
    shelf = client.get(client.link(store, "downloadables"))
    for number in range(4):
        answer = client.create(
            shelf,
            {
                "name": f"Walked {number}",
                "code": f"{unique}-{number}",
                "price": "1.50",
                "item_category_uri": category_uri,
            },
        )
        assert answer.status == 201, answer.body
    content = b"the file of a walker"
    answer = client.create_with_file(
        shelf,
        {
            "name": "With a file",
            "code": f"{unique}-file",
            "price": "2",
            "item_category_uri": category_uri,
        },
        "wälker.txt",
        content,
    )
    assert answer.status == 201, answer.body
    item = client.get(answer.headers["Location"])
    assert client.properties(item)["file_name"] == "wälker.txt"

    # its bytes, whole and resumed
    file = client.link(item, "file")
    whole = client.send("GET", file)
    assert whole.body == content
    etag = whole.headers["ETag"]
    assert etag == f'"{hashlib.sha256(content).hexdigest()}"'
    rest = client.send("GET", file, headers={"Range": "bytes=10-", "If-Range": etag})
    assert (rest.status, rest.body) == (206, content[10:])

    # changed, replaced, and given another file
    answer = client.update(item, {"name": "Renamed"})
    assert answer.status == 200, answer.body
    item = client.get(client.link(item, "self"))
    assert client.properties(item)["name"] == "Renamed"
    answer = client.replace(item, {"description": "Replaced"})
    assert answer.status == 200, answer.body
    item = client.get(client.link(item, "self"))
    assert client.properties(item)["description"] == "Replaced"
    assert client.properties(item)["name"] == "Renamed"
    answer = client.upload(item, "second.txt", b"second")
    assert answer.status == 200, answer.body
    assert client.send("GET", file).body == b"second"

    # through the pages of what is in the category, there and back
    page = client.get(client.link(client.get(category_uri), "downloadables"))
    assert str(client.properties(page)["total_items"]) == "5"
    seen = walk_pages(client, client.link(page, "first"))
    assert seen == [f"{unique}-{n}" for n in range(4)] + [f"{unique}-file"]

    # and away with all of it
    while len(client.items(page)):
        for embedded in client.items(page):
            one = client.get(client.link(embedded, "self"))
            assert client.delete(one).status == 200
        page = client.get(client.link(page, "self"))
    category = client.get(category_uri)
    assert client.delete(category).status == 200
    assert client.send("GET", category_uri).status == 404


def walk_pages(client, href):
    seen = []
    while href:
        page = client.get(href)
        seen += [client.properties(item)["code"] for item in client.items(page)]
        href = client.link(page, "next")
    return seen
