"""Media types of bodies that are not representations.

Tested in `tests/wire/test_formats.py`.
"""

JSON = "application/json"
PLAIN = "text/plain"
"""JSON under another name: Foxy's SDK sends it so, as fetch() does with a string."""

MERGE_PATCH = "application/merge-patch+json"
JSON_PATCH = "application/json-patch+json"
SCHEMA = "application/schema+json"
FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"
