"""The import contracts of pyproject.toml name the modules that they are about."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent
# `home` links all resources, `documentation` describes them, and `pages` are parts of
# others that are for people.
NOT_INDEPENDENT = {"home", "documentation", "pages"}


def test_each_resource_is_in_the_contract_of_independence():
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())
    [named] = [
        contract["modules"]
        for contract in contracts["tool"]["importlinter"]["contracts"]
        if contract["name"] == "Resources do not know each other"
    ]
    there = {
        path.stem
        for path in (ROOT / "app/resources").iterdir()
        if path.suffix == ".py" or (path / "__init__.py").exists()
    }
    expected = there - NOT_INDEPENDENT - {"__init__"}
    assert {name.rpartition(".")[2] for name in named} == expected


def test_services_and_storages_name_no_header():
    """What a client is told is decided where requests are answered.

    Authlib speaks of headers in `auth/oauth.py`; webhooks are requests that are sent.
    """
    allowed = {"app/services/auth/oauth.py", "app/services/webhooks/sender.py"}
    named = [
        str(path.relative_to(ROOT))
        for folder in ("services", "storage")
        for path in sorted((ROOT / "app" / folder).rglob("*.py"))
        if re.search(r"\bheaders=\{|[\"'](Retry-After|Location)[\"']", path.read_text())
    ]
    assert set(named) <= allowed


def test_rows_change_their_revision_in_one_module():
    others = [
        str(path.relative_to(ROOT))
        for path in sorted((ROOT / "app").rglob("*.py"))
        if re.search(r"revision \+ 1\b", path.read_text())
    ]
    assert others == ["app/services/rows/changes.py"]
