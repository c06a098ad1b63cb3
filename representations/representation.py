"""The interface of a format, for negotiation and rendering."""

import re
from collections.abc import Mapping
from typing import Any, ClassVar

from representations.resource import Resource, Vocabulary
from representations.slots import Slot


class Representation:
    """A format: how it is called, and how it writes a `Resource`.

    A subclass is all that a new format needs; `representations/__init__.py`
    lists it. The members under "compiled" are for formats whose embedded items
    are worth compiling (see `representations/row_template.py`); a format without a
    `slot` pattern is rendered plainly.
    """

    name: ClassVar[str]
    """Short name, as in ``?format=siren``."""

    title: ClassVar[str]
    """Name for people."""

    media_types: ClassVar[tuple[str, ...]]
    """The canonical media type first, then the aliases it is served under."""

    has_actions: ClassVar[bool] = False
    """Whether actions are written, so that nobody builds them in vain."""

    lists_choices: ClassVar[bool] = False
    """Whether the fields of actions list other resources, rather than link them."""

    is_for_people: ClassVar[bool] = False
    """Whether the format is a page rather than data."""

    def render(self, resource: Resource, vocabulary: Vocabulary) -> bytes:
        """Write a whole document, UTF-8, ended by a line break."""
        raise NotImplementedError

    # -- compiled -----------------------------------------------------------

    slot: ClassVar[re.Pattern[str] | None] = None
    """Where a marker stands in a rendered text; the group that matched: its number."""

    embeds_items_whole: ClassVar[bool] = False
    """Whether an embedded item reads exactly as the item's own document."""

    prologue: ClassVar[str] = ""
    """What precedes the item in its own document."""

    def render_embedded(
        self, resource: Resource, vocabulary: Vocabulary, rel: str | None = None
    ) -> str:
        """Write a resource as it stands inside another one, embedded there as `rel`.

        Without `rel`, it is a member of a collection.
        """
        raise NotImplementedError

    separator: ClassVar[str] = ","
    """What stands between two embedded resources."""

    compiled_names: ClassVar[Mapping[str, Any]] = {}
    """The functions that `expression` calls, by the names it gives them."""

    def expression(self, place: str, slot: Slot, value: str, text: str) -> str:
        """Return the Python expression that writes one value at a place of `slot`.

        `value` is an expression for the value itself, `text` one for it as text (or
        a number), where it is not None.
        """
        raise NotImplementedError

    def escape(self, text: str) -> str:
        """Write constant text (the base URL) inside a string or attribute."""
        raise NotImplementedError
