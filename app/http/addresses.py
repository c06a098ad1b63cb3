"""Addresses that more than one module names."""

AUTHORIZE = "/authorize"
DOCS = "/docs"
DOWNLOAD = "/dl"
OPENAPI = "/openapi.json"
PROBLEMS = "/problems"
PROFILES = "/profiles"
PROPERTY_HELPERS = "/property_helpers"
RELS = "/rels"
TOKEN = "/token"  # noqa: S105 - an address
