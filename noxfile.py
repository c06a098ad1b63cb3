"""Tasks of a developer, in the active environment: ``nox -l`` lists them."""

import sys
from pathlib import Path

import nox

nox.options.default_venv_backend = "none"
nox.options.sessions = ["lint", "types", "test"]


@nox.session
def lint(session: nox.Session) -> None:
    """Check the style and the walls between packages; format with `-- --fix`."""
    is_fixing = "--fix" in session.posargs
    session.run("ruff", "check", *(["--fix"] if is_fixing else []), ".")
    session.run("ruff", "format", *([] if is_fixing else ["--check"]), ".")
    session.run("lint-imports")


@nox.session
def types(session: nox.Session) -> None:
    """Check the types."""
    session.run("mypy")


@nox.session
def test(session: nox.Session) -> None:
    """Run the tests, but those of endurance; arguments go to pytest."""
    session.run("python", "-m", "pytest", *session.posargs)


@nox.session
def endurance(session: nox.Session) -> None:
    """Run tests of whole servers; with `-- --full`, for hours."""
    session.run("python", "-m", "pytest", "-m", "endurance", *session.posargs)


@nox.session
def fuzz(session: nox.Session) -> None:
    """Try 10,000 requests that the API's description allows; needs Schemathesis."""
    session.run("bash", ".ci/fuzz", str(Path(sys.executable).parent), *session.posargs)


@nox.session
def coverage(session: nox.Session) -> None:
    """Run the tests with coverage, which must not fall; arguments go to pytest."""
    session.run("python", "-m", "pytest", "--cov", *session.posargs)


@nox.session
def mutants(session: nox.Session) -> None:
    """Try small changes of the code, for hours; `-- --every 40` tries a sample."""
    session.run("python", "tests/mutants.py", *session.posargs)


@nox.session
def docs(session: nox.Session) -> None:
    """Write the generated pages of the documentation."""
    session.run("python", "docs/generate.py")


@nox.session
def screenshots(session: nox.Session) -> None:
    """Take the screenshots of the pages; needs Chromium."""
    session.run("python", "docs/screenshots.py")


@nox.session
def bench(session: nox.Session) -> None:
    """Measure reads and files as ratios; takes some minutes."""
    session.run("python", "benchmarks/reads.py")
    session.run("python", "benchmarks/files.py")
