"""Purchases, and the downloads of their files."""
