"""Alembic migrations, shipped with the package; `serve` and `migrate` apply them."""

from pathlib import Path

VERSIONS = Path(__file__).parent / "versions"
HEAD = "0015"
"""The newest revision; a start that finds it in the database imports no Alembic."""


def is_known(revision: str) -> bool:
    """Return whether a revision is one of this version's."""
    return any(VERSIONS.glob(f"{revision}_*.py"))
