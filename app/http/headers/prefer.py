"""Prefer (RFC 7240): minimal responses and strict handling."""

from dataclasses import dataclass

from app.http.headers.field_syntax import list_members

MINIMAL, REPRESENTATION = "minimal", "representation"


@dataclass(frozen=True, slots=True)
class Preferences:
    """The preferences that are known here; all others are ignored."""

    returned: str = ""
    """`minimal`, `representation`, or empty where the client does not care."""

    is_strict: bool = False
    """Whether what would be ignored in a body is an error instead."""

    @property
    def applied(self) -> str:
        """The Preference-Applied value, empty where there was nothing to apply."""
        found = [f"return={self.returned}"] if self.returned else []
        if self.is_strict:
            found.append("handling=strict")
        return ", ".join(found)


def parse_prefer(header: str) -> Preferences:
    """Read a Prefer header; of a preference that comes twice, the first counts."""
    found: dict[str, str] = {}
    for member in list_members(header):
        name, _, value = member.partition(";")[0].partition("=")
        found.setdefault(name.strip().lower(), value.strip().strip('"').lower())
    returned = found.get("return", "")
    return Preferences(
        returned if returned in {MINIMAL, REPRESENTATION} else "",
        found.get("handling") == "strict",
    )
