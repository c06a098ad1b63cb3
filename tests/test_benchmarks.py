"""The scripts of benchmarks/ start."""

import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent.parent / "benchmarks"
# naive.py is a part of reads.py, and fuzz_parsers.py needs atheris.
SCRIPTS = sorted(
    path.name
    for path in FOLDER.glob("*.py")
    if path.name not in {"naive.py", "fuzz_parsers.py"}
)


@pytest.mark.parametrize("name", SCRIPTS)
def test_it_says_what_it_measures(name):
    shown = subprocess.run(
        [sys.executable, str(FOLDER / name), "--help"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert shown.returncode == 0, shown.stderr
    assert shown.stdout.startswith("usage:")


def test_reads_are_measured_of_a_small_store(tmp_path):
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); import reads, pathlib;"
        "found = reads.cases(pathlib.Path(sys.argv[2]), 6000, open('/dev/null', 'w'));"
        "print(len([run() for run in found.values()]) > 20)"
    )
    shown = subprocess.run(
        [sys.executable, "-c", code, str(FOLDER), str(tmp_path / "data")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert shown.stdout == "True\n", shown.stderr
