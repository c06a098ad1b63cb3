"""Random operations on the files of a downloadable agree with a model of them."""

import io
from dataclasses import dataclass
from typing import Any

import hypothesis
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import select

from app.models import FILES

CONTENTS = st.binary(min_size=1, max_size=9)
ITEM = "/downloadables/{}"


@dataclass
class File:
    """A file as a client put it there; the main one falls back from url to content."""

    path: str
    content: bytes | None = None
    url: str | None = None
    is_archived: bool = False


class FilesOfOne(RuleBasedStateMachine):
    """One downloadable: its main file and others come, change and go."""

    def __init__(self, api, installation):
        super().__init__()
        self.api, self.database = api, installation.database
        self.item = ITEM.format(api.add(code="item"))
        self.main = None
        self.others = []
        self.versions = []
        self.number = 0

    def teardown(self):
        assert self.api.delete(self.item).status_code == 200

    @property
    def files(self):
        return [*([self.main] if self.main else []), *self.others]

    def data(self, content):
        self.number += 1
        return {"file": (io.BytesIO(content), f"name{self.number}.txt")}

    def promote(self):
        """Let the first file that is not archived become the main one."""
        self.main = next((f for f in self.others if not f.is_archived), None)
        if self.main is not None:
            self.others.remove(self.main)
            if self.main.content is not None:
                self.versions.append(self.main.content)

    def set_main(self, **content):
        if self.main is None:
            self.main = File(self.listed()[0]["_links"]["self"]["href"], **content)
        for name, value in content.items():
            setattr(self.main, name, value)

    @rule(content=CONTENTS)
    def upload(self, content):
        answer = self.api.put(
            f"{self.item}/file", data=content, content_type="text/plain"
        )
        assert answer.status_code == 200, answer.text
        self.versions.append(content)
        self.set_main(content=content, url=None)

    @rule(number=st.integers(1, 3))
    def link(self, number):
        url = f"https://elsewhere.example/{number}"
        answer = self.api.patch(self.item, json={"url": url})
        assert answer.status_code == 200, answer.text
        self.set_main(url=url)

    @precondition(lambda self: self.main is not None)
    @rule()
    def unlink(self):
        assert self.api.patch(self.item, json={"url": None}).status_code == 200
        self.main.url = None
        if self.main.content is None:
            self.promote()

    @rule(content=CONTENTS)
    def attach(self, content):
        answer = self.api.post(f"{self.item}/files", data=self.data(content))
        assert answer.status_code == 201, answer.text
        self.attached(answer, content=content)

    @rule(number=st.integers(1, 3))
    def attach_url(self, number):
        values = {"url": f"https://elsewhere.example/{number}", "name": "Elsewhere"}
        answer = self.api.post(f"{self.item}/files", json=values)
        assert answer.status_code == 201, answer.text
        self.attached(answer, url=values["url"])

    def attached(self, answer, **content):
        file = File(answer.json["_links"]["self"]["href"], **content)
        if self.main is None:
            self.main = file
            if file.content is not None:
                self.versions.append(file.content)
        else:
            self.others.append(file)

    @precondition(lambda self: self.files)
    @rule(data=st.data(), content=CONTENTS)
    def replace(self, data, content):
        file = data.draw(st.sampled_from(self.files))
        answer = self.api.patch(file.path, data=self.data(content))
        assert answer.status_code == 200, answer.text
        file.content, file.url = content, None
        if file is self.main:
            self.versions.append(content)

    @precondition(lambda self: self.files)
    @rule(data=st.data(), is_archived=st.booleans())
    def archive(self, data, is_archived):
        file = data.draw(st.sampled_from(self.files))
        answer = self.api.patch(file.path, json={"is_archived": is_archived})
        assert answer.status_code == 200, answer.text
        file.is_archived = is_archived
        if self.main is None:
            self.promote()

    @precondition(lambda self: self.files)
    @rule(data=st.data())
    def delete(self, data):
        file = data.draw(st.sampled_from(self.files))
        assert self.api.delete(file.path).status_code == 200
        if file is self.main:
            self.promote()
        else:
            self.others.remove(file)

    @precondition(lambda self: self.versions)
    @rule(data=st.data())
    def restore(self, data):
        number = data.draw(st.integers(1, len(self.versions)))
        listed = self.api.get(f"{self.item}/versions?number={number}").json
        [version] = listed["_embedded"]["fx:versions"]
        path = version["_links"]["self"]["href"]
        assert self.api.post(path).status_code == 200
        self.set_main(content=self.versions[number - 1], url=None)

    def listed(self):
        page = self.api.get(
            f"{self.item}/files?limit=300&order=is_main desc,id"
            "&is_archived:in=true,false"
        )
        return page.json["_embedded"]["fx:files"]

    @invariant()
    def clients_see_the_model(self):
        listed = self.listed()
        assert [file["_links"]["self"]["href"] for file in listed] == [
            file.path for file in sorted(self.files, key=self.place)
        ]
        for shown, file in zip(listed, sorted(self.files, key=self.place), strict=True):
            assert shown["is_main"] == (file is self.main)
            assert shown["is_archived"] == file.is_archived
            assert shown["url"] == file.url
            if file.url is None:
                got = self.api.get(shown["_links"]["fx:file"]["href"])
                assert got.data == file.content

    def place(self, file):
        return file is not self.main, int(file.path.rpartition("/")[2])

    @invariant()
    def the_downloadable_shows_its_main_file(self):
        shown = self.api.get(self.item).json
        main = self.main or File("")
        assert shown["url"] == main.url
        assert (shown["version"] is None) == (main.content is None)
        answer = self.api.get(f"{self.item}/file")
        if main.url is not None:
            assert answer.location == main.url
        else:
            assert answer.status_code == (404 if main.content is None else 200)
            assert main.content is None or answer.data == main.content
        listed = self.api.get(f"{self.item}/versions?is_current=true").json
        assert listed["total_items"] == (main.content is not None)
        if shown["file_name"]:
            found = self.api.get(
                "/stores/1/downloadables", query_string={"search": shown["file_name"]}
            )
            assert found.json["total_items"] == 1

    @invariant()
    def the_rows_are_one_list_with_the_main_file_first(self):
        with self.database.engine.connect() as connection:
            rows = connection.execute(select(FILES).order_by(FILES.c.position)).all()
        ids = [int(file.path.rpartition("/")[2]) for file in self.files]
        assert [row.id for row in rows] == ids
        assert [row.position == 0 for row in rows] == [
            file is self.main for file in self.files
        ]
        assert all(row.version_id or row.url for row in rows)


def test_random_operations_on_files_agree_with_a_model(api, installation):
    settings = hypothesis.settings(
        max_examples=12,
        stateful_step_count=20,
        deadline=None,
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    machine: Any = lambda: FilesOfOne(api, installation)  # noqa: E731
    run_state_machine_as_test(machine, settings=settings)
