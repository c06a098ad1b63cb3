"""Middleware, which is applied to every request and response."""
