"""Change the code in small ways, and see whether a test notices: ``nox -s mutants``.

    python tests/mutants.py [--jobs 2] [--every 5] [--keep FOLDER] [package ...]

Each package is tested by its own tests. A mutant that no test fails with has survived;
the command lists those, and exits with 1 if more than a tenth have. All packages take
hours; `--every 40` tries a sample, which takes some minutes for each package.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parent.parent
SOURCES = ("app", "schemas", "representations")
BESIDE = ("docs", "deploy", "benchmarks", "wsgi.py", ".ci", "README.md", "CHANGELOG.md")
OTHERS = ("setup.cfg", "pyproject.toml", "noxfile.py", "CONTRIBUTING.md", "tests")
TESTS = {
    "app/http/headers": ("tests/http/headers",),
    "app/http/query": ("tests/http/query",),
    "app/http/bodies": (
        "tests/http/bodies",
        "tests/http/middleware/test_method_override.py",
        "tests/http/views/test_idempotency.py",
    ),
    "app/services/sales": (
        "tests/resources/test_purchases.py",
        "tests/resources/test_downloads.py",
        "tests/resources/test_files.py",
        "tests/resources/test_webhooks.py",
        "tests/resources/test_statistics.py",
        "tests/services/sales",
        "tests/dialects",
    ),
    "app/services/rows": (
        "tests/services/rows",
        "tests/services/catalogue",
        "tests/http/query",
        "tests/http/views",
    ),
    "representations": (
        "tests/representations",
        "tests/wire",
        "tests/http/test_error_handler.py",
        "tests/http/views/test_page_forms.py",
        "tests/resources/pages",
        "tests/resources/test_statistics.py",
    ),
}
LEAST = 0.9
KILLED = {"killed", "timeout", "segfault", "caught by type check"}
PRELOADED = "preloaded.txt"
MODULES = ("hypothesis", "xdist", "jsonschema", "tests.conftest", "app.resources")
"""Modules that workers inherit, so that only tests are loaded for each mutant."""

# The text of a message is not what a mutant is about; what raises it is.
MESSAGES = r"^\s*(raise |text = |yield FieldError)"


def configuration(package: str) -> str:
    """Return the section of pyproject.toml for one package."""
    return f"""
[tool.mutmut]
source_paths = {list(SOURCES)!r}
only_mutate = ["{package}/*"]
also_copy = {[*BESIDE, "noxfile.py", "CONTRIBUTING.md"]!r}
do_not_mutate_patterns = ['{MESSAGES}']
pytest_add_cli_args = ["-n0", "-q", "-p", "no:cacheprovider", "-W", "ignore"]
pytest_add_cli_args_test_selection = {list(TESTS[package])!r}
# Tests leave processes behind that mutmut would take for its own.
process_isolation = "forkserver"
# A worker that inherits collected tests finds some of them no more.
forkserver_warmup = "import"
preload_modules_file = "{PRELOADED}"
timeout_multiplier = 5
timeout_constant = 10
# So that it shows which test fails without any mutant.
debug = true
"""


def copy_project(folder: Path, package: str) -> None:
    """Copy the project, and set it up so that one package is changed."""
    ignore = shutil.ignore_patterns("__pycache__", "node_modules", "*.egg-info")
    for entry in (*SOURCES, *BESIDE, *OTHERS):
        if (ROOT / entry).is_dir():
            shutil.copytree(ROOT / entry, folder / entry, ignore=ignore)
        else:
            shutil.copy(ROOT / entry, folder / entry)
    (folder / PRELOADED).write_text("\n".join(MODULES))
    with (folder / "pyproject.toml").open("a") as file:
        file.write(configuration(package))


def run_mutmut(folder: Path, *arguments: str) -> str:
    """Run mutmut, and return what it printed."""
    ran = subprocess.run(
        [sys.executable, "-m", "mutmut", *arguments],
        cwd=folder,
        check=False,
        text=True,
        capture_output=True,
    )
    if ran.returncode:
        sys.exit(f"mutmut {arguments[0]} failed:\n{ran.stdout[-3000:]}{ran.stderr}")
    return ran.stdout


def statuses(folder: Path) -> dict[str, str]:
    """Return what became of each mutant so far, by the mutant's name."""
    listed = run_mutmut(folder, "results", "--all", "true")
    lines = (line.strip().split(": ", 1) for line in listed.splitlines() if line)
    return {pair[0]: pair[1] for pair in lines if len(pair) == 2}


def tested(package: str, given: argparse.Namespace) -> dict[str, str]:
    """Return what became of the mutants of a package, or of a sample of them."""
    with tempfile.TemporaryDirectory(prefix="sirenhall-") as name:
        folder = Path(name)
        copy_project(folder, package)
        jobs = ("--max-children", str(given.jobs))
        chosen: list[str] = []
        if given.every > 1:
            # Runs one, for the names of all.
            run_mutmut(folder, "run", *jobs, "*__mutmut_1")
            chosen = sorted(statuses(folder))[:: given.every]
        run_mutmut(folder, "run", *jobs, *chosen)
        if given.keep:
            shutil.copytree(folder / "mutants", given.keep / package)
        found = statuses(folder)
    return {name: found[name] for name in chosen or found}


def main() -> int:
    """Run the packages one after the other; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("packages", nargs="*", default=list(TESTS), metavar="package")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--every", type=int, default=1, help="try one in so many")
    parser.add_argument("--keep", type=Path, help="a folder for the changed code")
    given = parser.parse_args()
    unknown = set(given.packages) - set(TESTS)
    if unknown:
        parser.error(f"{', '.join(unknown)} is not one of {', '.join(TESTS)}")
    is_enough = True
    for package in given.packages:
        found = tested(package, given)
        survivors = sorted(n for n, status in found.items() if status not in KILLED)
        share = 1 - len(survivors) / len(found)
        is_enough &= share >= LEAST
        for name in survivors:
            print(f"{name}: {found[name]}")
        print(
            f"{package}: {share:.1%} of {len(found)} killed",
            Counter(found.values()),
            flush=True,
        )
    return 0 if is_enough else 1


if __name__ == "__main__":
    sys.exit(main())
