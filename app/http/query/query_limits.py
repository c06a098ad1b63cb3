"""Limits of a query; a test compares them with docs/query-language.md.

A query has the same limits whether it comes in a URL or in the form of an overridden
method. Those of search words also hold in dialects, so the service checks them.
"""

from app.services.rows.search_text import MAX_WORD, MAX_WORDS

__all__ = [
    "MAX_DEPTH",
    "MAX_FIELDS",
    "MAX_ORDER",
    "MAX_PARAMETERS",
    "MAX_QUERY",
    "MAX_RELATIONS",
    "MAX_VALUES",
    "MAX_WILDCARDS",
    "MAX_WORD",
    "MAX_WORDS",
    "MAX_ZOOM",
]

MAX_QUERY = 8000
"""Characters of a whole query, percent-encoded."""

MAX_PARAMETERS = 100
MAX_ORDER = 10
MAX_FIELDS = 64
MAX_ZOOM = 20
MAX_VALUES = 300
"""Values and alternatives (`in`, `|`) of all filters together."""

MAX_DEPTH = 4
"""Relations of one path."""

MAX_RELATIONS = 20
"""Relations that all filters together follow."""

MAX_WILDCARDS = 8
"""Wildcards of one value."""
