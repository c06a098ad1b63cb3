"""Authentication and authorization: tokens, OAuth2 clients, scopes, revocation."""
