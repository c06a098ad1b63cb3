"""Who may do what: tokens, OAuth2 clients, scopes, revocation."""
