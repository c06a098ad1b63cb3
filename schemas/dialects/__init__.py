"""Schemas of other systems' APIs."""
