"""Properties whose texts come in several languages."""

from typing import Any

from schemas.base.fields import Pattern, Text


def language_property(description: str, **options: Any) -> Pattern:
    """Create a property that is a language (BCP 47), such as ``ar`` or ``pt-BR``."""
    return Pattern(
        description,
        max_length=35,
        pattern="[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*",
        form="a language such as ar, en or pt-BR",
        **options,
    )


def short_description() -> Text:
    """Create the property."""
    return Text(
        "What the downloadable is, in a few words.",
        max_length=1000,
        is_one_line=False,
        default="",
        example="A unicorn.",
    )


def seo_title() -> Text:
    """Create the property."""
    return Text("The title for search engines.", max_length=200, default="")


def seo_description() -> Text:
    """Create the property."""
    return Text(
        "The description for search engines.",
        max_length=1000,
        is_one_line=False,
        default="",
    )
