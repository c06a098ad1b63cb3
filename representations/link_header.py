"""The links of a document as an HTTP header (RFC 8288)."""

import re
from collections.abc import Mapping
from typing import Any, ClassVar
from urllib.parse import quote

from representations.representation import Representation
from representations.resource import Link, Resource, Vocabulary
from representations.row_template import CLOSE, OPEN
from representations.slots import Slot

_PLAIN = re.compile(r"[ !#-\[\]-~]*", re.ASCII)


class LinkHeader(Representation):
    """No format one can ask for, but written, and compiled, as the formats are."""

    name = "link-header"
    title = "Link header"
    media_types: ClassVar[tuple[str, ...]] = ()
    slot = re.compile(f'; title="{OPEN}(\\d+){CLOSE}"|{OPEN}(\\d+){CLOSE}')

    def render_embedded(
        self,
        resource: Resource,
        vocabulary: Vocabulary,
        rel: str | None = None,  # noqa: ARG002
    ) -> str:
        """Write the links; templates are no links (RFC 9652 has a header for them)."""
        return ", ".join(
            [_member(link, vocabulary) for link in resource.links if not link.templated]
        )

    compiled_names: ClassVar[Mapping[str, Any]] = {}

    def expression(self, place: str, slot: Slot, value: str, text: str) -> str:  # noqa: ARG002
        """Write a piece of an address, or a whole title."""
        return f"title_parameter({text})" if place.startswith(";") else text

    def escape(self, text: str) -> str:
        """Return an address unchanged."""
        return text


def _member(link: Link, vocabulary: Vocabulary) -> str:
    written = f'<{link.href}>; rel="{vocabulary.expand(link.rel)}"'
    if link.title is not None:
        written += title_parameter(link.title)
    return written if link.type is None else f'{written}; type="{link.type}"'


def title_parameter(title: str) -> str:
    """Write a title, encoded where it is more than plain ASCII (RFC 8187)."""
    # The markers of a template stand for a title whose form is not known yet.
    if _PLAIN.fullmatch(title) or title.startswith(OPEN):
        return f'; title="{title}"'
    return f"; title*=UTF-8''{quote(title, safe='')}"


LinkHeader.compiled_names = {"title_parameter": title_parameter}
