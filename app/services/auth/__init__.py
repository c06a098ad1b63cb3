"""Authentication and authorization: tokens, OAuth2 clients, scopes, revocation.

Tested in `tests/resources/test_oauth.py`.
"""
