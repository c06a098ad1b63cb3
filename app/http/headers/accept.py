"""Content negotiation by RFC 9110, section 12: choose a format and its label.

Werkzeug's `best_match` finds nothing for an absent Accept header or a media type
with parameters, and breaks ties by the server's order alone; ours does neither.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from app.caching import cache_short_keys
from app.http.headers.field_syntax import list_members
from representations import REPRESENTATIONS, Representation

_RANGE = re.compile(r"([\w!#$&^.+*-]+)(?:/([\w!#$&^.+*-]+))?", re.ASCII)
_PARAMETER = re.compile(
    r';\s*(?:([\w!#$%&\'*+.^`|~-]+)\s*=\s*("(?:[^"\\]|\\.)*"|[^\s;"]*)\s*)?', re.ASCII
)
_QUALITY = re.compile(r"0?\.[0-9]+|0(?:\.[0-9]*)?|1(?:\.0*)?", re.ASCII)

EXACT, EXACT_WITH_PARAMETERS, TYPE, ANY = 3, 2, 1, 0


@dataclass(frozen=True, slots=True)
class MediaRange:
    """One member of an Accept header; parameters only tell that there are some."""

    type: str
    subtype: str
    quality: float = 1.0
    has_parameters: bool = False

    def specificity(self, media_type: str) -> int | None:
        """Return how specifically the range matches a media type, or None."""
        if self.type == "*":
            return ANY
        main, _, sub = media_type.partition("/")
        if main != self.type:
            return None
        if self.subtype == "*":
            return TYPE
        if sub != self.subtype:
            return None
        # Parameters we do not know are tolerated, but a plain range says it better.
        return EXACT_WITH_PARAMETERS if self.has_parameters else EXACT


@dataclass(frozen=True, slots=True)
class Choice:
    """A format, and the media type that is written in Content-Type."""

    representation: Representation
    media_type: str

    @property
    def content_type(self) -> str:
        """The header's value."""
        is_text = self.media_type.startswith("text/")
        return self.media_type + ("; charset=utf-8" if is_text else "")


def parse_accept(header: str) -> tuple[MediaRange, ...]:
    """Read an Accept header; members that are malformed are left out.

    An absent, empty or wholly malformed header accepts anything, so there always
    is a range.
    """
    members = list_members(header)
    ranges = [r for r in (_media_range(m.strip()) for m in members) if r is not None]
    return tuple(ranges) or (MediaRange("*", "*"),)


@cache_short_keys(lambda header, _offers=(): len(header))
def negotiate(
    header: str, offers: Sequence[Representation] = REPRESENTATIONS
) -> Choice | None:
    """Choose among formats; None if nothing on offer is acceptable.

    The highest quality wins, then the more specific range, then the client's order,
    then ours. The canonical media type is the label wherever it is acceptable, else
    the alias that was asked for by name.
    """
    ranges = parse_accept(header)
    best: tuple[tuple[float, int, int, int], Choice] | None = None
    for position, offer in enumerate(offers):
        ranked = _ranked(offer.media_types, ranges)
        if not ranked:
            continue
        quality, specificity, order, media_type = max(ranked, key=lambda r: r[:3])
        labels = {label for *_, label in ranked}
        canonical = offer.media_types[0]
        label = canonical if canonical in labels else media_type
        key = quality, min(specificity, TYPE + 1), order, -position
        if best is None or key > best[0]:
            best = key, Choice(offer, label)
    return best[1] if best else None


def _ranked(
    media_types: Sequence[str], ranges: Sequence[MediaRange]
) -> list[tuple[float, int, int, str]]:
    """Return the acceptable names of a format: quality, specificity, -order, name.

    A wildcard that matches the canonical name speaks for the format. Were that name
    refused by it, an alias would be the same thing under another label, so aliases
    then count by their own names only.
    """
    canonical = _decisive(media_types[0], ranges)
    found = []
    for media_type in media_types:
        decisive = _decisive(media_type, ranges)
        if decisive is None or decisive[1] == 0:
            continue
        specificity, quality, order = decisive
        is_alias = media_type != media_types[0]
        if is_alias and canonical is not None and specificity <= TYPE:
            continue
        found.append((quality, specificity, order, media_type))
    return found


def _decisive(
    media_type: str, ranges: Sequence[MediaRange]
) -> tuple[int, float, int] | None:
    """Return the range that decides on a media type: specificity, quality, -order."""
    return max(
        (
            (specificity, media_range.quality, -order)
            for order, media_range in enumerate(ranges)
            if (specificity := media_range.specificity(media_type)) is not None
        ),
        default=None,
    )


def _media_range(member: str) -> MediaRange | None:
    match = _RANGE.match(member)
    if not match:
        return None
    main, sub = match[1].lower(), (match[2] or "").lower()
    # Java's old clients send a lone asterisk.
    if (main, sub) == ("*", ""):
        sub = "*"
    if (
        not sub
        or _is_half_wild(main)
        or _is_half_wild(sub)
        or (main == "*" and sub != "*")
    ):
        return None
    parameters = _parameters(member[match.end() :].strip())
    if parameters is None:
        return None
    quality = parameters.pop("q", "1")
    if not _QUALITY.fullmatch(quality):
        return None
    return MediaRange(main, sub, float(quality), bool(parameters))


def _is_half_wild(name: str) -> bool:
    return "*" in name and name != "*"


def _parameters(text: str) -> dict[str, str] | None:
    """Read `;name=value` pairs; None if that is not what the text is."""
    found: dict[str, str] = {}
    position = 0
    while position < len(text):
        match = _PARAMETER.match(text, position)
        if not match:
            return None
        if match[1]:
            found[match[1].lower()] = match[2]
        position = match.end()
    return found
