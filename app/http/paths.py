"""Paths that more than one module needs."""

AUTHORIZE = "/authorize"
DOCS = "/docs"
DOWNLOAD = "/dl"
DOWNLOAD_FILES = "/dl/files"
LIVE, READY = "/health/live", "/health/ready"
OPENAPI = "/openapi.json"
PROBLEMS = "/problems"
PROFILES = "/profiles"
PROPERTY_HELPERS = "/property_helpers"
RELS = "/rels"
UPLOAD_URL = "upload_url"
"""Under a downloadable: where its upload slots are made."""

UPLOADS = "/uploads"
TOKEN = "/token"  # noqa: S105 - an address
