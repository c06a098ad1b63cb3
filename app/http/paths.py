"""Paths that more than one module needs.

Tested in `tests/wire/test_openapi.py`.
"""

AUTHORIZE = "/authorize"
DOCS = "/docs"
DOWNLOAD = "/dl"
DOWNLOAD_FILES = "/dl/files"
LIVE, READY = "/health/live", "/health/ready"
OPENAPI = "/openapi.json"
PROBLEMS = "/problems"
PROFILES = "/profiles"
PROPERTY_HELPERS = "/property_helpers"
RAW = "/browser"
RELS = "/rels"
SIGN_IN, SIGN_OUT = "/sign-in", "/sign-out"
STATIC = "/static"
UPLOAD_URL = "upload_url"
"""Under a downloadable: where its upload slots are made."""

UPLOADS = "/uploads"
TOKEN = "/token"  # noqa: S105 - an address
