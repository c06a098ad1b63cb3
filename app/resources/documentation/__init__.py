"""The API's own documentation: relations, profiles, problem types, OpenAPI.

Tested in `tests/resources/documentation/test_rels.py`.
"""
