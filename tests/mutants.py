"""Change the code in small ways, and see whether a test notices: ``nox -s mutants``.

    python tests/mutants.py [--jobs 2] [--keep FOLDER] [package ...]

Each package is tested by its own tests. A mutant that no test fails with has survived;
the command lists those, and exits with 1 if more than a tenth have. About a tenth of
a second of CPU time a test makes this an hour for all packages.
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
    "app/http/headers": ("tests/http/headers", "tests/resources/test_uploads.py"),
    "app/http/query": ("tests/http/query",),
    "app/http/bodies": ("tests/http/bodies",),
    "app/services/sales": (
        "tests/resources/test_purchases.py",
        "tests/resources/test_downloads.py",
        "tests/resources/test_files.py",
    ),
    "app/services/rows": (
        "tests/services/rows",
        "tests/services/catalogue",
        "tests/http/query",
        "tests/http/views",
    ),
    "representations": ("tests/representations", "tests/wire"),
}
LEAST = 0.9
KILLED = {"killed", "timeout", "segfault", "caught by type check"}

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
timeout_multiplier = 5
timeout_constant = 10
# So that it shows which test fails without any mutant.
debug = true
"""


def statuses(package: str, jobs: int, keep: Path | None) -> dict[str, str]:
    """Return what became of each mutant of a package, by the mutant's name."""
    with tempfile.TemporaryDirectory(prefix="sirenhall-") as name:
        folder = Path(name)
        ignore = shutil.ignore_patterns("__pycache__", "node_modules", "*.egg-info")
        for entry in (*SOURCES, *BESIDE, *OTHERS):
            copy = shutil.copytree if (ROOT / entry).is_dir() else shutil.copy
            more = {"ignore": ignore} if copy is shutil.copytree else {}
            copy(ROOT / entry, folder / entry, **more)
        with (folder / "pyproject.toml").open("a") as file:
            file.write(configuration(package))
        tool = [sys.executable, "-m", "mutmut"]
        run = [*tool, "run", "--max-children", str(jobs)]
        ran = subprocess.run(
            run, cwd=folder, check=False, text=True, capture_output=True
        )
        if ran.returncode:
            sys.exit(f"mutmut failed on {package}:\n{ran.stdout[-3000:]}")
        results = [*tool, "results", "--all", "true"]
        listed = subprocess.run(
            results, cwd=folder, check=True, text=True, capture_output=True
        )
        if keep:
            shutil.copytree(folder / "mutants", keep / package)
    lines = (line.strip().split(": ", 1) for line in listed.stdout.splitlines() if line)
    return {pair[0]: pair[1] for pair in lines if len(pair) == 2}


def main() -> int:
    """Run the packages one after the other; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("packages", nargs="*", default=list(TESTS), metavar="package")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--keep", type=Path, help="a folder for the changed code")
    given = parser.parse_args()
    unknown = set(given.packages) - set(TESTS)
    if unknown:
        parser.error(f"{', '.join(unknown)} is not one of {', '.join(TESTS)}")
    is_enough = True
    for package in given.packages:
        found = statuses(package, given.jobs, given.keep)
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
