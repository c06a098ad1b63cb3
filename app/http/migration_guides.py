"""Guides for users who migrate from another system.

Tested in `tests/dialects/test_matrix.py`.
"""

from dataclasses import dataclass

from flask import Flask

EXTENSION = "sirenhall.guides"


@dataclass(frozen=True, slots=True)
class Guide:
    """A guide for clients of another system: what they find, and what differs.

    `rows` say of what is there what it is here; code in them stands between backticks.
    """

    name: str
    system: str
    prefix: str
    rows: tuple[tuple[str, str], ...]
    differences: str

    @property
    def title(self) -> str:
        """The title of its page."""
        return f"Moving from {self.system}"


def register_guide(app: Flask, guide: Guide) -> None:
    """Register a guide."""
    app.extensions.setdefault(EXTENSION, {})[guide.name] = guide


def registered_guides(app: Flask) -> dict[str, Guide]:
    """Return all guides by their names."""
    found: dict[str, Guide] = app.extensions.get(EXTENSION, {})
    return found
