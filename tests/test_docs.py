"""The README is true: its settings, its commands, and every line of its tour."""

import dataclasses
import importlib.util
import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from lxml import etree

from app.cli import main
from app.dialects.easycart.guide import GUIDE as EASYCART
from app.dialects.surecart.guide import GUIDE as SURECART
from app.dialects.zid.guide import GUIDE as ZID
from app.http.headers import field_syntax
from app.http.query import query_limits
from app.services.scopes import SCOPES
from app.settings import PREFIX, Settings
from schemas.webhook_delivery import EVENTS
from tests.conftest import environment_for, start_server, stop_server

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()


def generated():
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs/generate.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.PAGES


@pytest.mark.parametrize("page", ["commands.md", "settings.md"])
def test_a_generated_page_is_up_to_date(page):
    there = (ROOT / "docs" / page).read_text()
    assert there == generated()[page](), "run `python docs/generate.py`"


def test_every_setting_is_listed_with_its_default_and_meaning():
    rows = re.findall(
        r"^\| `(SIRENHALL_\w+)` \| (.*?) ?\| (.*?) \|$",
        (ROOT / "docs" / "settings.md").read_text(),
        re.MULTILINE,
    )
    listed = {name: (default.strip("`"), meaning) for name, default, meaning in rows}
    expected = {
        PREFIX + field.name.upper(): field for field in dataclasses.fields(Settings)
    }
    assert list(listed) == list(expected)
    for name, field in expected.items():
        default, meaning = listed[name]
        assert meaning == field.metadata["meaning"]
        value = field.metadata["read"](default) if default else ""
        assert value == field.default


def test_every_limit_of_a_query_is_listed():
    page = (ROOT / "docs" / "query-language.md").read_text()
    listed = set(re.findall(r"\d+", page.partition("## Limits")[2]))
    limits = {n: v for n, v in vars(query_limits).items() if n.startswith("MAX_")}
    limits |= {"MAX_MEMBERS": field_syntax.MAX_MEMBERS}
    assert {name for name, most in limits.items() if str(most) not in listed} == set()


def test_every_command_is_listed():
    def names(group, prefix):
        for name, command in group.commands.items():
            if hasattr(command, "commands"):
                yield from names(command, f"{prefix} {name}")
            else:
                yield f"{prefix} {name}"

    for name in names(main, "sirenhall"):
        assert f"| [`{name}`]" in (ROOT / "docs" / "commands.md").read_text()


def test_links_lead_to_files():
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    for page in pages:
        for target in re.findall(r"\]\((?!http)([^)#]+)\)", page.read_text()):
            assert (page.parent / target).exists(), (page.name, target)


def test_every_path_that_is_named_exists():
    """But for what is to be filled in, such as <resource>.py."""
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    for page in pages:
        for path in re.findall(
            r"`((?:app|schemas|representations|tests|docs|benchmarks|deploy)/[\w/.]+)`",
            page.read_text(),
        ):
            assert (ROOT / path).exists(), (page.name, path)


def test_ci_runs_the_very_test_command():
    [command] = re.findall(r"^(.* -m pytest)$", README, re.MULTILINE)
    assert command == (
        "python3 -m venv .venv && .venv/bin/pip install -e '.[dev]' "
        "&& .venv/bin/python -m pytest"
    )
    assert "grep -m1 -- '-m pytest$' README.md" in (ROOT / ".ci" / "run").read_text()


BLOCK = re.compile(r"```console\n(.*?)```(?:\n```(json|xml)\n(.*?)```)?", re.DOTALL)
MARK = "-- next command --"
VARYING = [
    (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d{4}", "DATE"),
    (r"\b[0-9a-f]{64}\b", "DIGEST"),
    (r"\bid-\d{16}\b", "LOGREF"),
    (r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", "UUID"),
]


PAGES = ["README.md", *(f"docs/{p.name}" for p in sorted((ROOT / "docs").glob("*.md")))]
TOURS = [page for page in PAGES if "```console" in (ROOT / page).read_text()]


def commands(page):
    """The commands of a page with the output that it shows."""
    for block, kind, document in BLOCK.findall((ROOT / page).read_text()):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, output = part.partition("\n")
            yield command, kind or "text", document or output


@pytest.fixture
def tour(tmp_path_factory):
    """A server as the README starts it, for one tour alone."""
    server = start_server(tmp_path_factory.mktemp("tour") / "data", "--demo")
    yield server
    stop_server(server)


@pytest.mark.parametrize("page", TOURS)
def test_the_tour_shows_what_happens(tour, tmp_path, page):
    found = list(commands(page))
    assert len(found) >= 3
    script = [f"API={shlex.quote(tour.url.rstrip('/'))}", f"TOKEN={tour.token}"]
    for command, _, _ in found:
        script += [command, f"echo; echo {MARK}"]
    programs = Path(sys.executable).parent
    result = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", "\n".join(script)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        cwd=tmp_path,
        env={
            **os.environ,
            **environment_for(tour.data_dir),
            "PATH": f"{programs}:{os.environ['PATH']}",
            "SIRENHALL_DATA_DIR": str(tour.data_dir),
        },
    )
    assert result.returncode == 0, result.stderr
    shown = result.stdout.replace(tour.url.rstrip("/"), "http://127.0.0.1:8000")
    outputs = shown.split(f"{MARK}\n")
    for (command, kind, expected), output in zip(found, outputs, strict=False):
        assert normal(output.strip(), kind) == normal(expected, kind), command


@pytest.mark.parametrize("guide", [SURECART, EASYCART, ZID], ids=lambda g: g.name)
def test_a_dialects_page_says_what_its_server_says(guide, anonymous):
    """The page in the repository has examples besides; the facts are the same."""
    page = (ROOT / "docs" / f"moving-from-{guide.name}.md").read_text()
    for there, here in guide.rows:
        assert f"| {there} | {here} |" in page
    assert guide.differences[1:] in page
    shown = anonymous.get(f"/docs/{guide.name}").json
    assert shown["address"] == f"http://localhost{guide.prefix}"
    rows = shown["_embedded"]["fx:topics"]
    assert [row["there"] for row in rows] == [a.replace("`", "") for a, _ in guide.rows]
    titles = [
        link["title"] for link in anonymous.get("/docs").json["_links"]["fx:guide"]
    ]
    assert guide.title in titles
    assert anonymous.get("/docs/nothing").status_code == 404


def test_every_scope_is_listed():
    page = (ROOT / "docs" / "authentication.md").read_text()
    for scope, meaning in SCOPES.items():
        assert f"| `{scope}` | {meaning} |" in page


def test_every_event_of_webhooks_is_listed():
    page = (ROOT / "docs" / "webhooks.md").read_text()
    for event, meaning in EVENTS.items():
        assert f"| `{event}` | {meaning} |" in page


def normal(text, kind):
    if kind == "json":
        return json.loads(text)
    if kind == "xml":
        parser = etree.XMLParser(remove_blank_text=True)
        text = etree.tostring(etree.fromstring(text.encode(), parser)).decode()
    for pattern, name in VARYING:
        text = re.sub(pattern, name, text)
    return text.replace("\r", "").strip()
