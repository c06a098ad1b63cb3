"""Every module says which test to run: by its place, or in words."""

import ast
import re
from pathlib import Path

from tests import conftest

ROOT = Path(__file__).parent.parent
MODULES = sorted(
    path.relative_to(ROOT)
    for package in ("app", "schemas", "representations")
    for path in (ROOT / package).rglob("*.py")
    if path.name != "__init__.py" and "migrations" not in path.parts
)
_TESTED_IN = re.compile(r"^Tested in `([\w/.]+)`\.$", re.MULTILINE)


def mirrored(module: Path) -> Path:
    """Return where the tests of a module are, if it has tests of its own."""
    parts = module.parts[1:] if module.parts[0] == "app" else module.parts
    return Path("tests", *parts[:-1], f"test_{module.name}")


def named(path: Path) -> str | None:
    """Return the tests that the docstring of a module or a package names."""
    if not path.exists():
        return None
    text = ast.get_docstring(ast.parse(path.read_text())) or ""
    found = _TESTED_IN.search(text)
    return found[1] if found else None


def where_tested(module: Path) -> str | None:
    """Return the tests of a module: its own, those it names, or its package's."""
    if (ROOT / mirrored(module)).exists():
        return str(mirrored(module))
    packages = [ROOT / parent / "__init__.py" for parent in module.parents]
    return next(filter(None, map(named, [ROOT / module, *packages])), None)


def test_a_module_says_which_test_to_run():
    untested = [module for module in MODULES if where_tested(module) is None]
    assert not untested, "add tests, or `Tested in` to their docstrings"
    assert all((ROOT / str(where_tested(module))).exists() for module in MODULES)


def test_a_module_with_where_tested_its_own_names_no_others():
    own = [module for module in MODULES if (ROOT / mirrored(module)).exists()]
    assert len(own) > 50
    assert not [module for module in own if named(ROOT / module)]


def test_what_is_left_out_of_a_run_is_there():
    names = (*conftest.INDEPENDENT, *conftest.WITHOUT_FILES, *conftest.WITHOUT_ROWS)
    assert [name for name in names if not (ROOT / name).exists()] == []
