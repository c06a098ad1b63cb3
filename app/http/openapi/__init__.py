"""The API's description in OpenAPI, built from the declarations.

Tested in `tests/wire/test_openapi.py`.
"""
