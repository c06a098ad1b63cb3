"""Schemas of other systems' APIs.

Tested in `tests/dialects`.
"""
