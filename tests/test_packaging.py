"""What is installed is all that a server needs."""

from configparser import ConfigParser
from pathlib import Path

import pytest

from tests.conftest import INDEPENDENT, WITHOUT_FILES, WITHOUT_ROWS

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize("package", ["app", "schemas", "representations"])
def test_files_that_are_no_modules_are_packaged_too(package):
    parser = ConfigParser()
    parser.read(ROOT / "setup.cfg")
    patterns = parser["options.package_data"][package].split()
    packaged = {path for p in patterns for path in (ROOT / package).glob(p)}
    modules = set((ROOT / package).rglob("*.py"))
    needed = {
        path
        for path in (ROOT / package).rglob("*")
        if path.is_file() and path.suffix not in {".py", ".pyc"}
    }
    assert needed <= packaged
    # Whatever is in a folder without __init__.py is packaged only where it is named.
    homeless = {m for m in modules if not (m.parent / "__init__.py").exists()}
    assert homeless <= packaged


@pytest.mark.parametrize("path", [*INDEPENDENT, *WITHOUT_FILES, *WITHOUT_ROWS])
def test_a_test_that_another_run_leaves_out_exists(path):
    """One that is renamed would be run there again, where nobody meant it."""
    assert (ROOT / path).exists()
